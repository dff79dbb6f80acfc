"""Who is told how an evaluation goes."""

from collections.abc import Sequence
from threading import Lock
from typing import Protocol

from rlvr.core.progress import Stage
from rlvr_eval.plan.evaluation import Extent


class Listener(Protocol):
    """Is told how the work goes; called from several threads."""

    def expects(self, place: int, draws: int) -> None:
        """Announce how many draws the evaluation at this place takes at most, stored ones included.

        The number only falls: designs that look more than once may end a problem early.
        """
        ...

    def stored(self, draws: int) -> None:
        """Report that so many draws are on disk with their verdicts."""
        ...


class Silent:
    """A `Listener` that says nothing."""

    def expects(self, place: int, draws: int) -> None:
        """Do nothing."""

    def stored(self, draws: int) -> None:
        """Do nothing."""


class OnBar:
    """Shows draws on a stage's bar, whose whole length is known before the first of them.

    Args:
        bar: a stage that is empty so far.
        extents: of every evaluation, in the order in which they are worked on.
        world: processes that a launcher started; each shows its share.
    """

    def __init__(self, bar: Stage, extents: Sequence[Extent], *, world: int = 1) -> None:
        self._bar = bar
        self._world = world
        self._most = [extent.most for extent in extents]
        self._lock = Lock()
        adaptive = any(extent.may_end_early for extent in extents)
        self._note = "(at most: problems may end early)" if adaptive else ""
        bar.extend(self._share)
        bar.resume(sum(extent.drawn for extent in extents) // world)
        bar.show(self._note)

    def expects(self, place: int, draws: int) -> None:
        """Shorten the bar where problems ended early."""
        with self._lock:
            before = self._share
            self._most[place] = min(self._most[place], draws)
            if self._share != before:
                self._bar.extend(self._share - before)

    def stored(self, draws: int) -> None:
        """Fill the bar."""
        with self._lock:
            self._bar.advance(draws, self._note)

    @property
    def _share(self) -> int:
        return sum(self._most) // self._world
