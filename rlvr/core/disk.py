"""A full disk, known by whatever a library makes of it, and told in one line.

A write that finds no space is an OSError in Python, a SafetensorError in safetensors, and in
torch.save a RuntimeError about positions in a file that names no cause. `told` turns each of them
into a `DiskFull`, which says which disk, what is free, what is needed and what to do. Nothing is
freed here; `needed` may clear away what the failed write left behind.
"""

import errno
import os
import shutil
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rlvr.core.errors import UserError

_SHORTAGES = (errno.ENOSPC, errno.EDQUOT)
# of torch's C++ writer, which says where it failed and not why
_TORCH_WRITER = ("inline_container", "PytorchStreamWriter")
_PROBE_BYTES = 2**20


class DiskFull(UserError):
    """A write found no space; the message says where, and how much is needed."""

    exit_code = 1


@contextmanager
def told(folder: Path | None = None, needed: Callable[[], str] | None = None) -> Iterator[None]:
    """Raise `DiskFull` in place of any failure that a full disk has caused.

    Args:
        folder: what is written to; None where it is not known beforehand.
        needed: asked once a write has failed; a clause on what needs how much space.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        shortage = _shortage(error, folder)
        if shortage is None:
            raise
        place = _place(error, folder)
        for each in _with_causes(error):
            # a writer that lives on in a frame would keep the file that it could not finish
            traceback.clear_frames(each.__traceback__)
        # asked before free space is read: it may clear away what the failed write left behind
        clause = f"; {needed()}" if needed else ""
        where = _where(shortage, place)
        raise DiskFull(f"{where}{clause}. Free space and run the same command again") from None


def size(count: float) -> str:
    """Write a number of bytes for people: "10.2 MiB"."""
    units = ("B", "KiB", "MiB", "GiB", "TiB")
    power = min(max(int(count).bit_length() - 1, 0) // 10, len(units) - 1)
    return f"{count / 1024**power:.{min(power, 1)}f} {units[power]}"


def free(folder: Path) -> int:
    """Return the bytes that are free where a folder is or would be created."""
    there = next(place for place in (folder, *folder.absolute().parents) if place.is_dir())
    return shutil.disk_usage(there).free


def is_shortage(error: BaseException) -> bool:
    """Return whether an error, or one of its causes, says that a disk is full."""
    return _shortage(error, None) is not None


def refuses(folder: Path) -> bool:
    """Return whether a folder takes not even a small file: free space says nothing about quotas."""
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(bytes(_PROBE_BYTES))
            probe.flush()
            os.fsync(probe.fileno())
    except OSError as error:
        return error.errno in _SHORTAGES
    return False


def _shortage(error: BaseException, folder: Path | None) -> int | None:
    """Return ENOSPC or EDQUOT if the error or one of its causes says so."""
    for each in _with_causes(error):
        if isinstance(each, OSError) and each.errno in _SHORTAGES:
            return each.errno
        for number in _SHORTAGES:
            if os.strerror(number) in str(each):
                return number
        if folder and any(name in str(each) for name in _TORCH_WRITER) and refuses(folder):
            return errno.ENOSPC
    return None


def _place(error: BaseException, folder: Path | None) -> Path | None:
    """Return the folder whose disk is full: the first written folder that takes no more data."""
    files = (getattr(each, "filename", None) for each in _with_causes(error))
    named = [folder] if folder else []
    named += [Path(str(file)).parent for file in files if file]
    others = [Path.cwd(), Path(os.environ.get("TMPDIR", "/tmp")), Path.home() / ".cache"]
    full = (place for place in (*named, *others) if place.is_dir() and refuses(place))
    # a large file may find no room where a small one still does
    return next(full, named[0] if named else None)


def _where(shortage: int, place: Path | None) -> str:
    if place is None:
        return "no space is left on a disk that is written to"
    if shortage == errno.EDQUOT:
        return f"your quota on the disk of {place} is used up"
    return f"no space is left on the disk of {place} ({size(shutil.disk_usage(place).free)} free)"


def _with_causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error, then the exceptions it was raised from or while handling."""
    at: BaseException | None = error
    while at is not None:
        yield at
        at = at.__cause__ or at.__context__
