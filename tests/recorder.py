"""A verifier that notes the time limits that it is given, and asks the real one."""

from collections.abc import Sequence
from typing import ClassVar

from rlvr.core.records import Attempt, Verdict
from rlvr.verifiers.countdown import CountdownVerifier


class Recorder(CountdownVerifier):
    """Countdown's, under its name."""

    limits_s: ClassVar[list[float]] = []

    def verify(self, attempts: Sequence[Attempt], *, timeout_s: float = -1.0) -> list[Verdict]:
        self.limits_s.append(timeout_s)
        return super().verify(attempts, timeout_s=timeout_s)
