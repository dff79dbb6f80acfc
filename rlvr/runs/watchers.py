"""Who is waiting for a run's checkpoints, so that training deletes none before it was evaluated.

A watcher leaves a file in `<run>/watchers/`, keeps it fresh while it lives, and writes down what it
has evaluated. Training asks `is_awaited` before it deletes a checkpoint. A watcher that died
without signing off stops counting after an hour, so that a lost machine does not fill the disk.

A checkpoint that any watcher has evaluated carries the mark `EVALUATED` for good, so that training
can also wait for a watcher that has not come yet.

Training and evaluation may run on different machines: only files are exchanged.
"""

import os
import socket
import threading
import time
import uuid
from pathlib import Path
from types import TracebackType

from rlvr.core.damage import Damaged, read_json
from rlvr.core.files import make_folder, write_json
from rlvr.runs.run_directory import Run

EVALUATED = "EVALUATED"
FRESH_FOR_S = 3600.0
_BEAT_S = 60.0


class Watcher:
    """A registration, as a context manager: signed off at its end."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._evaluated: list[str] = []
        self._path = _folder(run) / f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex}.json"
        self._ended = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="watcher", daemon=True)

    def __enter__(self) -> "Watcher":
        make_folder(self._path.parent)
        self._write()
        self._heart.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._heart.join()
        self._path.unlink(missing_ok=True)

    def evaluated(self, checkpoint: str) -> None:
        """Note that this watcher is done with a checkpoint, named as its folder is."""
        mark_evaluated(self._run, checkpoint)
        self._evaluated.append(checkpoint)
        self._write()

    def _write(self) -> None:
        write_json(self._path, {"evaluated": self._evaluated})

    def _beat(self) -> None:
        while not self._ended.wait(_BEAT_S):
            self._path.touch()


def is_awaited(run: Run, checkpoint: str, *, by_whoever_comes: bool = False) -> bool:
    """Return whether a living watcher still has to evaluate a checkpoint, given by folder name.

    Args:
        by_whoever_comes: it is awaited also while no watcher at all has evaluated it.
    """
    if by_whoever_comes and not is_evaluated(run, checkpoint):
        return True
    return any(checkpoint not in done for done in _of_the_living(run))


def mark_evaluated(run: Run, checkpoint: str) -> None:
    """Mark a checkpoint permanently as evaluated; do nothing if the run has no such checkpoint."""
    folder = run.path / checkpoint
    if folder.is_dir():
        (folder / EVALUATED).touch()


def is_evaluated(run: Run, checkpoint: str) -> bool:
    """Return whether any watcher, living or not, has evaluated a checkpoint."""
    return (run.path / checkpoint / EVALUATED).is_file()


def _of_the_living(run: Run) -> list[list[str]]:
    """Return what each living watcher has evaluated."""
    found = []
    for path in _folder(run).glob("*.json"):
        try:
            if time.time() - path.stat().st_mtime < FRESH_FOR_S:
                found.append(_evaluated_by(path))
        except FileNotFoundError:  # it has just signed off
            continue
    return found


def _evaluated_by(path: Path) -> list[str]:
    """Read what a watcher has noted; nothing if its note is damaged, so that it is waited for."""
    try:
        evaluated = read_json(path, dict).get("evaluated")
    except Damaged:
        return []
    return evaluated if isinstance(evaluated, list) else []


def _folder(run: Run) -> Path:
    return run.path / "watchers"
