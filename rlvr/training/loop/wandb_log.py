"""Training metrics to Weights & Biases: a view of the run that can never stop it.

transformers' own callback sends the metrics. The W&B run that it sends them to is started and
finished here, since both may have to wait for a server: at most `INIT_TIMEOUT_S` for its first
answer, without which the run is logged offline, and at most `FINISH_TIMEOUT_S` in the end for what
is not sent by then. WANDB_INIT_TIMEOUT and WANDB_FINISH_TIMEOUT replace them. Whatever W&B raises
is told once, and training goes on without it: metrics.jsonl has it all.

Every training is a W&B run of its own in the group of its run directory; so is the evaluation.
"""

import logging
import os
from collections.abc import Callable
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.integrations import WandbCallback, is_wandb_available

from rlvr.runs import wandb_settings
from rlvr.runs.run_directory import Run

logger = logging.getLogger(__name__)

INIT_TIMEOUT_S = 15.0
FINISH_TIMEOUT_S = 15.0

# the others differ between trainings of one process, and go into their own W&B run alone
_OF_THE_PROCESS = ("WANDB_SILENT", "WANDB_ERROR_REPORTING")


def training_log(run: Run) -> list[TrainerCallback]:
    """Return the callback to add; none where W&B is missing or switched off."""
    if not wandb_settings.wanted() or not is_wandb_available():
        return []
    return [UnstoppingWandb(run)]


class UnstoppingWandb(TrainerCallback):
    """transformers' callback on a W&B run of ours, switched off for good at the first failure."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._callback = WandbCallback()
        self._has_failed = False

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Start the W&B run."""
        if state.is_world_process_zero:
            self._guarded(_start, self._run)
        self._guarded(self._callback.on_train_begin, args, state, control, **kwargs)

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Send a step's metrics."""
        self._guarded(self._callback.on_log, args, state, control, **kwargs)

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Send what is left; a training that follows in this process gets a W&B run of its own."""
        self._guarded(self._callback.on_train_end, args, state, control, **kwargs)
        if state.is_world_process_zero:
            self._guarded(_finish)

    def _guarded(self, action: Callable[..., object], *args: Any, **kwargs: Any) -> None:
        if self._has_failed:
            return
        try:
            action(*args, **kwargs)
        except (Exception, SystemExit) as error:  # whatever W&B does, training must go on
            self._has_failed = True
            logger.warning(
                "W&B failed (%s); the run goes on without it, and %s has all metrics",
                error,
                self._run.metrics_path,
            )


def _start(run: Run) -> None:
    """Start a W&B run for this training, offline if the server does not answer in time."""
    import wandb

    told = wandb_settings.variables(run)
    os.environ.update({name: told[name] for name in _OF_THE_PROCESS})
    described: dict[str, Any] = {
        "project": told["WANDB_PROJECT"],
        "group": told["WANDB_RUN_GROUP"],
        "name": os.environ.get("WANDB_NAME", run.name),
        "dir": told["WANDB_DIR"],
        "job_type": "training",
        "mode": told.get("WANDB_MODE"),
        # one that a training left open which ended by an error, in a notebook
        "reinit": "finish_previous",
        "settings": wandb.Settings(
            init_timeout=_limit_s("WANDB_INIT_TIMEOUT", INIT_TIMEOUT_S),
            finish_timeout=_limit_s("WANDB_FINISH_TIMEOUT", FINISH_TIMEOUT_S),
            finish_timeout_raises=True,
        ),
    }
    try:
        wandb.init(**described)
    except wandb.Error as error:
        why = str(error).partition("\n")[0]
        logger.warning("W&B did not take the run (%s); it is logged offline", why)
        wandb.teardown()  # or its process would go on with the run that was not taken
        wandb.init(**(described | {"mode": "offline"}))


def _finish() -> None:
    import wandb

    try:
        wandb.finish()
    finally:
        wandb.teardown()  # waits until its own process has written everything down


def _limit_s(variable: str, default: float) -> float:
    return float(os.environ.get(variable, default))
