"""Rows of counts: how many completions of a problem there were, and how many were correct."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rlvr.core.errors import UserError
from rlvr_eval.estimators import MOST_DRAWS, parse_design
from rlvr_eval.estimators.design import Design
from rlvr_eval.estimators.fixed import FixedDesign
from rlvr_eval.imports.rows import Fault, Faults, Row

_LONGEST_LABEL = 200
_LONGEST_TEXT = 10_000
_LAST_STEP = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Count:
    """One row; model, step, benchmark and design are None where the row does not say."""

    where: str
    problem: str
    n: int
    c: int
    undecided: int
    kind: str
    family: str
    model: str | None
    step: int | None
    benchmark: str | None
    design: str | None


def is_count(values: Mapping[str, Any]) -> bool:
    """Return whether a row is one of counts."""
    return "n" in values and "c" in values


def parse(row: Row) -> Count:
    """Parse the counts in a row.

    Raises:
        Fault: if they are impossible, or something is missing.
    """
    values = row.values
    problem = text(values, "problem")
    if not problem:
        raise Fault(f"no column problem; it has {', '.join(values)}")
    n, c = whole(values, "n"), whole(values, "c")
    undecided = whole(values, "undecided", 0)
    if n < 1:
        raise Fault(f"n = {n}; a problem needs at least one completion")
    if n > MOST_DRAWS:
        raise Fault(f"n = {n}; expected at most {MOST_DRAWS} completions")
    if not 0 <= c <= n:
        raise Fault(f"c = {c} of n = {n}; expected 0 <= c <= n")
    if not 0 <= undecided <= n - c:
        raise Fault(f"undecided = {undecided}; expected at most the n - c = {n - c} not correct")
    return Count(
        where=row.where,
        problem=problem,
        n=n,
        c=c,
        undecided=undecided,
        kind=text(values, "kind") or "",
        family=text(values, "family") or "",
        model=text(values, "model"),
        step=step(values),
        benchmark=text(values, "benchmark"),
        design=text(values, "design"),
    )


def design_of(rows: Iterable[Count], given: str | None, faults: Faults) -> Design | None:
    """Return the one design under which all rows of a model on a benchmark were sampled.

    None after faults: designs that differ, an n that differs without a design, unreachable counts.
    """
    rows = list(rows)
    written = {row.design or given for row in rows}
    if len(written) > 1:
        faults.add(rows[0].where, f"designs differ: {', '.join(sorted(map(str, written)))}")
        return None
    design = _parsed(written.pop(), rows, faults)
    if design is not None:
        for row in rows:
            try:
                design.stop_index(np.array([row.n]), np.array([row.c]))
            except ValueError:
                faults.add(row.where, f"n = {row.n}, c = {row.c} cannot come of {design}")
    return design


def whole(values: Mapping[str, Any], name: str, otherwise: int | None = None) -> int:
    """Convert a value to a whole number.

    Raises:
        Fault: if it is none, or missing without a default.
    """
    value = values.get(name, otherwise)
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?[0-9]{1,18}(\.0*)?\s*", value):
        return int(value.partition(".")[0])
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Fault(f"{name} = {value!r:.60}; expected a whole number")
    return value


def step(values: Mapping[str, Any]) -> int | None:
    """Read a row's training step; None where there is none.

    Raises:
        Fault: if it is no whole number from 0 on.
    """
    if "step" not in values:
        return None
    found = whole(values, "step")
    if not 0 <= found <= _LAST_STEP:
        raise Fault(f"step = {found}; expected 0 to {_LAST_STEP}")
    return found


def text(values: Mapping[str, Any], name: str) -> str | None:
    """Return a value as text, None where there is none.

    Raises:
        Fault: if it is neither text nor a whole number, or endless.
    """
    value = values.get(name)
    if value is None:
        return None
    if not isinstance(value, str | int) or isinstance(value, bool):
        raise Fault(f"{name} = {value!r:.60}; expected text")
    if len(str(value)) > _LONGEST_TEXT:
        raise Fault(f"{name} = {value!r:.60}..; expected at most {_LONGEST_TEXT} characters")
    return str(value)


def label(name: str, value: str) -> str:
    """Return a model's or benchmark's name, which tables, pages and files' names must hold.

    Raises:
        Fault: if it is empty, too long, or unprintable; or if a benchmark's would end too early in
            "<benchmark>/<problem>".
    """
    if not value.strip() or not value.isprintable() or len(value) > _LONGEST_LABEL:
        raise Fault(f"{name} = {value!r:.60}; expected 1 to {_LONGEST_LABEL} printable characters")
    if name == "benchmark" and "/" in value:
        raise Fault(f"benchmark = {value!r:.60}; expected a name without '/'")
    return value


def _parsed(written: str | None, rows: list[Count], faults: Faults) -> Design | None:
    if written is not None:
        try:
            return parse_design(written)
        except UserError as error:
            faults.add(rows[0].where, error)
            return None
    smallest, largest = (pick(rows, key=lambda row: row.n) for pick in (min, max))
    if smallest.n != largest.n:
        faults.add(
            largest.where,
            f"n = {largest.n}, but {smallest.n} at {smallest.where}: where the number of "
            "completions hung on their verdicts the fixed-n formula is biased; give a column "
            "design (or --design), such as sequential:32,64/4, or counts of the same n",
        )
        return None
    return FixedDesign(smallest.n)
