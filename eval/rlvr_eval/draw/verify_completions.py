"""Verdicts on completions of an evaluation."""

from collections.abc import Mapping, Sequence

from rlvr.answers.attempts import Ends, attempt
from rlvr.core.records import Completion, Problem, Verdict
from rlvr.verifiers import Verifier


def verify(
    verifier: Verifier,
    completions: Sequence[Completion],
    problems: Mapping[str, Problem],
    ends: Ends,
    *,
    timeout_s: float,
) -> list[Verdict]:
    """Return a verdict per completion, in order.

    Args:
        problems: by id; every completion's problem is among them.
        ends: what ends the model's completions under their template.
        timeout_s: for one completion.
    """
    attempts = [
        attempt(
            problems[completion.problem_id],
            completion.text,
            ends,
            ran_out=completion.finish_reason == "length",
            ids=completion.token_ids,
        )
        for completion in completions
    ]
    return verifier.verify(attempts, timeout_s=timeout_s)
