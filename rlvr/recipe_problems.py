"""How a recipe names problems: a benchmark, or several, each from the Hub or from a file."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from rlvr.section import Section


class ProblemSource(Section):
    """Problems by benchmark name; `path` reads them from a local file instead of the Hub.

    Attributes:
        revision: commit, tag or branch on the Hub, instead of the pinned one.
    """

    name: str = Field(min_length=1)
    path: Path | None = None
    revision: str | None = None
    limit: int | None = Field(default=None, ge=1)


def _named(value: Any) -> Any:
    """`countdown-train` is short for `{name: countdown-train}`."""
    return {"name": value} if isinstance(value, str) else value


def _listed(value: Any) -> Any:
    """One source is short for a list of one."""
    return list(value) if isinstance(value, list | tuple) else [value]


Source = Annotated[ProblemSource, BeforeValidator(_named)]
Sources = Annotated[tuple[Source, ...], BeforeValidator(_listed)]
