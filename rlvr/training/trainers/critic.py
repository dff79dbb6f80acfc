"""The value network of PPO: a language model with one number per token in place of the vocabulary.

It starts from the policy's weights or from a model of the recipe's, with a head that says 0, and is
trained beside the policy by one optimizer. It is saved in a folder of its own inside the
checkpoint, so that whatever loads the checkpoint finds the policy alone.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn
from transformers import AutoConfig, AutoModelForTokenClassification
from transformers.integrations import is_deepspeed_zero3_enabled
from trl.trainer.utils import disable_dropout_in_model

from rlvr.core.errors import UserError
from rlvr.training.trainers.job import Job
from rlvr.weights import models

if TYPE_CHECKING:
    from transformers import PreTrainedModel

FOLDER = "critic"
# not `adapter_model`: transformers would take the folder for a second adapter of the policy
_ADAPTER = "lora.safetensors"
# what transformers calls the layer that it puts on a model for token classification
_HEADS = ("score", "classifier")


def build(job: Job) -> nn.Module:
    """Build the critic that the recipe describes, with LoRA adapters if the policy has them.

    Raises:
        UserError: if the model has no architecture with one output per token.
    """
    source = job.recipe.ppo.critic if job.recipe.ppo else None
    folder = models.resolve(source) if source else Path(job.model.config._name_or_path)
    config = AutoConfig.from_pretrained(folder)
    # dropout would make values differ between the rollout and the first update
    config.num_labels, config.classifier_dropout = 1, 0.0
    try:
        critic, has_new_head = _model(folder, config, job, draw=source is None)
    except ValueError as error:
        raise UserError(
            f"method ppo needs a value network, and {folder} cannot be one "
            f"({str(error).splitlines()[0]}); "
            "name another model as ppo.critic, or take a method without a critic"
        ) from None
    if has_new_head:
        _silence(head(critic))
    if job.args.disable_dropout:
        disable_dropout_in_model(critic)
    return _checkpointed(_with_adapters(critic, job), job)


def head(critic: "PreTrainedModel") -> nn.Module:
    """Return the layer from the last hidden state to the value."""
    return next(getattr(critic, name) for name in _HEADS if hasattr(critic, name))


def apart(
    model: nn.Module, state_dict: Mapping[str, Tensor] | None
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Split the weights of a policy that carries a critic: (the policy's, the critic's)."""
    prefix = f"{FOLDER}."
    tensors = model.state_dict() if state_dict is None else state_dict
    policy = {name: tensor for name, tensor in tensors.items() if not name.startswith(prefix)}
    critic = {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }
    return policy, critic


def save(critic: nn.Module, tensors: dict[str, Tensor], checkpoint: Path) -> None:
    """Write `critic/`: a whole model, or the trained part of one with LoRA adapters."""
    folder = checkpoint / FOLDER
    if not hasattr(critic, "peft_config"):
        cast("PreTrainedModel", critic).save_pretrained(folder, state_dict=tensors)
        return
    from safetensors.torch import save_file

    trained = {name for name, parameter in critic.named_parameters() if parameter.requires_grad}
    folder.mkdir(exist_ok=True)
    kept = {name: tensor.contiguous() for name, tensor in tensors.items() if name in trained}
    save_file(kept, folder / _ADAPTER)


def load(critic: nn.Module, checkpoint: Path) -> None:
    """Read what `save` wrote; with tied or frozen weights, not every tensor is in the file."""
    from safetensors.torch import load_file

    folder = checkpoint / FOLDER
    files = sorted(folder.glob("*.safetensors"))
    tensors = {name: tensor for file in files for name, tensor in load_file(file).items()}
    missing, unexpected = critic.load_state_dict(tensors, strict=False)
    trained = {name for name, parameter in critic.named_parameters() if parameter.requires_grad}
    if unexpected or trained & set(missing):
        raise UserError(f"{folder}: not this run's critic; delete {checkpoint} to resume before it")


def _model(folder: Path, config: Any, job: Job, *, draw: bool) -> tuple["PreTrainedModel", bool]:
    """Return a critic initialized as the policy is, and whether its head is new."""
    like_policy = {
        "dtype": job.model.dtype,
        "attn_implementation": job.model.config._attn_implementation,
    }
    if draw and job.recipe.initialize == "random":
        return AutoModelForTokenClassification.from_config(config, **like_policy), True
    critic, info = AutoModelForTokenClassification.from_pretrained(
        folder, config=config, **like_policy, output_loading_info=True
    )
    return critic, any(key.startswith(_HEADS) for key in info["missing_keys"])


def _with_adapters(critic: "PreTrainedModel", job: Job) -> nn.Module:
    if job.peft_config is None:
        return critic
    from peft import TaskType, get_peft_model

    config = copy(job.peft_config)
    config.task_type, config.modules_to_save = TaskType.TOKEN_CLS, None
    # ZeRO-3 gathers parameters of one dtype only
    return get_peft_model(critic, config, autocast_adapter_dtype=not is_deepspeed_zero3_enabled())


def _checkpointed(critic: nn.Module, job: Job) -> nn.Module:
    """Enable gradient checkpointing if the policy has it.

    The trainer switches it on for the modules of a model and PEFT for those below its base, which
    the critic of a policy with adapters is not.
    """
    if job.args.gradient_checkpointing:
        model = cast("PreTrainedModel", critic)
        model.gradient_checkpointing_enable(job.args.gradient_checkpointing_kwargs)
        if job.peft_config is not None:
            model.enable_input_require_grads()  # or reentrant checkpointing finds nothing to train
    return critic


def _silence(layer: nn.Module) -> None:
    with _gathered(list(layer.parameters())), torch.no_grad():
        for parameter in layer.parameters():
            parameter.zero_()


@contextmanager
def _gathered(parameters: list[Any]) -> Iterator[None]:
    """Gather parameters that ZeRO-3 has split; keep what is written to them."""
    if not is_deepspeed_zero3_enabled():
        yield
        return
    import deepspeed

    with deepspeed.zero.GatheredParameters(parameters, modifier_rank=0):
        yield
