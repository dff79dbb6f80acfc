"""Training metrics to Weights & Biases: a view of the run that can never stop it.

Uses transformers' own callback. Offline unless the user is logged in or set WANDB_MODE. Whatever
W&B raises is logged once and the run goes on without it.
"""

import logging
import netrc
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.integrations import WandbCallback, is_wandb_available

from rlvr.runs import Run

logger = logging.getLogger(__name__)

_DEFAULT_SERVER = "https://api.wandb.ai"


def logged_in(environment: Mapping[str, str] = os.environ) -> bool:
    """True where W&B would find an API key without asking."""
    if environment.get("WANDB_API_KEY"):
        return True
    server = urlsplit(environment.get("WANDB_BASE_URL", _DEFAULT_SERVER)).hostname
    try:
        return netrc.netrc().authenticators(str(server)) is not None
    except (OSError, netrc.NetrcParseError):
        return False


def training_log(run: Run) -> list[TrainerCallback]:
    """The callback to add, or none where W&B is missing or switched off."""
    if not is_wandb_available() or os.environ.get("WANDB_MODE") == "disabled":
        return []
    if not logged_in():
        os.environ.setdefault("WANDB_MODE", "offline")
    os.environ.setdefault("WANDB_PROJECT", "rlvr")
    os.environ.setdefault("WANDB_RUN_GROUP", run.name)
    os.environ.setdefault("WANDB_DIR", str(run.path))
    os.environ.setdefault("WANDB_SILENT", "true")
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
