"""From what tools write as a score to an outcome: 0 and 1, true and false, or above a limit.

A score is taken for a verdict only where that is all it can mean. Any other number needs the limit
above which it counts as correct, which no file says.
"""

import math
from typing import Any

from rlvr.core.records import Outcome
from rlvr_eval.imports.rows import Fault

_WORDS = {"true": 1.0, "false": 0.0}


def outcome(score: Any, correct_above: float | None) -> Outcome:
    """Return the outcome that a score stands for.

    Raises:
        Fault: if it is no number, or one that may mean anything.
    """
    if isinstance(score, str) and score in list(Outcome):
        return Outcome(score)
    number = _number(score)
    if number is None or not math.isfinite(number):
        listed = ", ".join(Outcome)
        raise Fault(f"verdict {score!r:.40}; expected true, false or one of {listed}")
    if correct_above is not None and not isinstance(score, bool):
        return Outcome.CORRECT if number > correct_above else Outcome.WRONG
    if number not in (0, 1):
        listed = ", ".join(Outcome)
        raise Fault(
            f"verdict {score!r:.40}; expected true, false or one of {listed}; of another scale "
            "say from where on it is correct: --correct-above NUMBER"
        )
    return Outcome.CORRECT if number else Outcome.WRONG


def _number(score: Any) -> float | None:
    if isinstance(score, bool | int | float):
        return float(score)
    if not isinstance(score, str):
        return None
    word = score.strip().lower()
    try:
        return _WORDS[word] if word in _WORDS else float(word)
    except ValueError:
        return None
