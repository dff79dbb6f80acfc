"""One training at a time in a run directory.

Two trainings would take each other's checkpoints for half-written ones and mix their metrics. The
lock is the kernel's, on the file `training.lock`: it ends with the process that holds it, however
that ends, and is not passed on to processes that are forked from it. The file says who holds it.
"""

import errno
import fcntl
import json
import logging
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from rlvr.core.errors import UserError
from rlvr.core.files import make_folder
from rlvr.runs.run_directory import Run

logger = logging.getLogger(__name__)

FILE = "training.lock"
_HELD = (errno.EACCES, errno.EAGAIN)
_UNKNOWN_HERE = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


class BeingTrained(UserError):
    """Another process trains in the run directory."""


@dataclass(frozen=True, slots=True)
class _Holder:
    """The process that holds a lock, as far as the lock's file tells."""

    host: str
    pid: int
    since: str

    def is_parent(self) -> bool:
        """Return whether this process is the holder's child, which trains on its behalf."""
        return (self.host, self.pid) == (socket.gethostname(), os.getppid())


class TrainingLock:
    """The right to train in a run directory, as a context manager.

    The directory is made where it is missing, and removed again if nothing else came into it. The
    same is true of the folders above it, of which those that were there before stay.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._path = run.path / FILE
        self._file: BinaryIO | None = None
        self._made: list[Path] = []

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    def acquire(self) -> None:
        """Take the lock, or go without where a parent process holds it for this one.

        Raises:
            BeingTrained: if another process holds it; the message says which.
        """
        while self._file is None:
            self._made = self._made or [at for at in self._run.path.parents if not at.exists()]
            make_folder(self._run.path)
            try:
                file = self._path.open("a+b")
            except FileNotFoundError:  # a refused training has just removed the directory
                continue
            try:
                if not self._take(file):
                    return
            except BaseException:
                file.close()
                raise

    def release(self) -> None:
        """Give the lock up."""
        if self._file is not None:
            self._path.unlink(missing_ok=True)
            self._file.close()
            self._file = None
            with suppress(OSError):  # not empty, which is the usual case
                for folder in (self._run.path, *self._made):
                    folder.rmdir()

    def _take(self, file: BinaryIO) -> bool:
        """Lock an open file; False where a parent has it. Stays without where it was replaced."""
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _UNKNOWN_HERE:
                logger.warning(
                    "%s: this file system has no locks; do not train this run twice at a time",
                    self._run.path,
                )
            elif error.errno in _HELD:
                return self._refuse_unless_parent(file)
            else:
                raise
        if not _is_in_place(file, self._path):
            file.close()
            return True
        _write_holder(file)
        self._file = file
        return True

    def _refuse_unless_parent(self, file: BinaryIO) -> bool:
        holder = _read_holder(file)
        file.close()
        if holder and holder.is_parent():
            return False
        who = (
            f"process {holder.pid} on {holder.host}, since {holder.since}"
            if holder
            else "another process"
        )
        raise BeingTrained(
            f"{self._run.path} is being trained already, by {who}; wait until it has ended, stop "
            "it, or train under another name=.."
        )


def _is_in_place(file: BinaryIO, path: Path) -> bool:
    """Return whether the open file still has that name: the last holder may have removed it."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _write_holder(file: BinaryIO) -> None:
    holder = {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    # on a full disk the lock holds all the same; it is the next write that has to tell
    with suppress(OSError):
        os.truncate(file.fileno(), 0)
        os.write(file.fileno(), json.dumps(holder).encode())


def _read_holder(file: BinaryIO) -> _Holder | None:
    try:
        file.seek(0)
        told: dict[str, Any] = json.loads(file.read())
        return _Holder(str(told["host"]), int(told["pid"]), str(told["since"]))
    except (ValueError, KeyError, TypeError):
        return None  # it has just been taken
