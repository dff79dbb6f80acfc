"""Whether a checkpoint is whole: its marker COMPLETE, which lists every file's size and digest.

    {"model.safetensors": {"bytes": 3477504, "digest": "9f0c.."}, ..}

The marker is written last. A checkpoint without one, or one whose files differ from what it lists,
is never used. Sizes are compared wherever checkpoints are listed; digests, which take reading every
byte, before a checkpoint is trained on or evaluated. Checkpoints of rlvr 0.1.0 list sizes only.

A digest is XXH3 (128 bits) over the digests of a file's blocks of 64 MiB, so that several blocks of
one file are read at once. It finds damage; it does not guard against someone who forges files.

A checkpoint that was thinned has given up what only training reads. COMPLETE then lists the weights
with their tokenizer and configuration: whole for evaluation, nothing to resume from.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

from xxhash import xxh3_128, xxh3_128_hexdigest

from rlvr.core.damage import Damaged, read_json
from rlvr.core.files import sync_file, write_json
from rlvr.core.progress import stage

logger = logging.getLogger(__name__)

COMPLETE = "COMPLETE"
# the model card changes with every evaluation, so the marker does not vouch for it
CARD = "README.md"
_BLOCK_BYTES = 1 << 26
_PIECE_BYTES = 1 << 22
# reading is bound by the disk, and network file systems want several requests at a time
_READERS = 8
# what takes less than about a second needs no progress bar
_TOLD_FROM_BYTES = 1 << 29
# the optimizer's part of a checkpoint: in a file, or in DeepSpeed's folder of one file per process
_OPTIMIZER = ("optimizer*", "global_step*")
# everything that only a resumed training reads, by the first part of a file's path
_TRAINER_STATE = (
    *_OPTIMIZER,
    "critic",
    "latest",
    "rng_state*",
    "scaler.pt",
    "scheduler.pt",
    "trainer_state.json",
    "training_args.bin",
    "zero_to_*.py",
)


@dataclass(frozen=True, slots=True)
class Listed:
    """What the marker says of one file; `digest` is None where it lists sizes only."""

    size: int
    digest: str | None


Marker = Mapping[str, Listed]


def mark_complete(checkpoint: Path) -> None:
    """Declare a checkpoint whole, after every file of it has reached the disk."""
    paths = [path for path in sorted(checkpoint.rglob("*")) if path.is_file()]
    names = [str(path.relative_to(checkpoint)) for path in paths]
    names = [name for name in names if name not in (COMPLETE, CARD)]
    with ThreadPoolExecutor(_READERS) as readers:
        list(readers.map(sync_file, (checkpoint / name for name in names)))
    digests = _digests(checkpoint, names, title=f"digests of {checkpoint.name}")
    sizes = {name: (checkpoint / name).stat().st_size for name in names}
    _write_marker(checkpoint, {name: Listed(sizes[name], digests[name]) for name in names})


def damage(checkpoint: Path) -> list[str]:
    """List what keeps a checkpoint from being whole, by its files' sizes."""
    return _steady(checkpoint, lambda marker: _differing_sizes(checkpoint, marker))


def damage_of_contents(checkpoint: Path, *, for_training: bool) -> list[str]:
    """List what keeps a checkpoint from being what was saved, byte for byte.

    Args:
        for_training: also compare what only training reads.
    """

    def differing(marker: Marker) -> list[str]:
        read = {n: each for n, each in marker.items() if for_training or not is_trainer_state(n)}
        if faults := _differing_sizes(checkpoint, read):
            return faults
        stamp = _stamp(checkpoint, read)
        return list(_differing_digests(checkpoint, frozenset(read.items()), stamp))

    return _steady(checkpoint, differing)


def has_marker(checkpoint: Path) -> bool:
    """Return whether a checkpoint was declared complete, whatever happened to it since."""
    return (checkpoint / COMPLETE).exists()


def is_resumable(checkpoint: Path) -> bool:
    """Return whether a complete checkpoint has the trainer state needed to continue training."""
    return any(_is_one_of(name, _OPTIMIZER) for name in _read_marker(checkpoint) or {})


def is_trainer_state(name: str) -> bool:
    """Return whether a checkpoint's file, given by its path within, is useless for evaluation."""
    return _is_one_of(name, _TRAINER_STATE)


def total_bytes(checkpoint: Path) -> int:
    """Return the size of all files that a complete checkpoint lists."""
    return sum(listed.size for listed in (_read_marker(checkpoint) or {}).values())


def vouches_for(checkpoint: Path, name: str) -> bool:
    """Tell whether the marker of a checkpoint lists a file; a damaged one may."""
    try:
        return name in (_read_marker(checkpoint) or {})
    except Damaged:
        return True


def mark_thinned(checkpoint: Path) -> None:
    """Declare a complete checkpoint whole without its trainer state, which may then be deleted.

    Marked before anything is deleted: whenever a crash comes, the checkpoint is whole as what its
    marker says it is.
    """
    marker = _read_marker(checkpoint) or {}
    kept = {name: listed for name, listed in marker.items() if not is_trainer_state(name)}
    if kept != marker:
        _write_marker(checkpoint, kept)


def _steady(checkpoint: Path, differing: Callable[[Marker], list[str]]) -> list[str]:
    """Return the faults that a comparison with the marker finds, once the marker stays as it is."""
    before = None
    while True:
        try:
            marker = _read_marker(checkpoint)
        except Damaged as error:
            return [f"{COMPLETE} is damaged: {error.reason}"]
        if marker is None:
            return [f"no {COMPLETE} marker: it was still being written"]
        faults = differing(marker)
        # training may have thinned it between the marker and the files: then the marker is new
        if not faults or marker == before:
            return faults
        before = marker


def _write_marker(checkpoint: Path, marker: Marker) -> None:
    written: dict[str, Any] = {
        name: listed.size
        if listed.digest is None
        else {"bytes": listed.size, "digest": listed.digest}
        for name, listed in marker.items()
    }
    write_json(checkpoint / COMPLETE, written)


def _read_marker(checkpoint: Path) -> Marker | None:
    path = checkpoint / COMPLETE
    try:
        return {name: _listed(path, name, told) for name, told in read_json(path, dict).items()}
    except FileNotFoundError:
        return None


def _listed(path: Path, name: str, told: Any) -> Listed:
    match told:
        case bool():
            pass
        case int():
            return Listed(told, None)
        case {"bytes": int(size), "digest": str(digest)}:
            return Listed(size, digest)
    raise Damaged(path, f"no size and digest of {name}")


def _differing_sizes(checkpoint: Path, marker: Marker) -> list[str]:
    faults = []
    for name, listed in marker.items():
        try:
            found = (checkpoint / name).stat().st_size
        except OSError:
            faults.append(f"{name} is missing")
            continue
        if found != listed.size:
            faults.append(f"{name} has {found} bytes instead of {listed.size}")
    return faults


def _stamp(checkpoint: Path, names: Iterable[str]) -> frozenset[tuple[str, int]]:
    """Return a value that changes when the files do, as far as their times show it."""
    try:
        return frozenset((name, (checkpoint / name).stat().st_ctime_ns) for name in names)
    except FileNotFoundError:
        return frozenset()


@cache
def _differing_digests(
    checkpoint: Path, listed: frozenset[tuple[str, Listed]], stamp: frozenset[tuple[str, int]]
) -> tuple[str, ...]:
    """Compare digests, once for each state of the files: a watcher asks every few seconds."""
    wanted = {name: each.digest for name, each in listed if each.digest is not None}
    if unlisted := len(listed) - len(wanted):
        logger.warning(
            "%s: its %s lists no digests (written by an earlier version), so the contents of %d "
            "files cannot be verified; their sizes agree",
            checkpoint,
            COMPLETE,
            unlisted,
        )
    try:
        found = _digests(checkpoint, wanted, title=f"verify {checkpoint.name}")
    except OSError as error:
        return (f"{error.filename or checkpoint} cannot be read ({error.strerror})",)
    return tuple(
        f"{name} has other contents than were saved (digest {found[name]}, not {digest})"
        for name, digest in sorted(wanted.items())
        if found[name] != digest
    )


def _digests(checkpoint: Path, names: Iterable[str], *, title: str) -> dict[str, str]:
    """Compute the digest of every file, reading several blocks at once."""
    blocks = {name: _offsets((checkpoint / name).stat().st_size) for name in names}
    jobs = [(name, offset) for name, offsets in blocks.items() for offset in offsets]
    read = {name: bytearray() for name in blocks}
    with ThreadPoolExecutor(_READERS) as readers:
        found = readers.map(lambda job: _block_digest(checkpoint / job[0], job[1]), jobs)
        if len(jobs) * _BLOCK_BYTES < _TOLD_FROM_BYTES:
            for (name, _), digest in zip(jobs, found, strict=True):
                read[name] += digest
        else:
            with stage(title, len(jobs)) as bar:
                for (name, _), digest in zip(jobs, found, strict=True):
                    read[name] += digest
                    bar.advance()
    return {name: xxh3_128_hexdigest(bytes(digests)) for name, digests in read.items()}


def _offsets(size: int) -> range:
    return range(0, max(size, 1), _BLOCK_BYTES)


def _block_digest(path: Path, offset: int) -> bytes:
    digest, left = xxh3_128(), _BLOCK_BYTES
    with path.open("rb", buffering=0) as file:
        file.seek(offset)
        while left and (piece := file.read(min(left, _PIECE_BYTES))):
            digest.update(piece)
            left -= len(piece)
    return digest.digest()


def _is_one_of(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(Path(name).parts[0], pattern) for pattern in patterns)
