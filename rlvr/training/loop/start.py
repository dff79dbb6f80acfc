"""Where a training starts: at the beginning, at a checkpoint, or not at all because it has ended.

One process looks for all of them. Several that looked for themselves would set the same checkpoint
aside at the same time, or choose different ones.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

from rlvr.core.errors import UserError
from rlvr.core.files import remove_unfinished
from rlvr.recipes.recipe import Recipe
from rlvr.runs.run_directory import Checkpoint, Run
from rlvr.weights import model_folder
from rlvr.weights.adapters import full_weights
from rlvr.weights.checkpoint import damage_of_contents
from rlvr.weights.model_hash import weights_hash

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Start:
    """What is to be done in a run directory.

    Attributes:
        is_finished: nothing is left to train.
        resumed: the checkpoint to go on from; None to begin.
    """

    is_finished: bool = False
    resumed: Checkpoint | None = None

    def seen_here(self) -> Checkpoint | None:
        """Find the checkpoint to continue from on this process's machine.

        Raises:
            UserError: if it is not there.
        """
        if self.resumed and not self.resumed.path.is_dir():
            raise UserError(
                f"{self.resumed.path} is not on this machine, but the first process resumes from "
                "it: put the runs folder on a file system that all machines share"
            )
        return self.resumed


def find_start(run: Run, recipe: Recipe) -> Start:
    """Look where training goes on; damaged checkpoints are set aside.

    Raises:
        UserError: if another recipe's run is in the directory.
    """
    run.refuse_another(recipe)
    remove_unfinished(run.path)
    manifest = run.manifest()
    if manifest.get("finished") and _is_there_as_it_ended(run, int(manifest.get("steps", 0))):
        return Start(is_finished=True)
    resumed = run.last_resumable()
    if resumed:
        _tell_missing(run)
    return Start(resumed=resumed)


def _is_there_as_it_ended(run: Run, steps: int) -> bool:
    """Whether a finished run has its last weights; damaged ones are set aside, to train them again.

    Without a folder of that step nobody wants them: it was deleted, or never saved.
    """
    if missing := run.steps_without_metrics(steps):
        logger.warning("%s lacks steps %s (deleted or damaged)", run.metrics_path, missing)
    last = run.path / f"checkpoint-{steps}"
    if not last.is_dir() or not (faults := damage_of_contents(last, for_training=False)):
        return True
    # first of all: stopped on the way, it must not pass for finished
    run.record(finished=False)
    run.set_aside(last, f"not whole: {'; '.join(faults)}")
    return False


def _tell_missing(run: Run) -> None:
    """Name what vouches for a run's checkpoints and is not there any more."""
    if not (run.path / "recipe.yaml").exists():
        logger.warning(
            "%s is missing; it is written again, and nobody can tell whether the checkpoints are "
            "of this recipe",
            run.path / "recipe.yaml",
        )
    if not run.manifest():
        logger.warning(
            "%s is missing; it is written again, and nobody can tell whether base and problems "
            "are those that the run began with",
            run.manifest_path,
        )


def check_base(run: Run, recipe: Recipe, folder: Path) -> dict[str, str]:
    """Compare the base model with the one that the run was started from.

    Returns:
        What the manifest is to say of it.

    Raises:
        UserError: if its weights have changed since, cannot be read or are not finite.
    """
    if recipe.initialize == "random":
        return {}
    model_folder.check(full_weights(folder))
    found = weights_hash(folder)
    run.refuse_changed_base(folder, found)
    return {"base_weights": found}
