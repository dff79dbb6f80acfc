"""Countdown: every written step is checked, not only the last number.

Correct means: each step's arithmetic is right, each step uses numbers that are still there (given
ones or earlier results, each exactly once), nothing is left over, and the last result is the
target. The answer recorded is the last result, so that a right target by a wrong way shows.
"""

import re
from collections import Counter
from collections.abc import Sequence

from rlvr.core.records import Attempt, Outcome, Verdict
from rlvr.verifiers.time_limit import TIMEOUT_S

_STEP = re.compile(r"(\d{1,9}) ([-+*/]) (\d{1,9}) = (\d{1,9})")


class CountdownVerifier:
    """Gold: {"numbers": [int, ..], "target": int}."""

    name = "countdown"
    version = "countdown@1"

    def verify(self, attempts: Sequence[Attempt], *, timeout_s: float = TIMEOUT_S) -> list[Verdict]:
        """Return verdicts in order; no time limit is needed for a handful of integers."""
        return [_verdict(attempt) for attempt in attempts]


def _verdict(attempt: Attempt) -> Verdict:
    steps = [_STEP.fullmatch(part.strip()) for part in attempt.completion.split(";")]
    if attempt.truncated:
        return Verdict(Outcome.TRUNCATED, reason="cut off by the token budget")
    if not any(steps):
        return Verdict(Outcome.NO_ANSWER, reason="no step of the form 'a + b = c'")
    last = steps[-1]
    answer = last[4] if last else None
    fault = _first_fault([step.groups() if step else None for step in steps], attempt.problem.gold)
    return Verdict(Outcome.WRONG if fault else Outcome.CORRECT, answer, fault)


def _first_fault(steps: Sequence[tuple[str, ...] | None], gold: dict[str, object]) -> str | None:
    """Describe the first faulty step, or return None."""
    numbers = gold["numbers"]
    assert isinstance(numbers, list)
    pool, result = Counter(numbers), None
    for at, step in enumerate(steps, start=1):
        if step is None:
            return f"step {at} is not of the form 'a + b = c'"
        left, right, result = int(step[0]), int(step[2]), int(step[3])
        for operand in (left, right):
            if pool[operand] == 0:
                return f"step {at} uses {operand}, which is not there"
            pool[operand] -= 1
        if not _holds(left, step[1], right, result):
            return f"step {at} is false: {left} {step[1]} {right} is not {result}"
        pool[result] += 1
    if pool.total() != 1:
        return f"{pool.total() - 1} numbers are left over"
    return None if result == gold["target"] else f"reaches {result}, not {gold['target']}"


def _holds(left: int, operator: str, right: int, result: int) -> bool:
    match operator:
        case "+":
            return left + right == result
        case "-":
            return left - right == result
        case "*":
            return left * right == result
        case _:
            return right != 0 and left == result * right
