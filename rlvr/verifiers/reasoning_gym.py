"""Tasks of the reasoning-gym package, scored by the task's own `score_answer`.

Correct is a score of 1; the package's partial credit is a reason, not a verdict. The answer is what
stands in <answer> tags, as the package asks for, or else in the last box. Scoring runs in workers
that can be killed: some tasks evaluate the answer as an expression.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from rlvr.answers.marked_answer import cut, last_boxed, last_tagged
from rlvr.core.records import Attempt, Outcome, Verdict
from rlvr.verifiers.reasoning_gym_tasks import reasoning_gym_entries
from rlvr.verifiers.time_limit import TIMEOUT_S
from rlvr.verifiers.workers import pool

_TASK = "rlvr.verifiers.reasoning_gym:score"


class ReasoningGymVerifier:
    """Gold: {"task", "seed", "size", "index"}, as `rlvr.tasks.problems` makes it."""

    name = "reasoning_gym"
    version = "reasoning_gym@1"

    def verify(self, attempts: Sequence[Attempt], *, timeout_s: float = TIMEOUT_S) -> list[Verdict]:
        """Return verdicts in the order of `attempts`; callable from any thread."""
        verdicts: list[Verdict | None] = [None] * len(attempts)
        requests: dict[int, list[Any]] = {}
        for index, attempt in enumerate(attempts):
            text = cut(attempt.completion)
            answer = last_tagged(text)
            answer = last_boxed(text) if answer is None else answer
            if answer is None:
                was_cut_off = attempt.truncated and text == attempt.completion
                verdicts[index] = Verdict(
                    Outcome.TRUNCATED if was_cut_off else Outcome.NO_ANSWER,
                    reason="no <answer> .. </answer> and no \\boxed{..}",
                )
            else:
                requests[index] = [attempt.problem.gold, answer]
        if requests:
            replies = pool.shared(_TASK).run(list(requests.values()), timeout_s=timeout_s)
            for (index, (_, answer)), reply in zip(requests.items(), replies, strict=True):
                verdicts[index] = _verdict(answer, reply)
        return [verdict for verdict in verdicts if verdict is not None]


def _verdict(answer: str, reply: pool.Reply) -> Verdict:
    if reply.status == "done":
        correct = reply.value >= 1.0
        reason = None if correct else f"scores {reply.value:g} of 1"
        return Verdict(Outcome.CORRECT if correct else Outcome.WRONG, answer, reason)
    outcome = Outcome.TIMEOUT if reply.status == "timeout" else Outcome.ERROR
    return Verdict(outcome, answer, reply.reason)


def score(request: list[Any]) -> float:
    """Score [gold, answer] in [0, 1]; runs in a worker."""
    gold, answer = request
    entries = _entries(gold["task"], gold["seed"], gold["size"])
    return float(entries.score_answer(answer=answer, entry=entries[gold["index"]]))


@lru_cache(maxsize=16)
def _entries(task: str, seed: int, size: int) -> Any:
    return reasoning_gym_entries(task, seed, size)


def warm_up() -> None:
    """Load the package before any worker is forked."""
    _entries("chain_sum", 0, 1)
