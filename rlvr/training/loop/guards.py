"""What ends a run before it does harm: weights or a loss that are no numbers, a tokenizer.

A guard stops the run by a UserError. It acts before the step's checkpoint is written, so the last
checkpoint is always one from before the harm.
"""

import logging
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from torch.nn.utils import get_total_norm
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from rlvr.core.errors import UserError
from rlvr.runs.run_directory import Run
from rlvr.training.loop.together import true_of_any

if TYPE_CHECKING:
    from torch import Tensor, nn
    from transformers import PreTrainedTokenizerBase

logger = logging.getLogger(__name__)

# far beyond any loss that training comes back from: clipped policy losses are near 0, and the
# cross-entropy of a uniform guess over a million tokens is 14
_EXPLODED = 1e4


class LossGuard(TrainerCallback):
    """Stops at the first loss, gradient or weight that is not finite, and at an exploded loss."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Mapping[str, Any] | None = None,
        model: "nn.Module | None" = None,
        **_: Any,
    ) -> None:
        """Check each step's metrics on every process, before its checkpoint is written."""
        # every process asks, whatever its loss: the answer is put together from all of them
        not_finite = model is not None and true_of_any(bool(parameter_not_finite(model)))
        for name in ("loss", "grad_norm"):
            value = float((logs or {}).get(name) or 0.0)
            if not math.isfinite(value) or (name == "loss" and abs(value) > _EXPLODED):
                told = f"{name} is {value:g} at step {state.global_step}"
                raise UserError(self._message(told, args.learning_rate))
        if not_finite and model is not None:
            where = parameter_not_finite(model) or "on another process"
            told = f"the weights are not finite after step {state.global_step} ({where})"
            raise UserError(self._message(told, args.learning_rate))

    def _message(self, told: str, rate: float) -> str:
        whole = self._run.checkpoints()
        last = whole[-1].path if whole else None
        start = f"model={last} " if last else ""
        kept = f"{last} is from before it" if last else "there is no checkpoint from before it"
        return (
            f"{told}; training was stopped and {kept}. Go on with a lower rate than {rate:g} under "
            f"another name: {start}name=.. trainer.learning_rate={rate / 10:g}"
        )


def parameter_not_finite(model: "nn.Module") -> str | None:
    """Find the first trained parameter with a NaN or an infinity among those this process holds."""
    held = {
        name: part
        for name, parameter in model.named_parameters()
        if parameter.requires_grad and (part := _held_here(parameter)).numel()
    }
    # one number for all of them, so that a GPU is waited for once
    if not held or math.isfinite(get_total_norm(list(held.values()), math.inf).item()):
        return None
    return next(name for name, part in held.items() if not part.isfinite().all())


def _held_here(parameter: "Tensor") -> "Tensor":
    """Return this process's part of a parameter, which DeepSpeed and FSDP split."""
    part = getattr(parameter, "ds_tensor", parameter).detach()
    return part.to_local() if hasattr(part, "to_local") else part


def check_tokenizer(tokenizer: "PreTrainedTokenizerBase", model: str) -> None:
    """Require an end token that can end a completion; use it for padding too where none is set.

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
