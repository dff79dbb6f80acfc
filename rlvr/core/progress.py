"""Progress of a stage with the time that is left: a bar on a terminal, sparse lines in a log."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

_LOG_EVERY_S = 20.0


class Stage:
    """Counts units done of a known total and prints a line now and then.

    Args:
        clock: seconds from any moment on.
    """

    def __init__(
        self, title: str, total: int, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.title, self.total, self.done = title, total, 0
        self._found_done = 0
        self._clock = clock
        self._began = self._printed = clock()

    def advance(self, units: int = 1, note: str = "") -> None:
        """Count units as done; `note` is shown behind the numbers."""
        self.done += units
        now = self._clock()
        if now - self._printed >= _LOG_EVERY_S or self.done >= self.total:
            self._printed = now
            left = _written(self.left_s)
            self._print(f"{self.title}: {self.done}/{self.total}, {left} left {note}")

    def show(self, note: str = "") -> None:
        """Print what is done of the total, before there is a pace to tell."""
        self._print(f"{self.title}: {self.done}/{self.total} {note}")

    @property
    def left_s(self) -> float:
        """Seconds that the rest will take if it goes on at the pace so far."""
        took = self._clock() - self._began
        return took / max(self.done - self._found_done, 1) * (self.total - self.done)

    def resume(self, units: int) -> None:
        """Record units finished by an earlier process; they do not count for the current speed."""
        self.done += units
        self._found_done += units

    def extend(self, units: int) -> None:
        """Find that so many units more are to be done; fewer where negative."""
        self.total += units

    def _print(self, line: str) -> None:
        print(line.rstrip(), file=sys.stderr, flush=True)  # noqa: T201


class BarStage(Stage):
    """The same on a terminal: rich's bar."""

    def __init__(self, title: str, total: int) -> None:
        super().__init__(title, total)
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        self._bar = Progress(
            TextColumn("{task.description:<28}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(elapsed_when_finished=False),
            TextColumn("{task.fields[note]}"),
            console=Console(stderr=True),
        )
        self._task = self._bar.add_task(title, total=total, note="")
        self._bar.start()

    def advance(self, units: int = 1, note: str = "") -> None:
        """Move the bar."""
        self.done += units
        self._bar.update(self._task, advance=units, note=note)

    def show(self, note: str = "") -> None:
        """Show the note beside the bar, which is there already."""
        self._bar.update(self._task, note=note)

    def resume(self, units: int) -> None:
        """Put the bar where it was; its speed is measured from there."""
        super().resume(units)
        self._bar.reset(self._task, completed=self.done)

    def extend(self, units: int) -> None:
        """Lengthen the bar."""
        super().extend(units)
        self._bar.update(self._task, total=self.total)

    def close(self) -> None:
        """Leave the finished bar on the screen."""
        self._bar.stop()


@contextmanager
def stage(title: str, total: int) -> Iterator[Stage]:
    """Show the progress of `total` units of work under a title."""
    if not sys.stderr.isatty():
        yield Stage(title, total)
        return
    bar = BarStage(title, total)
    try:
        yield bar
    finally:
        bar.close()


def _written(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
