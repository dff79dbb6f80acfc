"""A user's own functions as verifiers and rewards, in the pool's workers that can be killed.

A function that raises, hangs, exits or returns something else leaves its completion undecided, as a
fault of any verifier does; the first fault of each kind is told. What it prints goes nowhere.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rlvr.core.errors import UserError
from rlvr.core.records import Attempt, Outcome, Verdict
from rlvr.verifiers.own_source import OwnSource, find
from rlvr.verifiers.time_limit import TIMEOUT_S
from rlvr.verifiers.workers import pool
from rlvr.verifiers.workers.worker import NotStarted

logger = logging.getLogger(__name__)

_WORKER = "rlvr.verifiers.own_worker"
_OUTCOMES: Mapping[str, Outcome] = {
    "correct": Outcome.CORRECT,
    "wrong": Outcome.WRONG,
    "no_answer": Outcome.NO_ANSWER,
    "undecided": Outcome.ERROR,
}


class OwnFunction:
    """A function of the user's: `path/to/file.py:function` or `package.module:function`.

    Raises:
        UserError: if there is no such file or module.
    """

    def __init__(self, written: str, kind: str) -> None:
        self.source: OwnSource = find(written)
        self._kind = kind
        self._told: set[str] = set()

    def start(self) -> None:
        """Start its workers' process, which imports it.

        Raises:
            UserError: if it cannot be imported or called, with the reason and the line.
        """
        try:
            self._pool().start()
        except NotStarted as fault:
            raise UserError(f"{self.source.written}: {_reason(fault.reason)}") from None

    def replies(self, attempts: Sequence[Attempt], timeout_s: float) -> list[pool.Reply]:
        """Return what became of each call."""
        self.start()
        found = self._pool().run([_request(each) for each in attempts], timeout_s=timeout_s)
        replies = [replace(r, reason=_reason(r.reason)) if r.reason else r for r in found]
        for reply in replies:
            if reply.status != "done":
                self._tell(reply.reason or reply.status)
        return replies

    def _tell(self, reason: str) -> None:
        kind = re.sub(r"\d+", "0", reason)[:60]
        if kind not in self._told:
            self._told.add(kind)
            logger.warning("%s: undecided: %s", self.source.written, reason)

    def _pool(self) -> pool.WorkerPool:
        # the digest is part of the task, so that a changed function gets new workers
        return pool.shared(f"{_WORKER}:{self._kind} {self.source.argument()}")


class OwnVerifier:
    """A verifier that calls a function of the user's."""

    def __init__(self, written: str, *, name: str | None = None) -> None:
        self._function = OwnFunction(written, "verifier")
        self.name = name or written
        self.version = self._function.source.version

    def start(self) -> None:
        """Start as `OwnFunction.start` does."""
        self._function.start()

    def verify(self, attempts: Sequence[Attempt], *, timeout_s: float = TIMEOUT_S) -> list[Verdict]:
        """Return verdicts in the order of `attempts`; callable from any thread.

        Raises:
            UserError: if the function cannot be imported or called at all.
        """
        replies = self._function.replies(attempts, timeout_s)
        return [_verdict(*pair) for pair in zip(attempts, replies, strict=True)]


class OwnReward:
    """A reward that calls a function of the user's."""

    def __init__(self, written: str) -> None:
        self._function = OwnFunction(written, "reward")
        self.version = self._function.source.version

    def start(self) -> None:
        """Start as `OwnFunction.start` does."""
        self._function.start()

    def scores(self, attempts: Sequence[Attempt], *, timeout_s: float) -> list[float | str]:
        """Return a number for each attempt, or the reason why there is none."""
        return [
            reply.value if reply.status == "done" else str(reply.reason)
            for reply in self._function.replies(attempts, timeout_s)
        ]


def _reason(reason: str) -> str:
    """Return the worker's own words, without the name of its exception."""
    return reason.removeprefix("Refused: ")


def check_reward(written: str) -> None:
    """Refuse a reward that cannot be imported or called.

    Raises:
        UserError: with the reason.
    """
    OwnReward(written).start()


def _request(attempt: Attempt) -> list[Any]:
    problem = attempt.problem
    by_name = {
        "question": problem.question,
        "kind": problem.kind,
        "images": list(problem.images),
        "truncated": attempt.truncated,
    }
    return [attempt.completion, problem.gold, by_name]


def _verdict(attempt: Attempt, reply: pool.Reply) -> Verdict:
    if reply.status == "done":
        outcome = _OUTCOMES[reply.value["outcome"]]
        if outcome is Outcome.NO_ANSWER and attempt.truncated:
            outcome = Outcome.TRUNCATED
        return Verdict(outcome, reply.value["answer"])
    outcome = Outcome.TIMEOUT if reply.status == "timeout" else Outcome.ERROR
    return Verdict(outcome, None, reply.reason)
