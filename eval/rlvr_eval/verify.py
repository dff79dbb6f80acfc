"""Completions of an evaluation as its verifier sees them."""

from collections.abc import Mapping, Sequence

from rlvr import prompts
from rlvr.records import Attempt, Completion, Problem, Verdict
from rlvr.verifiers import Verifier

VERIFY_TIMEOUT_S = 2.0


def verify(
    verifier: Verifier,
    completions: Sequence[Completion],
    problems: Mapping[str, Problem],
    prompt: str,
) -> list[Verdict]:
    """A verdict per completion, in order.

    Args:
        problems: by id; every completion's problem is among them.
        prompt: the template, whose end markers end a completion.
    """
    attempts = [_attempt(completion, problems, prompt) for completion in completions]
    return verifier.verify(attempts, timeout_s=VERIFY_TIMEOUT_S)


def _attempt(completion: Completion, problems: Mapping[str, Problem], prompt: str) -> Attempt:
    """The completion up to its first end marker; only what has none can be truncated."""
    text = prompts.cut(completion.text, prompt)
    ran_out = completion.finish_reason == "length" and len(text) == len(completion.text)
    return Attempt(problems[completion.problem_id], text, truncated=ran_out)
