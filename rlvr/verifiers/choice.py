r"""Multiple choice: the marked letter, or the text of the option that it stands for.

Gold: the letter, or {"letter": "B", "choices": ["12", "15", ..]}. Accepted are B, (B), \text{(B)},
"B. 15" and, where the choices are known, "15". A letter inside running text marks nothing.
"""

import re
from collections.abc import Sequence

from rlvr.answers.marked_answer import cut, line_answer, marked_answer
from rlvr.core.records import Attempt, Outcome, Verdict
from rlvr.verifiers.math.notation import canonical
from rlvr.verifiers.time_limit import TIMEOUT_S

_LETTER = re.compile(r"\(?([A-Za-z])(?:[).:,].*)?", re.DOTALL)


class ChoiceVerifier:
    """Compares letters; needs no time limit."""

    name = "choice"
    version = "choice@1"

    def verify(self, attempts: Sequence[Attempt], *, timeout_s: float = TIMEOUT_S) -> list[Verdict]:
        """Return verdicts in the order of `attempts`."""
        return [_verdict(attempt) for attempt in attempts]


def _verdict(attempt: Attempt) -> Verdict:
    gold = attempt.problem.gold
    if isinstance(gold, str):
        gold = {"letter": gold, "choices": []}
    if not isinstance(gold, dict) or not {"letter", "choices"} <= gold.keys():
        return Verdict(Outcome.ERROR, reason=f"the gold of {attempt.problem.id} is not a choice")
    text = cut(attempt.completion)
    answer = line_answer(text) if attempt.answer_in_line else marked_answer(text)
    if answer is None:
        was_cut_off = attempt.truncated and text == attempt.completion
        return Verdict(Outcome.TRUNCATED if was_cut_off else Outcome.NO_ANSWER)
    chosen = _chosen(canonical(answer), [canonical(choice) for choice in gold["choices"]])
    correct = chosen == gold["letter"].upper()
    return Verdict(Outcome.CORRECT if correct else Outcome.WRONG, answer)


def _chosen(answer: str, choices: list[str]) -> str | None:
    """Return the letter that an answer names, None if it names none."""
    # the text first: an option may itself be a letter
    if choices.count(answer) == 1:
        return chr(ord("A") + choices.index(answer))
    named = _LETTER.fullmatch(answer)
    return named[1].upper() if named else None
