"""The run directory: what a training run leaves behind, and which of its checkpoints are whole.

    runs/<name>/recipe.yaml       as resolved
                manifest.json     versions, commit, seed, hardware; `finished` once training ended
                metrics.jsonl     one line per logged step
                checkpoint-<step>/COMPLETE   written last: every file's size and digest
                set-aside/        what was found damaged or half-written

A checkpoint without COMPLETE, or one whose files differ from what COMPLETE lists, is never used:
it is moved to set-aside/ and named, and the one before it is taken (`rlvr.weights.checkpoint`).
"""

import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rlvr.core.damage import SET_ASIDE, Damaged, read_json, set_aside
from rlvr.core.errors import UserError
from rlvr.core.files import make_folder, write_atomically, write_json
from rlvr.core.hashing import json_digest
from rlvr.recipes import recipe as recipes
from rlvr.recipes.recipe import Recipe
from rlvr.weights.checkpoint import damage, damage_of_contents, has_marker, is_resumable

logger = logging.getLogger(__name__)

# of a manifest's other entries; the manifests of earlier versions have none
_SEAL = "digest"
_CHECKPOINT = re.compile(r"checkpoint-(\d+)")
# how a run is evaluated, what is kept of it, and how long it waits before it gives up, changes
# nothing of what is trained
_MAY_CHANGE = (
    "checkpoints",
    "evaluate",
    "evaluation",
    "hardware",
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

    @property
    def manifest_path(self) -> Path:
        return self.path / "manifest.json"

    def recipe(self) -> Recipe:
        """Load the recipe that this run was started with.

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
        make_folder(self.path)
        write_atomically(self.path / "recipe.yaml", recipes.dump(recipe))

    def manifest(self) -> dict[str, Any]:
        """Read what is recorded of the run so far; empty before training started.

        A manifest that is not what was written is set aside.
        """
        try:
            return _unsealed(self.manifest_path)
        except FileNotFoundError:
            return {}
        except Damaged as error:
            self.set_aside(self.manifest_path, f"damaged: {error.reason}")
            return {}

    def record(self, **entries: Any) -> None:
        """Add entries to the manifest."""
        told = self.manifest() | entries
        write_json(self.manifest_path, told | {_SEAL: json_digest(told)})

    def checkpoints(self) -> list[Checkpoint]:
        """List the complete checkpoints by step, judged by the names and sizes of their files."""
        return [found for found in self._folders() if not damage(found.path)]

    def sound_checkpoints(self) -> list[Checkpoint]:
        """List the complete checkpoints whose weights are, byte for byte, those that were saved.

        Damaged ones are set aside; those still being written are passed over.
        """
        sound = []
        for found in self._folders():
            faults = damage_of_contents(found.path, for_training=False)
            if not faults:
                sound.append(found)
            elif has_marker(found.path):  # no longer, where training has just deleted it
                self.set_aside(found.path, f"not whole: {'; '.join(faults)}")
        return sound

    def last_resumable(self) -> Checkpoint | None:
        """Find the last checkpoint with its full trainer state, byte for byte as it was saved.

        Whatever training would write over is set aside: folders that are not whole, and thinned
        ones of later steps.
        """
        for found in self._folders():
            if faults := damage(found.path):
                self.set_aside(found.path, f"not whole: {'; '.join(faults)}")
        last = None
        for found in reversed(self.checkpoints()):
            if is_resumable(found.path):
                faults = damage_of_contents(found.path, for_training=True)
                if not faults and not (faults := _faults_of_state(found)):
                    last = found
                    break
                self.set_aside(found.path, f"not whole: {'; '.join(faults)}")
        for found in self.checkpoints():
            if found.step > (last.step if last else 0):
                self.set_aside(found.path, "without trainer state: its step is trained again")
        return last

    def metrics(self) -> Iterator[dict[str, Any]]:
        """Read the logged steps; skip lines that cannot be read."""
        return (entry for entry in map(_metrics_entry, self._metrics_lines()) if entry)

    def steps_without_metrics(self, last_step: int) -> str:
        """List the steps up to this one that metrics.jsonl lacks, such as "3, 7-9"; "" if none."""
        logged = {entry["step"] for entry in self.metrics()}
        return _ranges([step for step in range(1, last_step + 1) if step not in logged])

    def trim_metrics(self, last_step: int) -> None:
        """Drop what was logged after the step that training resumes from.

        Steps before it that are not logged any more are named. A file that was damaged, which is
        more than its last line cut off by a crash, is kept in set-aside/ as it was found.
        """
        if self.metrics_path.is_dir():
            self.set_aside(self.metrics_path, "damaged: it is a folder")
        if any(_metrics_entry(line) is None for line in self._metrics_lines()[:-1]):
            content = self.metrics_path.read_bytes()
            self.set_aside(self.metrics_path, "damaged: lines of it are not what was logged")
            write_atomically(self.metrics_path, content)
        if missing := self.steps_without_metrics(last_step):
            logger.warning(
                "%s lacks steps %s (deleted or damaged); its curves have a gap there",
                self.metrics_path,
                missing,
            )
        kept = [entry for entry in self.metrics() if entry["step"] <= last_step]
        write_atomically(self.metrics_path, "".join(json.dumps(entry) + "\n" for entry in kept))

    def refuse_changed_base(self, folder: Path, found: str) -> None:
        """Compare the hash of the base's weights with the one noted when training began.

        Raises:
            UserError: if they differ.
        """
        noted = self.manifest().get("base_weights", found)
        if noted != found:
            raise UserError(
                f"{folder}: the weights are not those that {self.path} was started from (hash "
                f"{found}, not {noted}); restore them, or train under another name=.."
            )

    def set_aside(self, path: Path, reason: str) -> None:
        """Move a file or folder of the run into its set-aside/, under the folder that it was in."""
        set_aside(path, self.path / SET_ASIDE / path.parent.relative_to(self.path), reason)

    def _metrics_lines(self) -> list[bytes]:
        return self.metrics_path.read_bytes().splitlines() if self.metrics_path.is_file() else []

    def _folders(self) -> list[Checkpoint]:
        matches = ((_CHECKPOINT.fullmatch(path.name), path) for path in self.path.glob("*/"))
        found = [Checkpoint(int(match[1]), path) for match, path in matches if match]
        return sorted(found, key=lambda checkpoint: checkpoint.step)


def _unsealed(path: Path) -> dict[str, Any]:
    """Read a manifest whose digest, where it has one, is that of its other entries.

    Raises:
        Damaged: if it is another.
        FileNotFoundError: if there is none.
    """
    told = read_json(path, dict)
    if told.pop(_SEAL, None) not in (None, json_digest(told)):
        raise Damaged(path, "its entries are not those that were written")
    return told


def _faults_of_state(checkpoint: Checkpoint) -> list[str]:
    """Say what is wrong with the trainer's own record, even if no digest covers it."""
    path = checkpoint.path / "trainer_state.json"
    try:
        state = read_json(path, dict)
    except FileNotFoundError:
        return []
    except Damaged as error:
        return [f"{path.name} is damaged: {error.reason}"]
    if (step := state.get("global_step")) != checkpoint.step:
        return [f"{path.name} is of step {step}"]
    return []


def _metrics_entry(line: bytes) -> dict[str, Any] | None:
    """Parse one line of metrics; None if it is damaged."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    is_of_a_step = isinstance(entry, dict) and isinstance(entry.get("step"), int)
    return entry if is_of_a_step else None


def _ranges(steps: list[int]) -> str:
    """Write steps in words: "1-4, 7"."""
    told: list[list[int]] = []
    for step in steps:
        if told and step == told[-1][-1] + 1:
            told[-1] = [told[-1][0], step]
        else:
            told.append([step])
    return ", ".join("-".join(map(str, ends)) for ends in told)


def _differences(old: Recipe, new: Recipe) -> list[str]:
    """List the keys that decide what is trained and differ."""
    before, after = _deciding(old), _deciding(new)
    return [key for key in before | after if before.get(key) != after.get(key)]


def _deciding(recipe: Recipe) -> dict[str, Any]:
    """Return a recipe without the keys that may change when a run is resumed."""
    values = recipe.model_dump(mode="json")
    for path in _MAY_CHANGE:
        *parents, last = path.split(".")
        section: Any = values
        for parent in parents:
            section = section.get(parent) or {}
        section.pop(last, None)
    return values
