"""The run directory: what a training run leaves behind, and which of its checkpoints are whole.

    runs/<name>/recipe.yaml       as resolved
                manifest.json     versions, commit, seed, hardware; `finished` once training ended
                metrics.jsonl     one line per logged step
                checkpoint-<step>/COMPLETE   written last: every file's name and size
                set-aside/        checkpoints that were found damaged or half-written

A checkpoint without COMPLETE, or one whose files differ from what COMPLETE lists, is never used:
it is moved to set-aside/ and named, and the one before it is taken.

A checkpoint that was thinned has given up what only training reads. COMPLETE then lists the weights
with their tokenizer and configuration: whole for evaluation, nothing to resume from.
"""

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from rlvr import recipe as recipes
from rlvr.errors import UserError
from rlvr.files import sync_file, write_atomically, write_json
from rlvr.recipe import Recipe

logger = logging.getLogger(__name__)

COMPLETE = "COMPLETE"
_CHECKPOINT = re.compile(r"checkpoint-(\d+)")
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
# how a run is evaluated, what is kept of it, and how long it waits before it gives up, changes
# nothing of what is trained
_MAY_CHANGE = (
    "checkpoints",
    "evaluate",
    "evaluation",
    "verify_timeout_s",
    "dapo.max_rounds",
    "rewards.max_rollouts_without_signal",
    "rewards.max_undecided_share",
    "trainer.ddp_timeout",
    "trainer.vllm_server_timeout",
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A folder of weights and the training step it was saved at."""

    step: int
    path: Path


@dataclass(frozen=True, slots=True)
class Run:
    """A run directory by its path."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def metrics_path(self) -> Path:
        return self.path / "metrics.jsonl"

    def recipe(self) -> Recipe:
        """The recipe that this run was started with.

        Raises:
            UserError: if the folder is no run directory.
        """
        path = self.path / "recipe.yaml"
        if not path.is_file():
            raise UserError(f"{self.path}: not a run directory (no recipe.yaml in it)")
        return recipes.load(path)

    def refuse_another(self, recipe: Recipe) -> None:
        """Check that no other recipe was started here; its checkpoints would be mixed up.

        Raises:
            UserError: naming what is different.
        """
        if (self.path / "recipe.yaml").is_file():
            different = _differences(self.recipe(), recipe)
            if different:
                raise UserError(
                    f"{self.path} was started with another recipe (different: "
                    f"{', '.join(different)}); choose another name=.. or delete the directory"
                )

    def start(self, recipe: Recipe) -> None:
        """Create the directory, or take it up again with the same recipe.

        Raises:
            UserError: as `refuse_another`.
        """
        self.refuse_another(recipe)
        self.path.mkdir(parents=True, exist_ok=True)
        write_atomically(self.path / "recipe.yaml", recipes.dump(recipe))

    def manifest(self) -> dict[str, Any]:
        """What is recorded of the run so far; empty before training started."""
        path = self.path / "manifest.json"
        return dict(json.loads(path.read_text())) if path.is_file() else {}

    def record(self, **entries: Any) -> None:
        """Add entries to the manifest."""
        write_json(self.path / "manifest.json", self.manifest() | entries)

    def checkpoints(self) -> list[Checkpoint]:
        """The complete checkpoints, by step."""
        return [found for found in self._folders() if not damage(found.path)]

    def last_resumable(self) -> Checkpoint | None:
        """The last complete checkpoint that has its full trainer state.

        Whatever training would write over is set aside: folders that are not whole, and thinned
        ones of later steps.
        """
        for found in self._folders():
            if faults := damage(found.path):
                self._set_aside(found.path, f"not whole: {'; '.join(faults)}")
        complete = self.checkpoints()
        resumable = [found for found in complete if is_resumable(found.path)]
        last = resumable[-1] if resumable else None
        for found in complete:
            if found.step > (last.step if last else 0):
                self._set_aside(found.path, "without trainer state: its step is trained again")
        return last

    def metrics(self) -> Iterator[dict[str, Any]]:
        """The logged steps; a line cut off by a crash is passed over."""
        if self.metrics_path.is_file():
            for line in self.metrics_path.read_text().splitlines():
                try:
                    yield json.loads(line)
                except json.JSONDecodeError:
                    continue

    def trim_metrics(self, last_step: int) -> None:
        """Drop what was logged after the step that training resumes from."""
        kept = [entry for entry in self.metrics() if entry["step"] <= last_step]
        write_atomically(self.metrics_path, "".join(json.dumps(entry) + "\n" for entry in kept))

    def _folders(self) -> list[Checkpoint]:
        matches = ((_CHECKPOINT.fullmatch(path.name), path) for path in self.path.glob("*/"))
        found = [Checkpoint(int(match[1]), path) for match, path in matches if match]
        return sorted(found, key=lambda checkpoint: checkpoint.step)

    def _set_aside(self, folder: Path, reason: str) -> None:
        place = self.path / "set-aside"
        place.mkdir(exist_ok=True)
        taken = sum(1 for _ in place.glob(f"{folder.name}*"))
        target = place / (f"{folder.name}.{taken}" if taken else folder.name)
        folder.rename(target)
        logger.warning("%s is %s; set aside as %s", folder.name, reason, target)


def mark_complete(checkpoint: Path) -> None:
    """Declare a checkpoint whole, after every file of it has reached the disk."""
    sizes = {}
    for path in sorted(checkpoint.rglob("*")):
        if path.is_file() and path.name != COMPLETE:
            sync_file(path)
            sizes[str(path.relative_to(checkpoint))] = path.stat().st_size
    write_json(checkpoint / COMPLETE, sizes)


def damage(checkpoint: Path) -> list[str]:
    """What keeps a checkpoint from being whole; empty if it is."""
    before = None
    while True:
        marker = _read_marker(checkpoint)
        if marker is None:
            return [f"no {COMPLETE} marker: it was still being written"]
        faults = _differing_files(checkpoint, marker)
        # training may have thinned it between the marker and the files: then the marker is new
        if not faults or marker == before:
            return faults
        before = marker


def is_resumable(checkpoint: Path) -> bool:
    """Whether a complete checkpoint has the trainer state that training goes on from."""
    return any(_is_one_of(name, _OPTIMIZER) for name in _read_marker(checkpoint) or {})


def is_trainer_state(name: str) -> bool:
    """Whether a file of a checkpoint, by its path within, is of no use to evaluation."""
    return _is_one_of(name, _TRAINER_STATE)


def mark_thinned(checkpoint: Path) -> None:
    """Declare a complete checkpoint whole without its trainer state, which may then be deleted.

    Marked before anything is deleted: whenever a crash comes, the checkpoint is whole as what its
    marker says it is.
    """
    sizes = _read_marker(checkpoint) or {}
    kept = {name: size for name, size in sizes.items() if not is_trainer_state(name)}
    if kept != sizes:
        write_json(checkpoint / COMPLETE, kept)


def _read_marker(checkpoint: Path) -> dict[str, int] | None:
    try:
        return dict(json.loads((checkpoint / COMPLETE).read_text()))
    except FileNotFoundError:
        return None


def _differing_files(checkpoint: Path, sizes: dict[str, int]) -> list[str]:
    faults = []
    for name, size in sizes.items():
        try:
            found = (checkpoint / name).stat().st_size
        except FileNotFoundError:
            faults.append(f"{name} is missing")
            continue
        if found != size:
            faults.append(f"{name} has {found} bytes instead of {size}")
    return faults


def _is_one_of(name: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch(Path(name).parts[0], pattern) for pattern in patterns)


def _differences(old: Recipe, new: Recipe) -> list[str]:
    """Keys that decide what is trained, and differ."""
    before, after = _deciding(old), _deciding(new)
    return [key for key in before | after if before.get(key) != after.get(key)]


def _deciding(recipe: Recipe) -> dict[str, Any]:
    """A recipe without the keys that may change when a run is taken up again."""
    values = recipe.model_dump(mode="json")
    for path in _MAY_CHANGE:
        *parents, last = path.split(".")
        section: Any = values
        for parent in parents:
            section = section.get(parent) or {}
        section.pop(last, None)
    return values
