"""How much of each checkpoint stays on disk, as the recipe's `checkpoints:` section says.

The last few checkpoints keep all that training resumes from. Older ones are thinned: weights,
tokenizer and configuration stay, which is what evaluation reads. Where their number is limited too,
a checkpoint goes only when nobody awaits its evaluation any more, at whichever save that is.

A crash at any moment leaves every checkpoint whole as what its marker says it is, because the
marker changes before the files do and a checkpoint loses its name before it is deleted. What a
crash left over is deleted at the next save.
"""

import logging
import shutil
from pathlib import Path

from rlvr.recipes.recipe import Recipe
from rlvr.runs.run_directory import Run
from rlvr.runs.watchers import is_awaited
from rlvr.weights.checkpoint import COMPLETE, is_trainer_state, mark_thinned

logger = logging.getLogger(__name__)

_GOING = ".deleted-"


def retain(run: Run, recipe: Recipe) -> None:
    """Thin and delete what the recipe does not keep; to be called by one process at a time."""
    for leftover in run.path.glob(f"{_GOING}*"):
        _remove(leftover)
    complete = run.checkpoints()
    for checkpoint in complete[: -recipe.checkpoints.full_states]:
        _thin(checkpoint.path)
    if recipe.checkpoints.keep == "all":
        return
    # whoever asks for evaluations gets them, also if nothing evaluates just now
    by_whoever_comes = recipe.evaluate != "by_hand"
    for checkpoint in complete[: -recipe.checkpoints.keep]:
        if not is_awaited(run, checkpoint.path.name, by_whoever_comes=by_whoever_comes):
            _delete(checkpoint.path)


def _thin(checkpoint: Path) -> None:
    mark_thinned(checkpoint)
    for path in checkpoint.iterdir():
        is_half_a_marker = path.name.startswith(f".{COMPLETE}.")
        if is_half_a_marker or is_trainer_state(path.name):
            _remove(path)


def _delete(checkpoint: Path) -> None:
    going = checkpoint.with_name(f"{_GOING}{checkpoint.name}")
    checkpoint.rename(going)
    _remove(going)


def _remove(path: Path) -> None:
    """Delete a folder. A disk error does not stop the training; the next save tries again."""
    try:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    except OSError as error:
        logger.warning("%s could not be deleted (%s); the next save tries again", path, error)
