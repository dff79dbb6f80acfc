"""Training metrics to Weights & Biases: a view of the run that can never stop it.

Uses transformers' own callback. Offline unless the user is logged in or set WANDB_MODE. Whatever
W&B raises is logged once and the run goes on without it.
"""

import logging
import os
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.integrations import WandbCallback, is_wandb_available

from rlvr import wandb_settings
from rlvr.runs import Run

logger = logging.getLogger(__name__)


def training_log(run: Run) -> list[TrainerCallback]:
    """The callback to add, or none where W&B is missing or switched off."""
    if not is_wandb_available() or not wandb_settings.wanted():
        return []
    # transformers' callback reads nothing else
    os.environ.update(wandb_settings.variables(run))
    return [UnstoppingWandb()]


class UnstoppingWandb(TrainerCallback):
    """transformers' callback, switched off for good at its first failure."""

    def __init__(self) -> None:
        self._callback: WandbCallback | None = WandbCallback()

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Starts the W&B run."""
        self._guarded("on_train_begin", args, state, control, **kwargs)

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Sends a step's metrics."""
        self._guarded("on_log", args, state, control, **kwargs)

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Sends what is left."""
        self._guarded("on_train_end", args, state, control, **kwargs)

    def _guarded(self, event: str, *args: Any, **kwargs: Any) -> None:
        if self._callback is None:
            return
        try:
            getattr(self._callback, event)(*args, **kwargs)
        except Exception as error:  # whatever W&B raises, training must go on
            self._callback = None
            logger.warning("W&B failed (%s); training goes on without it", error)
