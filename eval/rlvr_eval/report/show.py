"""One problem of a run as people read it: the question, and every completion with its verdict.

Completions are hostile text: what a terminal would obey (escape sequences, carriage returns) is
printed as the code of the character.
"""

import logging
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TextIO

from rlvr.core.errors import UserError
from rlvr.core.records import Outcome, Problem
from rlvr.runs.run_directory import Run
from rlvr_eval.estimators import parse_design
from rlvr_eval.plan.ledger import Entry, Ledger
from rlvr_eval.store.problem_snapshot import recall_all
from rlvr_eval.store.replay import NO_DRAWS, owed, standing

logger = logging.getLogger(__name__)

_SUGGESTED = 5


@dataclass(frozen=True, slots=True)
class Shown:
    """One stored draw; `completion` is None where its text was not kept."""

    model: str
    step: int
    sample_index: int
    verdict: str
    finish_reason: str
    completion: str | None


def find_problem(run: Run, name: str) -> Problem:
    """Find the problem with this id, or the only one whose id ends in "/<name>".

    Raises:
        UserError: if there is none, or more than one.
    """
    known = recall_all(run)
    if name in known:
        return known[name]
    if not known:
        Ledger(run).entries()  # which says so where nothing is evaluated yet
        raise UserError(
            f"{run.path / 'problems'} holds no problems; run: rlvr eval {run.path}, which writes "
            "them again"
        )
    found = [id for id in known if id.endswith(f"/{name}")]
    if len(found) == 1:
        return known[found[0]]
    near = found or [id for id in known if name in id] or list(known)
    listed = ", ".join(near[:_SUGGESTED]) + (", .." if len(near) > _SUGGESTED else "")
    what = f"'{name}' is not one problem" if found else f"no problem '{name}'"
    raise UserError(f"{run.path}: {what}; write one of: {listed}")


def draws_of(
    run: Run, problem: Problem, *, models: Collection[str] = (), verdicts: Collection[str] = ()
) -> list[Shown]:
    """List every stored draw of a problem, model by model and in sample-index order.

    Args:
        models: names of the models to show; empty for all.
        verdicts: the verdicts to show; empty for all.

    Raises:
        UserError: if nothing was evaluated, or for a name that no model or no verdict has.
    """
    of_problem = [
        entry
        for entry in Ledger(run).entries()
        if problem.id in entry["problem_ids"] and "counts" not in entry
    ]
    _refuse_unknown("model", models, {entry["model"] for entry in of_problem})
    _refuse_unknown("verdict", verdicts, set(Outcome))
    entries = [entry for entry in of_problem if not models or entry["model"] in models]
    shown = [each for entry in entries for each in _draws(run, entry, problem)]
    return [each for each in shown if not verdicts or each.verdict in verdicts]


def _refuse_unknown(what: str, asked: Collection[str], known: set[str]) -> None:
    for name in sorted(set(asked) - known):
        raise UserError(f"no {what} '{name:.60}' here; there are: {', '.join(sorted(known))}")


def _draws(run: Run, entry: Entry, problem: Problem) -> Iterator[Shown]:
    store = Ledger(run).draws(entry)
    found = store.verdicts(entry["verifier"]).by_problem().get(problem.id, NO_DRAWS)
    design = parse_design(entry["design"])
    if missing := owed([standing(design, store.key, problem.id, found)]):
        logger.warning(
            "%s: %d draws that %s asks for are not in %s (deleted or damaged); rlvr eval %s makes "
            "them again",
            entry["model"],
            missing,
            design,
            store.folder,
            run.path,
        )
    seen: set[int] = set()
    for row in store.completions(problem.id):
        index = row["sample_index"]
        if index in seen or index >= len(found):
            continue
        seen.add(index)
        yield Shown(
            model=entry["model"],
            step=entry["step"],
            sample_index=index,
            verdict=str(found[index]),
            finish_reason=row["finish_reason"],
            completion=row["completion"],
        )


def write(problem: Problem, draws: Sequence[Shown], stream: TextIO, *, limit: int | None) -> None:
    """Print a problem and, of every model, at most `limit` of these draws; None prints all."""
    stream.write(f"{problem.id}\n\n{printable(problem.question)}\n\nanswer: {problem.gold!r}\n")
    for model in dict.fromkeys(each.model for each in draws):
        of_model = [each for each in draws if each.model == model]
        correct = sum(each.verdict == "correct" for each in of_model)
        stream.write(f"\n== {model}: {len(of_model)} completions, {correct} correct\n")
        for each in of_model[:limit]:
            stream.write(f"\n-- draw {each.sample_index}: {each.verdict.replace('_', ' ')}\n")
            stream.write(f"{_text(each)}\n")
        if limit is not None and len(of_model) > limit:
            stream.write(f"\n   {len(of_model) - limit} more: --draws {len(of_model)}\n")


def printable(text: str) -> str:
    """Write every character that a terminal would obey as its code."""
    return "".join(
        char if char.isprintable() or char in "\n\t" else char.encode("unicode_escape").decode()
        for char in text
    )


def _text(draw: Shown) -> str:
    return "(its text was not kept)" if draw.completion is None else printable(draw.completion)
