"""The records that every stage hands to the next: Problem, Attempt, Completion, Verdict.

They are plain frozen values. This module imports nothing of ours, so that samplers, verifiers,
training and evaluation can all speak of the same things without importing one another.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

FinishReason = Literal["stop", "length"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One task with a verifiable answer.

    Attributes:
        id: "<benchmark>/<id within it>", unique among everything evaluated together.
        question: what a prompt template puts in place of `{question}`.
        gold: JSON value that the task's verifier checks a completion against.
        kind: stratum reported apart as well as together; empty where a benchmark has none.
        images: paths of the images that belong to the question, in order.
        family: what problems share that are variants of one, such as their template; intervals
            then take families for the independent units. Empty where a problem stands alone.
    """

    id: str
    question: str
    gold: Any
    kind: str = ""
    images: tuple[str, ...] = ()
    family: str = ""


@dataclass(frozen=True, slots=True)
class Completion:
    """One sampled answer text.

    Attributes:
        sample_index: which draw of its problem this is, from 0; the seed follows from it.
        text: the completion without the prompt and without the end-of-sequence token.
        finish_reason: "stop" for an end marker, "length" for the token budget.
        token_ids: as sampled, end-of-sequence included.
        sum_logprob: sum over tokens of log p under the sampled (tempered, truncated) distribution.
    """

    problem_id: str
    sample_index: int
    text: str
    finish_reason: FinishReason
    token_ids: tuple[int, ...] = ()
    sum_logprob: float | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """A completion as a verifier sees it, beside its problem.

    Attributes:
        truncated: the token budget cut it off.
        answer_in_line: its prompt asks for the answer as a last line "Answer: x", so that a box or
            a tag marks none.
    """

    problem: Problem
    completion: str
    truncated: bool = False
    answer_in_line: bool = False


class Outcome(StrEnum):
    """What a verifier found. Only CORRECT earns reward; undecided is never counted as wrong."""

    CORRECT = "correct"
    WRONG = "wrong"
    NO_ANSWER = "no_answer"
    TRUNCATED = "truncated"
    TIMEOUT = "timeout"
    ERROR = "error"

    @property
    def undecided(self) -> bool:
        """True where the verifier itself failed, so that nothing is known of the completion."""
        return self in (Outcome.TIMEOUT, Outcome.ERROR)


@dataclass(frozen=True, slots=True)
class Verdict:
    """An outcome, the answer it was given for, and why, in words for people."""

    outcome: Outcome
    answer: str | None = None
    reason: str | None = None
