"""Columns by the names that a user gives them: `--map completion=output,gold=gts`.

A column that is named for one thing is taken for nothing else, whatever it is called.
"""

from collections.abc import Mapping
from typing import Any

from rlvr.core.errors import UserError
from rlvr_eval.imports.rows import Fault, Row

NAMES = (
    *("problem", "completion", "completions", "verdict", "verdicts", "gold", "question"),
    *("kind", "family", "model", "step", "benchmark", "design", "sample_index", "truncated"),
    *("n", "c", "undecided"),
)


def parse(written: str | None) -> dict[str, str]:
    """Read NAME=COLUMN,NAME=COLUMN.

    Raises:
        UserError: if a name is none of ours or is listed twice, or a column is missing.
    """
    found: dict[str, str] = {}
    for pair in written.split(",") if written is not None else ():
        name, _, column = pair.partition("=")
        if not column or name not in NAMES or name in found:
            raise UserError(
                f"--map {pair}: write NAME=COLUMN, each name once, of {', '.join(NAMES)}"
            )
        found[name] = column
    return found


def renamed(row: Row, columns: Mapping[str, str]) -> Row:
    """Return a row with its columns under our names; a list of completions or verdicts as such.

    Raises:
        Fault: if it lacks a column.
    """
    if not columns:
        return row
    taken = {column.partition(".")[0] for column in columns.values()}
    values = {name: value for name, value in row.values.items() if name not in taken}
    for name, column in columns.items():
        value = _value(row.values, column)
        is_list = isinstance(value, list) and name in ("completion", "verdict")
        values[f"{name}s" if is_list else name] = value
    return Row(row.where, values)


def _value(values: Mapping[str, Any], column: str) -> Any:
    if column in values:
        return values[column]
    outer, dot, inner = column.partition(".")
    if not dot or not isinstance(values.get(outer), Mapping):
        raise Fault(f"no column {column}, which --map names; it has {', '.join(values)}")
    return _value(values[outer], inner)
