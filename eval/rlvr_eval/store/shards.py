"""Immutable Parquet files that are there whole or not at all, and whose names betray any change.

A shard's name ends in the digest of its bytes, so whatever happens to it later (a truncated copy, a
flipped bit in header, page or footer) is seen when it is read, whichever byte it hits. It is
written under another name, flushed and renamed, so a crash leaves no part of one that could be
taken for a shard, and any number of writers may share a folder. A damaged shard is moved aside and
named on the log, never deleted.

This module knows nothing of what the columns mean.
"""

import logging
import os
import time
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from rlvr.core.files import make_folder, write_atomically
from rlvr.core.hashing import hex_digest, streamed

logger = logging.getLogger(__name__)

_DIGEST_BYTES = 8
_DIGEST_LENGTH = 2 * _DIGEST_BYTES
SUFFIX = ".parquet"


class DamagedShard(Exception):
    """The bytes of a shard are not those that were written."""


@dataclass(frozen=True, slots=True)
class Shard:
    """A table as it will lie on disk."""

    name: str
    content: bytes


def encode(table: pa.Table, prefix: str = "") -> Shard:
    """Encode a table as a shard, whose name sorts by prefix, then by time of writing."""
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    content = sink.getvalue().to_pybytes()
    return Shard(f"{prefix}{time.time_ns():020d}-{_digest(content)}{SUFFIX}", content)


def write(folder: Path, shard: Shard) -> None:
    """Put a shard in place; when this returns, it survives a power cut."""
    make_folder(folder)
    write_atomically(folder / shard.name, shard.content)


def listed(folder: Path) -> list[Path]:
    """List the shards of a folder by name, which is by time; none if there is no folder."""
    return sorted(folder.glob(f"*{SUFFIX}"))


def read(path: Path) -> pa.Table:
    """Read the table of a shard.

    Raises:
        DamagedShard: if its bytes are not those that were written.
        FileNotFoundError: if another process has set it aside meanwhile.
    """
    # the bytes belong to Arrow and are read on this thread alone (`pq.read_table` starts threads
    # even where it is told not to): a thread that lets go of a Python object while the interpreter
    # ends aborts the process
    with path.open("rb") as file:
        content = pa.allocate_buffer(os.fstat(file.fileno()).st_size)
        file.readinto(memoryview(content))
    if _digest(content) != _named_digest(path):
        raise DamagedShard(f"{content.size} bytes without the digest of its name")
    return pq.ParquetFile(pa.BufferReader(content)).read(use_threads=False)


def check(path: Path) -> None:
    """Compare a shard's bytes with its name, without holding them in memory.

    Raises:
        DamagedShard, FileNotFoundError: as `read`.
    """
    with path.open("rb") as file:
        found = file_digest(file, lambda: streamed(_DIGEST_BYTES)).hexdigest()
    if found != _named_digest(path):
        raise DamagedShard(f"{path.stat().st_size} bytes without the digest of its name")


def set_aside(path: Path, place: Path, reason: str) -> None:
    """Move a damaged shard away and name it; harmless where another process was first."""
    place.mkdir(parents=True, exist_ok=True)
    try:
        path.rename(place / path.name)
    except FileNotFoundError:
        return
    logger.warning("%s is damaged (%s); set aside in %s", path.name, reason, place)


def _digest(content: bytes | pa.Buffer) -> str:
    return hex_digest(memoryview(content), _DIGEST_BYTES)


def _named_digest(path: Path) -> str:
    return path.stem[-_DIGEST_LENGTH:]
