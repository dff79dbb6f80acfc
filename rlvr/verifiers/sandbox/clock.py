"""A time limit that does not count the time for which a busy machine kept a program waiting.

A program that is cut off at two seconds of the wall clock is right on an idle machine and wrong on
one that also trains a model. So what the kernel says a process spent ready to run, without a
processor to run on, is given back; up to a point, after which nothing is known of the program. A
process that has had its limit of processor time gets nothing back, so that threads of its own which
keep each other waiting do not count as a busy machine.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

_MOST_GIVEN_BACK = 9


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process has had of the machine, in seconds since its start.

    Attributes:
        ran_s: on a processor, all threads together.
        waited_s: ready to run, without a processor; the main thread alone.
    """

    ran_s: float = 0.0
    waited_s: float = 0.0


class Clock:
    """Seconds left to a process; they pass only while the clock is entered.

    Args:
        limit_s: seconds at the start.
        usage: tells what the process has had so far.
    """

    def __init__(self, limit_s: float, usage: Callable[[], Usage]) -> None:
        self.limit_s = limit_s
        self._usage = usage
        self._left_s = limit_s
        self._before = Usage()
        self._given_back_s = 0.0
        self._since: float | None = None

    def __enter__(self) -> Self:
        self._since = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        self._left_s -= self._running_s()
        self._since = None

    def refill(self) -> None:
        """Start again with the whole limit."""
        self._left_s, self._given_back_s = self.limit_s, 0.0
        self._before = self._usage()

    def left_s(self) -> float:
        """Return the seconds left, zero or less when the limit is used up."""
        left_s = self._left_s - self._running_s()
        if left_s > 0:
            return left_s
        more_s = max(self._kept_waiting_s() - self._given_back_s, 0.0)
        self._left_s += more_s
        self._given_back_s += more_s
        return left_s + more_s

    @property
    def starved(self) -> bool:
        """True where the machine was so busy that running out of time says nothing."""
        return self._given_back_s >= _MOST_GIVEN_BACK * self.limit_s

    def _kept_waiting_s(self) -> float:
        """Return the seconds of the limit that the machine, not the process, has used up."""
        usage = self._usage()
        if usage.ran_s - self._before.ran_s >= self.limit_s:
            return 0.0
        return min(usage.waited_s - self._before.waited_s, _MOST_GIVEN_BACK * self.limit_s)

    def _running_s(self) -> float:
        return 0.0 if self._since is None else time.monotonic() - self._since
