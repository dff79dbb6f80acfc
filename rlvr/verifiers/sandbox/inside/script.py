"""The surroundings that a Python script expects, beyond what the language itself has."""

from __future__ import annotations

import builtins
import os
import sys
from _sitebuiltins import Quitter, _Helper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType


def make_module(name: str) -> ModuleType:
    """An empty module under its name, with the names that Python gives to a script."""
    # from `site`, which is not imported since it looks for packages on the disk
    for ending in ("exit", "quit"):
        setattr(builtins, ending, Quitter(ending, "Ctrl-D (i.e. EOF)"))
    builtins.help = _Helper()
    module = type(sys)(name)
    sys.modules[name] = module
    module.__file__ = os.path.join(os.getcwd(), "program.py")
    sys.argv = ["program.py"]
    return module
