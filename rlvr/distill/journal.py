"""An append-only file of JSON lines that survives being killed in the middle of one.

A row has reached the operating system when `append` returns, so no kill of the process loses it;
it reaches the disk within about a second, so a power cut loses little. A line that was cut off is
taken away before the next is written. Only one process may write; the lock goes with its process.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from rlvr.core.errors import UserError
from rlvr.core.files import make_folder

Row = Mapping[str, Any]

_SYNC_EVERY_S = 1.0


class Journal:
    """Rows in the order they were appended. Reading needs no `with`; writing does."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO | None = None
        self._synced = 0.0

    def __enter__(self) -> Self:
        """Take the lock, and take away a line that was cut off.

        Raises:
            UserError: if another process is writing.
        """
        make_folder(self.path.parent)
        file = self.path.open("a+b")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise UserError(
                f"{self.path}: another process is writing it; wait for it, or name another run"
            ) from None
        _drop_torn_line(file)
        self._file = file
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._file is not None
        os.fsync(self._file.fileno())
        self._file.close()
        self._file = None

    def append(self, row: Row) -> None:
        """Add a row; it survives the process from here on."""
        assert self._file is not None, "append() within `with journal:`"
        self._file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
        self._file.flush()
        if time.monotonic() - self._synced > _SYNC_EVERY_S:
            os.fsync(self._file.fileno())
            self._synced = time.monotonic()

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield every complete row; none if there is no file."""
        return (row for _, row in self.placed_rows())

    def placed_rows(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Yield every complete row with its place in the file, from which `at` reads it again.

        Raises:
            UserError: if a line other than a cut-off last one is no JSON.
        """
        if not self.path.is_file():
            return
        place = 0
        with self.path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.endswith(b"\n"):
                    yield place, self._row(line, number)
                place += len(line)

    def at(self, places: Iterable[int]) -> Iterator[dict[str, Any]]:
        """Yield the rows at places that `placed_rows` gave, in the order asked for."""
        with self.path.open("rb") as file:
            for place in places:
                file.seek(place)
                yield json.loads(file.readline())

    def _row(self, line: bytes, number: int) -> dict[str, Any]:
        try:
            return dict(json.loads(line))
        except (ValueError, TypeError):
            raise UserError(
                f"{self.path}, line {number}: damaged; delete that line and run again"
            ) from None


def _drop_torn_line(file: BinaryIO) -> None:
    """Cut the file behind its last line break."""
    end = file.seek(0, os.SEEK_END)
    while end:
        start = max(0, end - 65536)
        file.seek(start)
        at = file.read(end - start).rfind(b"\n")
        if at >= 0:
            file.truncate(start + at + 1)
            return
        end = start
    file.truncate(0)
