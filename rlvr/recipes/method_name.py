"""The type of the recipe key `method`, and the one list of methods: the modules that define one.

A method is a module of rlvr/training/methods with a `METHOD`, named after its file, or what another
package registers in the group `rlvr.methods`. Nothing of them is imported to know their names.
"""

from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from rlvr.core import plugins

_FOLDER = Path(__file__).parents[1] / "training" / "methods"
_DEFINES = "\nMETHOD = "


@cache
def built_in() -> tuple[str, ...]:
    """Return the names of the methods that come along."""
    files = sorted(_FOLDER.glob("*.py"))
    return tuple(file.stem for file in files if _DEFINES in file.read_text(encoding="utf-8"))


def names() -> tuple[str, ...]:
    """Return the names of all methods, those of other packages last."""
    return (*built_in(), *plugins.names("rlvr.methods"))


def fault(name: str) -> str | None:
    """Say that there is no method of a name, and what to write; None if there is one."""
    if name in names():
        return None
    near = get_close_matches(name, names(), n=1)
    instead = f"did you mean '{near[0]}'?" if near else f"write one of: {', '.join(names())}"
    return f"there is no method '{name}'; {instead}"


def _known(name: str) -> str:
    if found := fault(name):
        raise PydanticCustomError("method", "{fault}", {"fault": found})
    return name


MethodName = Annotated[str, AfterValidator(_known)]
