"""Rows put together by whose they are: model, step and benchmark."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from rlvr.core.hashing import hex_digest
from rlvr.runs.run_directory import Run
from rlvr_eval.imports.counts import Count
from rlvr_eval.imports.options import Options
from rlvr_eval.imports.rows import Faults
from rlvr_eval.imports.samples import Sample
from rlvr_eval.plan.ledger import Entry, Ledger
from rlvr_eval.plan.model_names import step_in

R = TypeVar("R", Count, Sample)


@dataclass(frozen=True)
class Group(Generic[R]):
    """The rows of one model on one benchmark.

    Attributes:
        is_counted: True where no row, option or name told the step, and the order did.
    """

    model: str
    step: int
    benchmark: str
    rows: tuple[R, ...]
    is_counted: bool = False

    def problem_id(self, row: R) -> str:
        """Return the id used everywhere: "<benchmark>/<id>"."""
        prefix = f"{self.benchmark}/"
        return row.problem if row.problem.startswith(prefix) else prefix + row.problem

    def entry(self, content: Any, **fields: Any) -> dict[str, Any]:
        """Build a ledger entry; other `content` makes it another set of outcomes."""
        told = json.dumps(content, sort_keys=True, default=str)
        unique = hex_digest(told, 8)
        weights = f"imported-{re.sub(r'[^A-Za-z0-9.+-]', '_', self.model)}-{unique}"
        draw_key = {"weights": weights, "benchmark": self.benchmark, "sampler": "imported"}
        return {
            "model": self.model,
            "step": self.step,
            "weights": weights,
            "benchmark": self.benchmark,
            "file": None,
            "draw_key": draw_key | fields.pop("draw_key", {}),
            **fields,
        }


def grouped(rows: Sequence[R], known: Sequence[Entry], options: Options) -> Iterator[Group[R]]:
    """Group rows by model, step and benchmark, in order of appearance.

    A step that is said nowhere is that of the same model in the directory, or read from its name
    (checkpoint-100), or else the next number: so the first model is the base. A model called "base"
    is the base, wherever it stands, unless a row, option or name gives step 0 to another.
    """
    steps: dict[str, int] = {entry["model"]: entry["step"] for entry in known}
    steps |= _called_base(rows, set(steps.values()), options)
    found: dict[tuple[str, int, str], list[R]] = {}
    counted: set[str] = set()
    for row in rows:
        assert row.model is not None
        assert row.benchmark is not None
        step = row.step if row.step is not None else options.step
        if step is None:
            step = steps.get(row.model, step_in(row.model))
        if step is None:
            step = max(steps.values(), default=-1) + 1
            counted.add(row.model)
        steps[row.model] = step
        found.setdefault((row.model, step, row.benchmark), []).append(row)
    for (model, step, benchmark), members in found.items():
        yield Group(model, step, benchmark, tuple(members), model in counted)


def _called_base(rows: Sequence[R], taken: set[int], options: Options) -> dict[str, int]:
    """Return step 0 for a model that is called the base, where no step is said and none has it."""
    if options.step is not None or any(row.step is not None for row in rows):
        return {}
    names = dict.fromkeys(str(row.model) for row in rows)
    if 0 in taken | {step_in(name) for name in names}:
        return {}
    return {name: 0 for name in names if name.strip().lower() == "base"}


def of_counted_steps(groups: Sequence[Group[Any]]) -> list[str]:
    """Say which steps were counted because nobody gave them."""
    counted = {each.model: each.step for each in groups if each.is_counted}
    if not counted:
        return []
    listed = ", ".join(
        f"{model} = {step}{'' if step else ' (the base)'}" for model, step in counted.items()
    )
    return [
        f"note: no step is given, so models have the next in their order: {listed}. Where that is "
        "wrong, import into another --out with a column step, or --step for one model"
    ]


def noted_entries(run: Run) -> list[Entry]:
    """List the entries that the directory already has."""
    return Ledger(run).entries() if any(Ledger(run).folder.glob("*.json")) else []


def refuse_conflicts(known: Sequence[Entry], entries: Sequence[Entry], faults: Faults) -> None:
    """Refuse outcomes that would silently replace other outcomes of the same model."""
    there = {(e["benchmark"], e["model"], e["step"]): e["weights"] for e in known}
    for entry in entries:
        place = (entry["benchmark"], entry["model"], entry["step"])
        if there.get(place, entry["weights"]) != entry["weights"]:
            faults.add(
                f"{entry['model']} at step {entry['step']} on {entry['benchmark']}",
                "other outcomes of it are there already; choose another --out or --model",
            )
    bases: dict[str, dict[str, None]] = {}
    for entry in (*known, *entries):
        if entry["step"] == 0:
            bases.setdefault(entry["benchmark"], {})[entry["model"]] = None
    for benchmark, names in bases.items():
        if len(names) > 1:
            faults.add(
                benchmark,
                f"{' and '.join(names)} are both at step 0, and a benchmark has one base; give "
                "the others a --step, or import them into another --out",
            )
