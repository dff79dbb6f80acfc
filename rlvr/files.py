"""Writing files so that a crash at any byte leaves either the old file or the new one."""

import json
import os
import uuid
from pathlib import Path
from typing import Any


def write_atomically(path: Path, data: bytes | str) -> None:
    """Write beside, flush to disk, rename over: readers never see a part of the file."""
    # not the process id: on a shared file system two machines have the same ones
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    write_synced(beside, data.encode() if isinstance(data, str) else data)
    beside.replace(path)
    sync_folder(path.parent)


def write_json(path: Path, value: Any) -> None:
    """`write_atomically` of readable JSON."""
    write_atomically(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_synced(path: Path, content: bytes) -> None:
    """Write a file and wait until the disk has it; one that could not be written is removed."""
    try:
        with path.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        # on a full disk a part of a file would keep what little space there is
        path.unlink(missing_ok=True)
        error.filename = error.filename or str(path)
        raise


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
