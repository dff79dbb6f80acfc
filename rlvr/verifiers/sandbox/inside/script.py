"""The surroundings that a Python script expects, beyond what the language itself has."""

from __future__ import annotations

import builtins
import io
import os
import sys
from _sitebuiltins import Quitter, _Helper

from . import locks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

# names of the output and of the complaints; there is no /proc, which would make them files
_OUTPUTS = {
    name: fd
    for fd, device in ((1, "/dev/stdout"), (2, "/dev/stderr"))
    for name in (device, f"/dev/fd/{fd}", f"/proc/self/fd/{fd}")
}


def make_module(name: str, source: str) -> ModuleType:
    """Create an empty module under its name, with the names that Python gives to a script."""
    # from `site`, which is not imported since it looks for packages on the disk
    for ending in ("exit", "quit"):
        setattr(builtins, ending, Quitter(ending, "Ctrl-D (i.e. EOF)"))
    builtins.help = _Helper()
    locks.install()
    module = type(sys)(name)
    sys.modules[name] = module
    folder = os.getcwd()
    module.__file__ = os.path.join(folder, "program.py")
    module.__dict__["__builtins__"] = builtins
    sys.argv = ["program.py"]
    # a script imports what it has written beside itself
    sys.path.insert(0, folder)
    _name_files(module.__file__, source)
    return module


def _name_files(program: str, source: str) -> None:
    """Let a program open its output by name, and its own source, which is written when it does."""
    open_file, open_fd = io.open, os.open

    def open_named(file: Any, *options: Any, **named: Any) -> Any:
        fd = _output(file)
        if file == program and not os.path.exists(program):
            with open_file(program, "w", encoding="utf-8", errors="surrogatepass") as copy:
                copy.write(source)
        return open_file(file if fd is None else os.dup(fd), *options, **named)

    def open_named_fd(path: Any, *options: Any, **named: Any) -> int:
        fd = _output(path)
        return open_fd(path, *options, **named) if fd is None else os.dup(fd)

    builtins.open = io.open = open_named
    os.open = open_named_fd


def _output(path: Any) -> int | None:
    try:
        return None if isinstance(path, int) else _OUTPUTS.get(os.fspath(path))
    except TypeError:
        return None
