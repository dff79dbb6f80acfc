"""Stage `verify`: a verdict on every trace, by the same verifier that rewards and evaluates.

A trace is read as a completion is (`rlvr.answers.attempts`). One that the verifier could not
decide is not trained on; asked for by name (`--only verify`), the stage tries it once more.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from rlvr import verifiers
from rlvr.answers.attempts import Ends, attempt
from rlvr.core.progress import stage
from rlvr.core.records import Attempt, Outcome, Problem, Verdict
from rlvr.distill.folder import Draw, Folder, draw_of
from rlvr.distill.teachers.protocol import teacher_prompt, verdict_version, verifier_name
from rlvr.recipes.recipe import Recipe

_BATCH = 256


def judge(recipe: Recipe, folder: Folder, *, undecided_too: bool = False) -> None:
    """Verify what this version of the verifier has not seen.

    Args:
        undecided_too: also what it has seen and could not decide.

    Raises:
        UserError: if there are no traces.
    """
    folder.teacher()
    verifier = verifiers.get(verifier_name(recipe))
    version = verdict_version(recipe)
    ends = Ends(teacher_prompt(recipe))
    problems = folder.problems()
    with folder.verdicts as journal:
        seen = _outcomes(journal.rows(), version)
        done = {draw for draw, found in seen.items() if not (undecided_too and found.undecided)}
        places = list(_due(folder, problems, done))
        rows = folder.traces.at(places)
        with stage("verify", len(places)) as bar:
            while batch := list(islice(rows, _BATCH)):
                attempts = [trace_attempt(row, problems, ends) for row in batch]
                verdicts = verifier.verify(attempts, timeout_s=recipe.verify_timeout_s)
                for row, verdict in zip(batch, verdicts, strict=True):
                    journal.append(_verdict_row(row, verdict, version))
                bar.advance(len(batch))


def outcomes(recipe: Recipe, folder: Folder) -> dict[Draw, Outcome]:
    """Return the last verdict on every trace by the present version of the verifier."""
    return _outcomes(folder.verdicts.rows(), verdict_version(recipe))


def trace_attempt(row: Mapping[str, Any], problems: Mapping[str, Problem], ends: Ends) -> Attempt:
    """Turn a trace into the attempt that its verifier sees."""
    ran_out = row["finish_reason"] == "length"
    return attempt(problems[row["problem_id"]], row["text"], ends, ran_out=ran_out)


def _due(folder: Folder, problems: Mapping[str, Problem], done: set[Draw]) -> Iterator[int]:
    """Yield places in the journal; the texts are read when their turn comes."""
    for place, row in folder.traces.placed_rows():
        if row["problem_id"] in problems and draw_of(row) not in done:
            yield place


def _outcomes(rows: Iterable[Mapping[str, Any]], version: str) -> dict[Draw, Outcome]:
    return {draw_of(row): Outcome(row["outcome"]) for row in rows if row["verifier"] == version}


def _verdict_row(row: Mapping[str, Any], verdict: Verdict, version: str) -> dict[str, Any]:
    return {
        "problem_id": row["problem_id"],
        "sample_index": row["sample_index"],
        "verifier": version,
        "outcome": str(verdict.outcome),
        "answer": verdict.answer,
        "reason": verdict.reason,
    }
