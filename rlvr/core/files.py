"""Writing files so that a crash at any byte leaves either the old file or the new one."""

import fcntl
import json
import os
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from rlvr.core.errors import UserError
from rlvr.core.hashing import hex_digest

_UNFINISHED = ".tmp"
_MACHINE = hex_digest(socket.gethostname(), 4)
_ABANDONED_S = 3600.0


def make_folder(folder: Path) -> None:
    """Create a folder and those above it; one that is there is left as it is.

    Raises:
        UserError: where nothing can be created, as below /proc.
        OSError: as `Path.mkdir`, for what is told by its path.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileNotFoundError:
        raise UserError(f"{folder}: no folder can be created there; give another path") from None


def write_atomically(path: Path, data: bytes | str) -> None:
    """Write beside, flush to disk, rename over: readers never see a part of the file."""
    content = data.encode() if isinstance(data, str) else data
    # by machine and by chance, not by process: on a shared file system ids repeat
    beside = path.with_name(f".{path.name}.{_MACHINE}.{uuid.uuid4().hex}{_UNFINISHED}")
    with _locked(beside) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            beside.replace(path)
        except OSError as error:
            # on a full disk a part of a file would keep what little space there is
            beside.unlink(missing_ok=True)
            # a rename that fails would name the file beside
            error.filename, error.filename2 = str(path), None
            raise
    sync_folder(path.parent)


def write_json(path: Path, value: Any) -> None:
    """Write readable JSON atomically."""
    write_atomically(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def remove_unfinished(folder: Path) -> None:
    """Remove what processes that were killed in `write_atomically` have left in a folder.

    A process that lives holds a lock on the file that it is writing. Locks of other machines may
    not be seen here, so their files are removed only when they are old.
    """
    for path in folder.glob(f".*{_UNFINISHED}"):
        with suppress(OSError), path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_ours = f".{_MACHINE}." in path.name
            if is_ours or time.time() - os.fstat(file.fileno()).st_mtime > _ABANDONED_S:
                path.unlink()


@contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    """Create a file and hold a lock on it, where the file system has locks."""
    while True:
        with path.open("wb") as file:
            with suppress(OSError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # between its creation and its lock it looked abandoned, and may have been removed
            if path.exists():
                yield file
                return


def sync_file(path: Path) -> None:
    """Flush a file that something else wrote."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Flush a folder's entries, so that a rename in it survives a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
