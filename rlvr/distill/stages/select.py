"""Stage `select`: which verified traces are trained on, and why the others are not.

A trace is kept if it is correct, its problem is no benchmark's, it fits the length limits, it is
not the same text as an earlier one of its problem, and its problem has not enough already. Among
equals the first by sample index is kept, not the first that came: short completions come first.
Nothing is dropped silently: dropped.jsonl has a line for each trace, contaminated.jsonl for each
problem that a benchmark has too.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from rlvr.core.errors import UserError
from rlvr.core.hashing import hex_digest
from rlvr.core.progress import stage
from rlvr.core.records import Outcome, Problem
from rlvr.distill.decontamination import Overlap, overlaps
from rlvr.distill.folder import Draw, Folder, draw_of, write_lines
from rlvr.distill.stages.verify import outcomes
from rlvr.distill.student import Student
from rlvr.distill.teachers.protocol import section_of
from rlvr.recipes.distill_section import Selection
from rlvr.recipes.recipe import Recipe
from rlvr.tasks import problem_sources
from rlvr.tasks.problem_section import ProblemSource
from rlvr.tasks.problem_sources import NOTHING_VERIFIED

KEPT = "kept"
CONTAMINATED = "contaminated"
TOO_SHORT, TOO_LONG = "too_short", "too_long"
DUPLICATE = "duplicate"
ENOUGH = "enough_of_its_problem"
UNVERIFIED = "unverified"
_OF_CORRECT = (KEPT, TOO_SHORT, TOO_LONG, DUPLICATE, ENOUGH)

_BATCH = 256


@dataclass(frozen=True, slots=True)
class Candidate:
    """A trace as far as it is decided on.

    Attributes:
        outcome: None where no verdict is there.
        tokens: of the completion, end marker included.
        total_tokens: with its prompt.
        text: hash of the completion without regard to white space.
    """

    draw: Draw
    outcome: Outcome | None
    tokens: int = 0
    total_tokens: int = 0
    text: str = ""


def choose(recipe: Recipe, folder: Folder) -> Counter[str]:
    """Decide on every trace; how many were kept, and how many dropped for each reason.

    Raises:
        UserError: if nothing is left, saying why; or if a benchmark cannot be had.
    """
    folder.teacher()
    settings = section_of(recipe).select
    problems = folder.problems()
    shared = contamination(recipe, list(problems.values()))
    student = Student(recipe)
    by_problem = _by_problem(recipe, folder, problems, student)
    longest = min(filter(None, (settings.max_tokens, student.max_tokens)), default=None)
    decisions = [
        (draw, CONTAMINATED if name in shared and reason in _OF_CORRECT else reason)
        for name in problems
        for draw, reason in decide(by_problem[name], settings, longest)
    ]
    write_lines(folder.contaminated, map(_overlap_row, shared.values()))
    write_lines(folder.dropped, [_row(*one) for one in decisions if one[1] != KEPT])
    write_lines(folder.selected, [_row(*one) for one in decisions if one[1] == KEPT])
    counts = Counter(reason for _, reason in decisions)
    if not counts[KEPT]:
        raise UserError(_nothing_left(folder, counts, len(problems)))
    return counts


def decide(
    candidates: Sequence[Candidate], settings: Selection, longest: int | None
) -> Iterator[tuple[Draw, str]]:
    """Yield KEPT or the reason against it for each trace of one problem, by sample index.

    Args:
        longest: tokens of prompt and completion; None for any number.
    """
    kept: set[str] = set()
    for candidate in sorted(candidates, key=lambda one: one.draw):
        reason = _fault(candidate, settings.min_tokens, longest)
        if reason is None and candidate.text in kept:
            reason = DUPLICATE
        if reason is None and len(kept) == settings.per_problem:
            reason = ENOUGH
        if reason is None:
            kept.add(candidate.text)
        yield candidate.draw, reason or KEPT


def contamination(recipe: Recipe, problems: Sequence[Problem]) -> dict[str, Overlap]:
    """Find the training problems that are too close to a problem of a benchmark, by id."""
    settings = section_of(recipe).select
    sources = list(settings.decontaminate)
    if recipe.evaluation is not None:
        sources += recipe.evaluation.benchmarks
    held_out = [problem for source in sources for problem in _load(source)]
    return {found.problem.id: found for found in overlaps(problems, held_out, n=settings.ngram)}


def _load(source: ProblemSource) -> list[Problem]:
    """Load the whole benchmark: its limit applies to evaluation, not to decontamination."""
    whole = source.model_copy(update={"limit": None})
    return problem_sources.load(whole, verifier=NOTHING_VERIFIED)


def _fault(candidate: Candidate, shortest: int, longest: int | None) -> str | None:
    if candidate.outcome is not Outcome.CORRECT:
        return str(candidate.outcome or UNVERIFIED)
    if candidate.tokens < shortest:
        return TOO_SHORT
    if longest is not None and candidate.total_tokens > longest:
        return TOO_LONG
    return None


def _by_problem(
    recipe: Recipe, folder: Folder, problems: dict[str, Problem], student: Student
) -> dict[str, list[Candidate]]:
    """Group the traces by problem; measure only correct ones."""
    verdicts = outcomes(recipe, folder)
    found: dict[str, list[Candidate]] = defaultdict(list)
    correct = []
    for place, row in folder.traces.placed_rows():
        draw = draw_of(row)
        if draw[0] not in problems:
            continue
        if verdicts.get(draw) is Outcome.CORRECT:
            correct.append(place)
        else:
            found[draw[0]].append(Candidate(draw, verdicts.get(draw)))
    rows = folder.traces.at(correct)
    with stage("select", len(correct)) as bar:
        while batch := list(islice(rows, _BATCH)):
            for candidate in _measured(batch, problems, student):
                found[candidate.draw[0]].append(candidate)
            bar.advance(len(batch))
    return found


def _measured(
    rows: Sequence[dict[str, Any]], problems: dict[str, Problem], student: Student
) -> Iterator[Candidate]:
    prompts = student.prompt_lengths([student.prompt(problems[row["problem_id"]]) for row in rows])
    texts = [student.completion(row["text"]) for row in rows]
    for row, prompt, tokens, text in zip(rows, prompts, student.lengths(texts), texts, strict=True):
        digest = hex_digest(" ".join(text.split()), 16)
        yield Candidate(draw_of(row), Outcome.CORRECT, tokens, prompt + tokens, digest)


def _row(draw: Draw, reason: str) -> dict[str, Any]:
    row = {"problem_id": draw[0], "sample_index": draw[1]}
    return row if reason == KEPT else {**row, "reason": reason}


def _overlap_row(overlap: Overlap) -> dict[str, Any]:
    return {
        "problem_id": overlap.problem.id,
        "question": overlap.problem.question,
        "benchmark_problem_id": overlap.benchmark_problem_id,
        "shared": overlap.shared,
    }


def _nothing_left(folder: Folder, counts: Counter[str], problems: int) -> str:
    """Say whether the teacher failed or the settings left nothing."""
    teacher = folder.teacher()["teacher"]
    traces = f"{counts.total()} traces of {problems} problems"
    reasons = ", ".join(f"{number} {reason}" for reason, number in counts.most_common())
    failed = {str(outcome) for outcome in Outcome} | {UNVERIFIED}
    if counts.keys() <= failed:
        return (
            f"teacher {teacher} solved nothing: {traces}, {reasons or 'none made'}; there is "
            f"nothing to train on. Look at {folder.traces.path}: is the answer in the form that "
            "the verifier asks for, and max_completion_tokens enough?"
        )
    return (
        f"nothing is left to train on: {traces} by {teacher}, {reasons}; loosen distill.select "
        f"(dropped traces: {folder.dropped}, problems that benchmarks have: {folder.contaminated})"
    )
