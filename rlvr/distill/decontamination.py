"""Training problems that a benchmark also has: shared runs of words, with what was shared.

Only questions are compared; a trace may well use the same words. Words are compared without case,
punctuation and white space. A benchmark's question shorter than n words counts as one run: it must
be the whole of a training question, since a few words alone are shared by unrelated problems.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rlvr.core.records import Problem

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Overlap:
    """A training problem, the benchmark problem it is too close to, and the words they share."""

    problem: Problem
    benchmark_problem_id: str
    shared: str


def words(text: str) -> list[str]:
    """List the words and numbers of a text, in lower case."""
    return _WORD.findall(text.lower())


def overlaps(
    problems: Iterable[Problem], benchmark: Iterable[Problem], *, n: int
) -> Iterator[Overlap]:
    """Yield training problems that share n words in a row, or a whole short question.

    Each is named once, with the first run found.
    """
    runs: dict[str, str] = {}
    whole: dict[str, str] = {}
    for problem in benchmark:
        text = words(problem.question)
        if len(text) < n:
            whole.setdefault(" ".join(text), problem.id)
        for run in _runs(text, n):
            runs.setdefault(run, problem.id)
    for problem in problems:
        text = words(problem.question)
        if (short := " ".join(text)) in whole:
            yield Overlap(problem, whole[short], short)
        elif shared := next((run for run in _runs(text, n) if run in runs), None):
            yield Overlap(problem, runs[shared], shared)


def _runs(text: Sequence[str], n: int) -> Iterator[str]:
    return (" ".join(text[at : at + n]) for at in range(len(text) - n + 1))
