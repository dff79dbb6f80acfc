"""Who is told how an evaluation goes."""

from typing import Protocol

from rlvr.progress import Stage


class Listener(Protocol):
    """Is told how the work goes; called from several threads."""

    def due(self, draws: int) -> None:
        """So many draws are about to be made."""
        ...

    def stored(self, draws: int) -> None:
        """So many draws are on disk with their verdicts."""
        ...


class Silent:
    """A `Listener` that says nothing."""

    def due(self, draws: int) -> None:
        """Nothing."""

    def stored(self, draws: int) -> None:
        """Nothing."""


class OnBar:
    """Shows draws on a stage's bar, whose length grows as designs ask for more."""

    def __init__(self, bar: Stage) -> None:
        self._bar = bar

    def due(self, draws: int) -> None:
        """The bar gets longer."""
        self._bar.extend(draws)

    def stored(self, draws: int) -> None:
        """The bar fills."""
        self._bar.advance(draws)
