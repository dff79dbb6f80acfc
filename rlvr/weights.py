"""What identifies a set of weights: a hash over its tensors, whatever files they lie in.

The hash covers sorted (name, dtype, shape, bytes) of every tensor in a folder's safetensors files,
so the same weights have the same hash under any path, sharding or metadata, and two checkpoints
never share draws unless they are the same model.
"""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from pathlib import Path

from rlvr.adapters import full_weights
from rlvr.errors import UserError

HASH_BYTES = 16
_READ_BYTES = 1 << 24


@dataclass(frozen=True, slots=True)
class TensorHeader:
    """Where a tensor lies in its file, and what it is."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    file: Path
    begin: int
    end: int


def headers(folder: Path) -> dict[str, TensorHeader]:
    """Every tensor of a checkpoint by name, read from the safetensors headers alone.

    Raises:
        UserError: if there are no safetensors files, or one is truncated.
    """
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise UserError(f"{folder}: no *.safetensors files; a checkpoint needs its weights there")
    return {header.name: header for file in files for header in _file_headers(file)}


def weights_hash(folder: Path) -> str:
    """Hash of a checkpoint's weights, 32 hexadecimal digits; of the merged ones, for LoRA.

    Raises:
        UserError: as `headers`, and if a LoRA checkpoint's base cannot be found.
    """
    return tensors_hash(full_weights(folder))


def tensors_hash(folder: Path) -> str:
    """Hash of the tensors that lie in the folder itself, 32 hexadecimal digits.

    Raises:
        UserError: as `headers`.
    """
    files = folder.glob("*.safetensors")
    stamp = tuple(sorted((f.name, f.stat().st_size, f.stat().st_mtime_ns) for f in files))
    return _hash(folder.resolve(), stamp)


@cache
def _hash(folder: Path, stamp: tuple[tuple[str, int, int], ...]) -> str:
    """`stamp` tells one state of the folder's files from the next, so that caching is safe."""
    digest = blake2b(digest_size=HASH_BYTES)
    for _, header in sorted(headers(folder).items()):
        digest.update(f"{header.name}|{header.dtype}|{list(header.shape)}|".encode())
        with header.file.open("rb") as file:
            file.seek(header.begin)
            left = header.end - header.begin
            while left:
                block = file.read(min(left, _READ_BYTES))
                left -= len(block)
                digest.update(block)
    return digest.hexdigest()


def _file_headers(file: Path) -> Iterator[TensorHeader]:
    """The safetensors format: 8 bytes of header length, a JSON header, the tensors' bytes."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        prefix = stream.read(8)
        length = struct.unpack("<Q", prefix)[0] if len(prefix) == 8 else size
        if 8 + length > size:
            raise UserError(f"{file}: truncated (its header is longer than the file)")
        entries = json.loads(stream.read(length))
    for name, entry in entries.items():
        if name != "__metadata__":
            begin, end = (8 + length + offset for offset in entry["data_offsets"])
            if end > size:
                raise UserError(f"{file}: truncated (tensor '{name}' ends beyond the file)")
            yield TensorHeader(name, entry["dtype"], tuple(entry["shape"]), file, begin, end)
