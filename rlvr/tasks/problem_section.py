"""How a recipe or a command names problems: benchmarks, local copies of them, or a user's own sets.

    problems: math500                                         a benchmark
    problems: {name: math500, path: math500.jsonl}            a local copy of it
    problems:                                                 a set of one's own
      name: mine
      path: problems.csv
      columns: {question: problem, gold: answer}
      verifier: math

On the command line the same is `mine=problems.csv,question=problem,gold=answer,verifier=math`, and
a data set on the Hub is `mine=hub:owner/name,files=data/test-*,..`.
"""

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator
from pydantic_core import PydanticCustomError

from rlvr.answers.prompt_key import Prompt
from rlvr.core.errors import UserError
from rlvr.core.section import Name, Section

_LONGEST_NAME = 100
_SETTING = re.compile(r",(?=[a-z_]+=)")
_ON_THE_HUB = "hub:"


class Columns(Section):
    """Name the columns of your own rows; `a.b` is column or key b within column a.

    A column that is named must be in every row. `id`, `kind`, `family` and `images` are read under
    their own names where there are such columns and no others are named.

    Attributes:
        question: text of the problem.
        gold: expected answer.
        id: name of the problem; unset, its place in the file.
        kind: group of problems that the report also shows alone.
        family: label that variants of one problem share.
        images: pictures that belong to the question.
    """

    question: str = Field(default="question", min_length=1)
    gold: str = Field(default="gold", min_length=1)
    id: str | None = Field(default=None, min_length=1)
    kind: str | None = Field(default=None, min_length=1)
    family: str | None = Field(default=None, min_length=1)
    images: str | None = Field(default=None, min_length=1)


def _listed(value: Any) -> Any:
    """Expand a single value to a list of one."""
    return list(value) if isinstance(value, list | tuple) else [value]


class ProblemSource(Section):
    """Name problems: a benchmark, or a set of your own under any other name.

    Attributes:
        name: name of the benchmark or of your own set.
        path: file to read, instead of the Hub's for a benchmark.
        hub_id: data set on the Hub that holds your own problems.
        files: patterns of the files of `hub_id`.
        revision: commit, tag or branch on the Hub, instead of the pinned one.
        limit: number of problems to take, from the first on.
        columns: columns of your own rows, or of a local copy with other columns.
        verifier, prompt: replace the benchmark's own; a set of your own needs a verifier.
    """

    name: str = Field(min_length=1)
    path: Path | None = None
    hub_id: Name | None = None
    files: Annotated[tuple[Name, ...], BeforeValidator(_listed)] = ()
    revision: Name | None = None
    limit: int | None = Field(default=None, ge=1)
    columns: Columns | None = None
    verifier: str | None = Field(default=None, min_length=1)
    prompt: Prompt | None = None

    @field_validator("name")
    @classmethod
    def _fits_into_ids(cls, value: str) -> str:
        if "/" in value or not value.isprintable() or len(value) > _LONGEST_NAME:
            expected = f"write 1 to {_LONGEST_NAME} printable characters without '/'"
            raise PydanticCustomError("name", "{expected}", {"expected": expected})
        return value


def _named(value: Any) -> Any:
    """Expand the short form `countdown-train` to `{name: countdown-train}`."""
    return {"name": value} if isinstance(value, str) else value


Source = Annotated[ProblemSource, BeforeValidator(_named)]
Sources = Annotated[tuple[Source, ...], BeforeValidator(_listed)]


def from_text(written: str) -> dict[str, Any]:
    """Parse NAME[=FILE][,KEY=VALUE ..] into a mapping as a recipe has it.

    Raises:
        UserError: if a key is unknown or a value is missing.
    """
    first, *settings = _SETTING.split(written)
    name, equals, place = first.partition("=")
    if not name or bool(equals) != bool(place):
        raise UserError(f"'{written}': write NAME, NAME=FILE or NAME=hub:OWNER/SET")
    found: dict[str, Any] = {"name": name}
    if place.startswith(_ON_THE_HUB):
        found["hub_id"] = place.removeprefix(_ON_THE_HUB)
    elif place:
        found["path"] = place
    for setting in settings:
        key, _, value = setting.partition("=")
        if key in Columns.model_fields:
            found.setdefault("columns", {})[key] = value
        elif key in ("files", "limit", "prompt", "revision", "verifier"):
            found[key] = value
        else:
            known = [*Columns.model_fields, "files", "limit", "prompt", "revision", "verifier"]
            raise UserError(f"'{written}': unknown key '{key}'; known keys: {', '.join(known)}")
    return found
