r"""Rewards from verdicts, and what may be added to them: pure functions of one completion.

Correctness is the study's only reward, r in {0, 1} (Yue et al. 2025, section 2.1). A format reward
and DAPO's overlong penalty are options; they are logged apart and never enter pass@k. A verdict
that was not reached is no reward at all, and too many of them stop the run: training on what a
broken verifier says is training on noise. An undecided completion has advantage 0, more than a
wrong one among right ones; that no policy learns to be undecided is up to the verifiers, which call
wrong what is too large or too costly to evaluate, and `max_undecided_share` bounds what is left.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Literal

from rlvr.answers.marked_answer import last_boxed
from rlvr.core.errors import UserError
from rlvr.core.records import Outcome, Verdict

__all__ = ["FormatStyle", "correctness", "format_reward", "overlong_penalty", "refuse_undecided"]

FormatStyle = Literal["tags", "box"]

_TAGS = re.compile(
    r"\s*<think>(?:(?!</?(?:think|answer)>).)*</think>"
    r"\s*<answer>(?:(?!</?(?:think|answer)>).)*</answer>\s*",
    re.DOTALL,
)


def correctness(verdict: Verdict) -> float | None:
    """Return 1.0 for `correct`, None for an undecided verdict, 0.0 for every other."""
    if verdict.outcome.undecided:
        return None
    return float(verdict.outcome is Outcome.CORRECT)


def format_reward(completion: str, style: FormatStyle) -> float:
    r"""Return 1.0 if the completion has the form that its prompt asks for, otherwise 0.0.

    tags: `<think> .. </think> <answer> .. </answer>`, once each, and nothing else around them.
    box: a \boxed{..} whose braces close.
    """
    if style == "tags":
        return float(_TAGS.fullmatch(completion) is not None)
    return float(last_boxed(completion) is not None)


def overlong_penalty(completion_tokens: int, *, max_tokens: int, buffer_tokens: int) -> float:
    """Compute the penalty in [-1, 0] near the token budget: DAPO, arXiv 2503.14476, eq. 13.

    Nothing up to `max_tokens - buffer_tokens`, then falling linearly to -1 at `max_tokens` and
    beyond. It is added to the correctness reward; groups are filtered before it.

    Raises:
        ValueError: if the buffer is not within 1 .. max_tokens.
    """
    if not 0 < buffer_tokens <= max_tokens:
        raise ValueError(f"buffer_tokens {buffer_tokens}; expected 1 .. max_tokens ({max_tokens})")
    over = completion_tokens - (max_tokens - buffer_tokens)
    return -min(max(over / buffer_tokens, 0.0), 1.0)


def refuse_undecided(verdicts: Sequence[Verdict], *, max_share: float) -> int:
    """Count undecided verdicts; refuse if their share of the batch exceeds `max_share`.

    Raises:
        UserError: if it is larger, with the reason that was given most often.
    """
    undecided = [verdict for verdict in verdicts if verdict.outcome.undecided]
    if len(undecided) <= max_share * len(verdicts):
        return len(undecided)
    reasons = Counter(verdict.reason or verdict.outcome for verdict in undecided)
    reason, count = reasons.most_common(1)[0]
    raise UserError(
        f"the verifier did not decide {len(undecided)} of {len(verdicts)} completions "
        f"({len(undecided) / len(verdicts):.0%}; at most {max_share:.0%} are allowed), "
        f"{count} of them with: {reason}. Training would go on noise: correct the cause, or allow "
        "a larger share"
    )
