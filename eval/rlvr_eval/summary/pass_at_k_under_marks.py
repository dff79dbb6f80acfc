"""pass@k with the reasoning checked, by a verifier that checks every step or by people's marks.

    MODEL gains "reasoning": {"checked_by": "verifier" | "marks",
                              "problems", "completions" (both queued), "right", "wrong", "unmarked",
                              "confirmed", "refuted" (problems), "owed",
                              "curve_least", "curve_most" (with marks only)}

A problem is confirmed by one completion of right reasoning, and refuted where all its queued
completions are marked wrong. Marks can change where an adaptive design would have stopped; where
it then would have drawn more, no unbiased curve exists: both are null and `owed` says how many
draws are lacking.
"""

from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from rlvr.core.records import Outcome
from rlvr.runs.run_directory import Run
from rlvr_eval.estimators import parse_design
from rlvr_eval.estimators.design import Counts, Ints
from rlvr_eval.estimators.which_ks import reported_ks
from rlvr_eval.plan.ledger import Entry, Ledger
from rlvr_eval.statistics.outcomes import Outcomes
from rlvr_eval.statistics.population_intervals import population_interval
from rlvr_eval.store.keys import digest
from rlvr_eval.store.replay import counts_of, owed, standing_of
from rlvr_eval.summary import reasoning_marks as marking
from rlvr_eval.summary.model_summary import Json, points
from rlvr_eval.summary.reasoning_marks import Marks, Queue


def attach(summary: Json, run: Run, evaluated: Iterable[tuple[Entry, Outcomes]]) -> None:
    """Add to every model what is known of the reasoning behind its rarely solved problems.

    Nothing is added where the verifier looks at answers only and nobody has marked anything, nor
    where only counts are there.

    Args:
        evaluated: what the summary was made of, with its entries in the ledger.
    """
    marks = marking.read(run)
    for entry, outcomes in evaluated:
        if marking.is_verified(entry):
            found = _verified(outcomes)
        elif marks and "counts" not in entry:
            found = _marked(run, marking.queue_of(run, entry, outcomes), outcomes, marks)
        else:
            continue
        for model in summary["benchmarks"][entry["benchmark"]]["models"]:
            if _is_of(model, outcomes):
                model["reasoning"] = found


def under_marks(
    run: Run, queue: Queue, outcomes: Outcomes, marks: Marks
) -> tuple[Counts | None, Counts | None, int]:
    """Count with unmarked completions wrong, with them right, and the draws that both lack."""
    entry = queue.entry
    rows = Ledger(run).draws(entry).verdicts(entry["verifier"]).by_problem()
    design, key = parse_design(entry["design"]), entry["draw_key"]

    def verdicts(problem: str) -> Sequence[NDArray[np.bool_]]:
        if problem in queue.draws:
            return marking.is_correct(rows[problem], digest(key), problem, marks)
        return [np.asarray(rows[problem] == Outcome.CORRECT)] * 2

    pairs = {problem: verdicts(problem) for problem in outcomes.problem_ids}
    replayed = [
        [standing_of(design, key, problem, pair[side]) for problem, pair in pairs.items()]
        for side in (0, 1)
    ]
    lacking = max(map(owed, replayed))
    least, most = (
        counts_of(design, progress) if all(there.stopped for there in progress) else None
        for progress in replayed
    )
    return least, most, lacking


def _verified(outcomes: Outcomes) -> Json:
    hardest = marking.hardest(outcomes)
    completions = int(outcomes.counts.c[hardest].sum())
    return {
        "checked_by": "verifier",
        "problems": len(hardest),
        "completions": completions,
        "right": completions,
        "wrong": 0,
        "unmarked": 0,
        "confirmed": len(hardest),
        "refuted": 0,
        "owed": 0,
    }


def _marked(run: Run, queue: Queue, outcomes: Outcomes, marks: Marks) -> Json:
    by_problem = [
        [marks.get((digest(queue.entry["draw_key"]), problem, index)) for index in indices]
        for problem, indices in queue.draws.items()
    ]
    every = list(chain.from_iterable(by_problem))
    least, most, lacking = under_marks(run, queue, outcomes, marks)
    return {
        "checked_by": "marks",
        "problems": len(by_problem),
        "completions": len(every),
        "right": every.count("right"),
        "wrong": every.count("wrong"),
        "unmarked": every.count(None),
        "confirmed": sum("right" in found for found in by_problem),
        "refuted": sum(set(found) == {"wrong"} for found in by_problem),
        "curve_least": _curve(least, outcomes.units),
        "curve_most": _curve(most, outcomes.units),
        "owed": lacking,
    }


def _is_of(model: Json, outcomes: Outcomes) -> bool:
    ours = (outcomes.model.name, outcomes.model.step, outcomes.model.weights)
    return (model["name"], model["step"], model["weights"]) == ours


def _curve(counts: Counts | None, families: Ints | None) -> list[Json] | None:
    if counts is None:
        return None
    ks = reported_ks(counts.design.n_max)
    return points(ks, population_interval(counts.curves_at(ks), families=families))
