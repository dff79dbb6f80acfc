"""What ends a run before it does harm: a loss that is no number, a tokenizer that cannot end.

A guard stops the run by a UserError. It acts before the step's checkpoint is written, so the last
checkpoint is always one from before the harm.
"""

import logging
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from rlvr.errors import UserError
from rlvr.runs import Run

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

logger = logging.getLogger(__name__)

# far beyond any loss that training comes back from: clipped policy losses are near 0, and the
# cross-entropy of a uniform guess over a million tokens is 14
_EXPLODED = 1e4


class LossGuard(TrainerCallback):
    """Stops at the first loss or gradient that is NaN or infinite, and at a loss that exploded."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Called after every step, on every process alike, before its checkpoint is written."""
        for name in ("loss", "grad_norm"):
            value = float((logs or {}).get(name) or 0.0)
            if not math.isfinite(value) or (name == "loss" and abs(value) > _EXPLODED):
                raise UserError(self._message(name, value, state.global_step, args.learning_rate))

    def _message(self, name: str, value: float, step: int, rate: float) -> str:
        whole = self._run.checkpoints()
        last = whole[-1].path if whole else None
        start = f"model={last} " if last else ""
        kept = f"{last} is from before it" if last else "there is no checkpoint from before it"
        return (
            f"{name} is {value:g} at step {step}; training was stopped and {kept}. Go on with a "
            f"lower rate than {rate:g} under another name: {start}name=.. "
            f"trainer.learning_rate={rate / 10:g}"
        )


def check_tokenizer(tokenizer: "PreTrainedTokenizerBase", model: str) -> None:
    """A tokenizer must be able to end a completion; one that cannot pad does so with its end token.

    Raises:
        UserError: if there is no end-of-sequence token.
    """
    if tokenizer.eos_token is None:
        raise UserError(
            f"the tokenizer of {model} has no end-of-sequence token, so no completion would ever "
            'end; add "eos_token" to its tokenizer_config.json'
        )
    if tokenizer.pad_token is None:
        logger.warning("the tokenizer of %s has no padding token; its end token is used", model)
        tokenizer.pad_token = tokenizer.eos_token
