"""A few completions of every problem for people to read, picked from the stored draws.

Of each problem: the base's first correct draw, the last checkpoint's, those of models beside it,
then the last checkpoint's first incorrect one; the most telling three of what there is. Questions
and golds are written beside the run when it is evaluated, so that a report needs neither the Hub
nor a model.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rlvr.core.records import Outcome
from rlvr.runs.run_directory import Run
from rlvr_eval.plan.ledger import model_of
from rlvr_eval.report.html import COMPLETIONS_PER_PROBLEM, Example, ProblemExamples
from rlvr_eval.statistics.lineup import lineup
from rlvr_eval.store.draw_store import DrawStore
from rlvr_eval.store.problem_snapshot import recall_all


def collect(
    run: Run, entries: Sequence[Mapping[str, Any]], root: Path
) -> dict[str, ProblemExamples]:
    """Collect examples by problem id, from the entries of the run's ledger and the store's root."""
    chosen: dict[str, list[Example]] = {}
    for benchmark in {entry["benchmark"] for entry in entries}:
        ordered = [e for e in entries if e["benchmark"] == benchmark and "counts" not in e]
        if not ordered:  # imported as counts, without completions
            continue
        shown = lineup(ordered, model_of)
        last = shown.last or shown.all[0]
        picks = [*((entry, Outcome.CORRECT) for entry in shown.headline), (last, Outcome.WRONG)]
        for entry, outcome in picks:
            for example_of, example in _first_of(entry, outcome, root):
                chosen.setdefault(example_of, []).append(example)
    told = recall_all(run)
    return {
        problem: ProblemExamples(
            question=told[problem].question,
            gold=json.dumps(told[problem].gold, ensure_ascii=False),
            completions=examples[:COMPLETIONS_PER_PROBLEM],
        )
        for problem, examples in chosen.items()
        if problem in told
    }


def _first_of(entry: Mapping[str, Any], outcome: Outcome, root: Path) -> list[tuple[str, Example]]:
    """List every problem's first draw with this outcome whose text was kept."""
    store = DrawStore(root, entry["draw_key"])
    wanted = {
        (problem, int((outcomes == outcome).argmax()))
        for problem, outcomes in store.verdicts(entry["verifier"]).by_problem().items()
        if (outcomes == outcome).any()
    }
    return [
        (problem, Example(entry["model"], entry["step"], index, str(outcome), text))
        for (problem, index), text in store.texts(wanted).items()
    ]
