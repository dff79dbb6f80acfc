"""A user's own problems: rows of any file, read by the names that the user gives its columns.

Only question and gold must be there. The gold is what the verifier checks against: text, a number,
or any JSON value; in a file that holds text alone, JSON for verifiers that need more than text.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rlvr.core import reading
from rlvr.core.records import Problem
from rlvr.tasks.benchmarks.record import Row
from rlvr.tasks.problem_section import Columns
from rlvr.verifiers import NAMES, golds

_OPTIONAL = ("id", "kind", "family", "images")


def row_reader(
    columns: Columns, verifier: str, folder: Path | None
) -> Callable[[str, Row, int], Problem]:
    """Return the function from a benchmark's name, a row and its index to the problem.

    Args:
        verifier: that checks against the golds; those of the user's own may need none.
        folder: that paths of images are relative to; None where there can be no images.
    """

    def to_problem(name: str, row: Row, index: int) -> Problem:
        found = {key: _optional(row, key, getattr(columns, key)) for key in _OPTIONAL}
        own_id = found["id"]
        return Problem(
            id=f"{name}/{index if own_id in (None, '') else own_id}",
            question=_question(_value(row, columns.question)),
            gold=_gold(row, columns.gold, verifier),
            kind=_label(found["kind"], "kind"),
            family=_label(found["family"], "family"),
            images=_images(found["images"], folder),
        )

    return to_problem


def _value(row: Mapping[str, Any], column: str) -> Any:
    """Return a column's value; `a.b` is the column of that name, or key b within column a.

    Raises:
        KeyError: if there is no such column.
    """
    if column in row:
        return row[column]
    outer, dot, inner = column.partition(".")
    if not dot or not isinstance(row.get(outer), Mapping):
        raise KeyError(column)
    return _value(row[outer], inner)


def _optional(row: Row, key: str, column: str | None) -> Any:
    return row.get(key) if column is None else _value(row, column)


def _question(value: Any) -> Any:
    """Return a question's text, also where it is written as the one user message of a chat."""
    if not isinstance(value, list):
        return value
    if len(value) == 1 and isinstance(value[0], Mapping) and value[0].get("role") == "user":
        return value[0].get("content")
    raise ValueError("the question is a list and not one user message; give it as text")


def _gold(row: Row, column: str, verifier: str) -> Any:
    may_lack = verifier not in NAMES and column == Columns.model_fields["gold"].default
    if column not in row and may_lack:
        return None
    value = _value(row, column)
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        raise ValueError(f"the gold {value!r:.60} is not a JSON value") from None
    if isinstance(value, str) and golds.fault(verifier, value):
        try:
            return reading.json_value(value)
        except reading.NotReadable:
            return value  # the fault is told for the value as it stands
    return value


def _label(value: Any, key: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"expected the {key} as text, found {value!r:.60}")
    return str(value)


def _images(value: Any, folder: Path | None) -> tuple[str, ...]:
    listed = [] if value in (None, "") else value if isinstance(value, list) else [value]
    if not listed:
        return ()
    if folder is None or not all(isinstance(name, str) for name in listed):
        raise ValueError(
            "images are read from files; write paths, relative to the file of the rows"
        )
    paths = [folder / name for name in listed]
    if missing := next((path for path in paths if not path.is_file()), None):
        raise ValueError(f"no image {missing}")
    return tuple(map(str, paths))
