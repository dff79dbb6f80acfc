"""Who is told how an evaluation goes."""

from typing import Protocol


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
