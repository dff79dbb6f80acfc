"""Checkpoints of foreign trainers as they arrive: whole, at rest, and until when.

Another trainer marks nothing as complete. A checkpoint is taken when its files are a whole model
and two looks in a row find them with the same names, sizes and times; until then it is waited for.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from rlvr_eval.plan.evaluation import Model

_STATE = "trainer_state.json"

Files = tuple[tuple[str, int, int], ...]


class Arrivals:
    """Tells which models are at rest, from one look to the next."""

    def __init__(self) -> None:
        self._seen: dict[Path, Files] = {}

    def at_rest(self, model: Model) -> bool:
        """Return whether a model's files are what they were at the look before."""
        try:
            files = tuple(sorted(_files(model.parts or model.folder)))
        except OSError:  # one was replaced at this moment
            files = ()
        before = self._seen.get(model.folder)
        self._seen[model.folder] = files
        return before == files


def has_ended(folders: Iterable[Path]) -> bool:
    """Return whether a transformers trainer says in its checkpoints that it made its last step."""
    return any(_is_last(file) for folder in folders for file in (folder / _STATE,))


def last_step(folder: Path) -> int | None:
    """Return the step that a transformers trainer wrote beside weights; None if it wrote none."""
    state = _state(folder / _STATE)
    return state[0] if state else None


def _is_last(file: Path) -> bool:
    state = _state(file)
    return state is not None and 0 < state[1] <= state[0]


def _state(file: Path) -> tuple[int, int] | None:
    """Return the steps made and the steps planned."""
    try:
        state = json.loads(file.read_bytes())
        return int(state["global_step"]), int(state["max_steps"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _files(folder: Path) -> Iterable[tuple[str, int, int]]:
    for file in folder.iterdir():
        if file.is_file():
            told = file.stat()
            yield file.name, told.st_size, told.st_mtime_ns
