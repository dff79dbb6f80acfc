"""Marks: what people found when they checked the reasoning behind rarely solved problems.

A right answer can come from wrong reasoning, and at large k such luck decides. So the correct
completions of the hardest solved problems (accuracy in (0, 5 %]; Yue et al. 2025, arXiv:2504.13837,
section 3.1 and appendix D.2) are queued as JSON lines, people write "right" or "wrong" under
"reasoning", and pass@k is counted again with completions of wrong reasoning taken as wrong: once
with those that nobody has marked as wrong too, once as right. Where the verifier checks every step,
it has done all of this already.

Marks belong to draws, so they hold for every later report, design and benchmark limit.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

from rlvr import verifiers
from rlvr.core import reading
from rlvr.core.errors import UserError
from rlvr.core.files import write_atomically
from rlvr.core.records import Outcome
from rlvr.runs.run_directory import Run
from rlvr_eval.estimators.design import Ints
from rlvr_eval.plan.ledger import Entry, Ledger
from rlvr_eval.statistics.lineup import ModelRef, lineup
from rlvr_eval.statistics.outcomes import Outcomes
from rlvr_eval.store.keys import digest
from rlvr_eval.store.problem_snapshot import recall
from rlvr_eval.store.replay import Row

HARDEST = 0.05

Mark = Literal["right", "wrong"]
# digest of the draw key, problem id, sample index
Draw = tuple[str, str, int]
Marks = Mapping[Draw, Mark]

_FILE = "marks.jsonl"
_MARKS = ("right", "wrong")


@dataclass(frozen=True)
class Queue:
    """The completions of one evaluation to be checked.

    Attributes:
        draws: by problem id, the sample indices of its correct completions that count.
    """

    entry: Entry
    draws: Mapping[str, tuple[int, ...]]

    def all_draws(self) -> list[Draw]:
        """List every queued draw."""
        drawn = digest(self.entry["draw_key"])
        return [(drawn, problem, i) for problem, indices in self.draws.items() for i in indices]


def queue_of(run: Run, entry: Entry, outcomes: Outcomes) -> Queue:
    """Queue the correct completions of the problems that a model hardly ever solves."""
    rows = Ledger(run).draws(entry).verdicts(entry["verifier"]).by_problem()
    return Queue(
        entry,
        {
            outcomes.problem_ids[at]: _correct(rows[outcomes.problem_ids[at]], outcomes, at)
            for at in hardest(outcomes)
        },
    )


def is_verified(entry: Entry) -> bool:
    """Return True where the verifier has checked every step, so that there is nothing to mark."""
    # counts that were imported have no verifier
    return str(entry["verifier"]).partition("@")[0] in verifiers.CHECKS_EVERY_STEP


def hardest(outcomes: Outcomes) -> Ints:
    """Return positions of the problems that are solved, but by at most 5 % of completions."""
    accuracy = outcomes.counts.accuracy()
    return np.flatnonzero((accuracy > 0) & (accuracy <= HARDEST))


def queues_of(run: Run, models: Sequence[str] = ()) -> list[Queue]:
    """Queue completions of these models on every benchmark (default: base and last checkpoint).

    A run without checkpoints of its own has the last model beside it in their place.

    Raises:
        UserError: if a model was not evaluated.
    """
    pairs = evaluated(run)
    names = [entry["model"] for entry, _ in pairs]
    unknown = [model for model in models if model not in names]
    if unknown:
        known = ", ".join(dict.fromkeys(names))
        raise UserError(f"{run.path}: no model '{unknown[0]}' was evaluated; there are {known}")
    wanted = set(models) or _base_and_last([found.model for _, found in pairs])
    return [queue_of(run, entry, found) for entry, found in pairs if entry["model"] in wanted]


def evaluated(run: Run) -> list[tuple[Entry, Outcomes]]:
    """List every evaluation whose draws are stored, with its outcomes."""
    ledger = Ledger(run)
    pairs = zip(ledger.entries(), ledger.outcomes(), strict=True)
    return [(entry, found) for entry, found in pairs if "counts" not in entry]


def lines(run: Run, queue: Queue, marks: Marks) -> Iterator[dict[str, Any]]:
    """Yield what people see of each queued completion, with the mark that it already has."""
    entry = queue.entry
    problems = recall(run, entry["benchmark"], entry["draw_key"]["revision"])
    texts = Ledger(run).draws(entry).texts([draw[1:] for draw in queue.all_draws()])
    for drawn, problem, index in queue.all_draws():
        yield {
            "reasoning": marks.get((drawn, problem, index)),
            "benchmark": entry["benchmark"],
            "model": entry["model"],
            "problem_id": problem,
            "sample_index": index,
            "draws": drawn,
            "question": problems[problem].question,
            "gold": problems[problem].gold,
            "completion": texts.get((problem, index)),
        }


def read(run: Run) -> dict[Draw, Mark]:
    """Read the marks of a run; empty where nobody has marked anything."""
    path = run.path / _FILE
    return parse(path) if path.exists() else {}


def add(run: Run, marks: Marks) -> None:
    """Keep marks beside those there are; a new mark on the same draw takes the place of the old."""
    together = read(run) | dict(marks)
    text = [
        json.dumps({"draws": drawn, "problem_id": id, "sample_index": at, "reasoning": mark})
        for (drawn, id, at), mark in sorted(together.items())
    ]
    write_atomically(run.path / _FILE, "".join(f"{line}\n" for line in text))


def parse(path: Path) -> dict[Draw, Mark]:
    """Read the marks in a file of `lines`; skip those not marked yet.

    Raises:
        UserError: naming the line that is not what it should be.
    """
    if not path.exists():
        raise UserError(f"{path}: no such file")
    found: dict[Draw, Mark] = {}
    content = reading.text(path)
    if not content.strip():
        raise UserError(f"{path}: is empty; write the lines to mark with rlvr marks RUN > {path}")
    for number, text in enumerate(reading.lines(content), start=1):
        if text.strip() and (marked := _parsed(f"{path}, line {number}", text)):
            found[marked[0]] = marked[1]
    return found


def is_correct(
    row: Row, drawn: str, problem: str, marks: Marks
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return whether draws of a queued problem are correct under the marks: two arrays (draws,).

    In the first, a correct completion that nobody has marked is wrong; in the second it is right.
    """
    right = np.asarray(row == Outcome.CORRECT)
    found = [marks.get((drawn, problem, index)) for index in range(row.size)]
    is_confirmed = np.array([mark == "right" for mark in found], dtype=bool)
    is_refuted = np.array([mark == "wrong" for mark in found], dtype=bool)
    return right & is_confirmed, right & ~is_refuted


def _base_and_last(models: Sequence[ModelRef]) -> set[str]:
    """Return the names of the first model and of the last checkpoint, given all in their order."""
    shown = lineup(models, lambda model: model)
    return {shown.all[0].name, (shown.checkpoints or shown.all)[-1].name}


def _correct(row: NDArray[np.object_], outcomes: Outcomes, at: int) -> tuple[int, ...]:
    counted = row[: outcomes.counts.n[at]]
    return tuple(int(index) for index in np.flatnonzero(counted == Outcome.CORRECT))


def _parsed(place: str, text: str) -> tuple[Draw, Mark] | None:
    try:
        line = reading.json_object(text)
        draw = (str(line["draws"]), str(line["problem_id"]), int(line["sample_index"]))
        mark = line["reasoning"]
    except (KeyError, TypeError, ValueError) as fault:
        raise UserError(
            f"{place}: not a line that `rlvr marks` wrote ({type(fault).__name__}: {fault}); "
            'change nothing but "reasoning"'
        ) from None
    if mark is None:
        return None
    if mark not in _MARKS:
        raise UserError(f'{place}: reasoning is {mark!r}; write "right", "wrong" or null')
    return draw, cast(Mark, mark)
