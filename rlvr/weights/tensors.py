"""The tensors of a model folder: their headers, and a hash over them, whatever files they lie in.

The hash covers sorted (name, dtype, shape, bytes) of every tensor in a folder's safetensors files,
so the same weights have the same hash under any path, sharding or metadata, and two checkpoints
never share draws unless they are the same model. Weights that are not finite have no hash: a model
with a NaN in it says nothing, and a verifier would count that as wrong answers.
"""

import json
import struct
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rlvr.core.errors import UserError
from rlvr.core.hashing import streamed
from rlvr.core.progress import stage

HASH_BYTES = 16
_READ_BYTES = 1 << 24
# what takes less than about a second needs no progress bar
_TOLD_FROM_BYTES = 1 << 30
# bits of a number without its sign, and the lowest of them that are no finite number
_NOT_FINITE_FROM: dict[str, tuple[type[np.unsignedinteger[Any]], int, int]] = {
    "F64": (np.uint64, 0x7FFF_FFFF_FFFF_FFFF, 0x7FF0_0000_0000_0000),
    "F32": (np.uint32, 0x7FFF_FFFF, 0x7F80_0000),
    "F16": (np.uint16, 0x7FFF, 0x7C00),
    "BF16": (np.uint16, 0x7FFF, 0x7F80),
    "F8_E5M2": (np.uint8, 0x7F, 0x7C),
    "F8_E4M3": (np.uint8, 0x7F, 0x7F),
}


class NotFinite(UserError):
    """A model's weights hold a NaN or an infinity."""


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
    """Read the header of every tensor of a checkpoint, by name, from the safetensors files.

    Raises:
        UserError: if there are no safetensors files or tensors, or a file is damaged.
    """
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise UserError(f"{folder}: no *.safetensors files; a checkpoint needs its weights there")
    found = {header.name: header for file in files for header in _file_headers(file)}
    if not found:
        raise UserError(f"{folder}: no tensors in its *.safetensors files")
    return found


def tensors_hash(folder: Path) -> str:
    """Hash of the tensors that lie in the folder itself, 32 hexadecimal digits.

    Raises:
        UserError: as `headers`.
        NotFinite: if a tensor holds a NaN or an infinity.
    """
    files = folder.glob("*.safetensors")
    stamp = tuple(sorted((f.name, f.stat().st_size, f.stat().st_mtime_ns) for f in files))
    found = _hash(folder.resolve(), stamp)
    if found.not_finite:
        raise _not_finite(folder, found.not_finite)
    return found.digest


def _not_finite(folder: Path, where: str) -> NotFinite:
    return NotFinite(
        f"{folder}: the weights are not finite ({where} holds a NaN or an infinity); training has "
        "ruined this model: use one from before that"
    )


class Loaded(NamedTuple):
    """A tensor in memory, as a safetensors file would have it."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    data: memoryview


def hash_of(place: Path, loaded: Iterable[Loaded]) -> str:
    """Hash tensors that are in no safetensors file, as `tensors_hash` would once they are.

    Args:
        place: where they come from, for messages.
        loaded: sorted by name.

    Raises:
        NotFinite: if a tensor holds a NaN or an infinity.
    """
    digest = streamed(HASH_BYTES)
    for tensor in loaded:
        digest.update(f"{tensor.name}|{tensor.dtype}|{list(tensor.shape)}|".encode())
        for begin in range(0, len(tensor.data), _READ_BYTES):
            block = tensor.data[begin : begin + _READ_BYTES]
            if not _is_finite(block, tensor.dtype):
                raise _not_finite(place, f"tensor '{tensor.name}'")
            digest.update(block)
    return digest.hexdigest()


class _Hash(NamedTuple):
    """What reading all tensors found; `not_finite` names the first that holds a NaN."""

    digest: str
    not_finite: str = ""


@cache
def _hash(folder: Path, stamp: tuple[tuple[str, int, int], ...]) -> _Hash:
    """Hash the tensors; `stamp` changes when the folder's files do, so that caching is safe."""
    digest = streamed(HASH_BYTES)
    found = sorted(headers(folder).items())
    total = sum(header.end - header.begin for _, header in found)
    with ThreadPoolExecutor(1) as beside, _progress(folder, total) as advance:
        for _, header in found:
            digest.update(f"{header.name}|{header.dtype}|{list(header.shape)}|".encode())
            for block in _blocks(header):
                is_finite = beside.submit(_is_finite, block, header.dtype)
                digest.update(block)
                advance(len(block))
                if not is_finite.result():
                    return _Hash("", f"tensor '{header.name}' in {header.file.name}")
    return _Hash(digest.hexdigest())


@contextmanager
def _progress(folder: Path, total: int) -> Iterator[Callable[[int], None]]:
    """Count bytes towards a total; shown in MiB where there is much to read."""
    if total < _TOLD_FROM_BYTES:
        yield lambda _: None
        return
    done = 0
    with stage(f"hash of {folder.name}", total >> 20) as bar:

        def advance(read: int) -> None:
            nonlocal done
            bar.advance(((done + read) >> 20) - (done >> 20), "MiB")
            done += read

        yield advance


def _blocks(header: TensorHeader) -> Iterator[bytes]:
    """Yield a tensor's bytes, piece by piece."""
    with header.file.open("rb") as file:
        file.seek(header.begin)
        left = header.end - header.begin
        while left:
            block = file.read(min(left, _READ_BYTES))
            if not block:
                raise UserError(f"{header.file}: truncated (while it was read)")
            left -= len(block)
            yield block


def _is_finite(block: bytes | memoryview, dtype: str) -> bool:
    """Return whether all numbers are finite, by their bits, because NumPy has no bfloat16."""
    if dtype not in _NOT_FINITE_FROM or not block:
        return True
    kind, without_sign, limit = _NOT_FINITE_FROM[dtype]
    bits = np.frombuffer(block, dtype=kind)
    return int((bits & kind(without_sign)).max()) < limit


def _file_headers(file: Path) -> Iterator[TensorHeader]:
    """Read the safetensors format: 8 bytes of header length, a JSON header, the tensors' bytes."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        prefix = stream.read(8)
        length = struct.unpack("<Q", prefix)[0] if len(prefix) == 8 else size
        if 8 + length > size:
            raise UserError(f"{file}: truncated (its header is longer than the file)")
        written = stream.read(length)
    try:
        entries = json.loads(written)
        if not isinstance(entries, dict):
            raise TypeError("no JSON object")
        entries.pop("__metadata__", None)
        found = [_tensor_header(file, 8 + length, *item) for item in entries.items()]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UserError(f"{file}: its header is damaged ({error})") from None
    for header in found:
        if header.end > size:
            raise UserError(f"{file}: truncated (tensor '{header.name}' ends beyond the file)")
    yield from found


def _tensor_header(file: Path, data: int, name: str, entry: dict[str, Any]) -> TensorHeader:
    begin, end = (int(offset) for offset in entry["data_offsets"])
    shape = tuple(int(length) for length in entry["shape"])
    if not 0 <= begin <= end:
        raise ValueError(f"tensor '{name}' lies at {begin} to {end}")
    return TensorHeader(name, str(entry["dtype"]), shape, file, data + begin, data + end)
