"""What a full disk means for a training run: which checkpoint is safe, and what the next needs."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from rlvr.core import disk
from rlvr.runs.run_directory import Run
from rlvr.weights.checkpoint import COMPLETE, total_bytes

if TYPE_CHECKING:
    from transformers import Trainer

# Adam's two moments of a parameter, in float32
_OPTIMIZER_BYTES = 8


@contextmanager
def told(trainer: "Trainer", run: Run) -> Iterator[None]:
    """Raise `rlvr.core.disk.DiskFull` where training fails for want of space.

    The checkpoint that was being written is removed: without its marker it could not be used, and
    it takes up space that the next attempt needs.
    """
    with disk.told(run.path, partial(_needed, trainer, run)):
        yield


def checkpoint_bytes(trainer: "Trainer", run: Run) -> int:
    """Return the last complete checkpoint's size, or an estimate before the first."""
    whole = run.checkpoints()
    if whole:
        return total_bytes(whole[-1].path)
    from transformers.trainer_pt_utils import get_model_param_count

    trained = get_model_param_count(trainer.model, trainable_only=True)
    size = next(p.element_size() for p in trainer.model.parameters() if p.requires_grad)
    return int(trained) * (size + _OPTIMIZER_BYTES)


def _needed(trainer: "Trainer", run: Run) -> str:
    if trainer.is_world_process_zero():
        for folder in run.path.glob("checkpoint-*/"):
            if not (folder / COMPLETE).is_file():
                shutil.rmtree(folder, ignore_errors=True)
    whole = run.checkpoints()
    last = f"{whole[-1].path.name} is the last whole one" if whole else "none is whole yet"
    return f"a checkpoint takes {disk.size(checkpoint_bytes(trainer, run))}, and {last}"
