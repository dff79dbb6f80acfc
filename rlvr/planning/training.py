"""From a recipe and the devices it runs on to what its memory depends on."""

import re
from collections.abc import Mapping
from typing import Any

from rlvr.planning import shape as shapes
from rlvr.planning.engine import EnginePlan
from rlvr.planning.hardware import Devices
from rlvr.planning.memory import FLOAT32, Network, Training
from rlvr.planning.shape import ModelShape
from rlvr.recipes.recipe import Recipe

_HALF = 2
_HALF_NAMES = ("bfloat16", "float16", "bf16", "fp16")
# bytes of state for each byte of a weight, by the beginning of TrainingArguments.optim
_OPTIMIZER_BYTES: Mapping[str, float] = {
    "adamw_8bit": 0.5,
    "adamw_bnb_8bit": 0.5,
    "paged_adamw_8bit": 0.5,
    "sgd": 0.0,
    "adafactor": 0.01,
    "lion": 1.0,
}
_ADAM_BYTES = 2.0
# what PEFT adapts in these models where LoraConfig names nothing
_LORA_DEFAULT = ("q_proj", "v_proj")
_BLOCK_PATH = {"q": "self_attn", "k": "self_attn", "v": "self_attn", "o": "self_attn"}


def training_of(
    recipe: Recipe, values: Mapping[str, Any], devices: Devices, prompt_tokens: int
) -> Training | None:
    """Describe what one training process holds; None if the model's shape is not known.

    Args:
        values: as `rlvr.training.checks.settings.planned_values` gives them.
        prompt_tokens: of the longest prompt.
    """
    policy = shapes.find(recipe.model, recipe.revision)
    if policy is None:
        return None
    learners, onlookers = [_learner(policy, recipe)], []
    if recipe.ppo:
        critic = shapes.find(recipe.ppo.critic) if recipe.ppo.critic else policy
        learners.append(_critic(critic or policy, recipe))
    if _needs_reference(recipe, values):
        onlookers.append(Network(policy, policy.parameters, 0))
    teacher = values.get("teacher_model_name_or_path")
    if isinstance(teacher, str) and (known := shapes.find(teacher)):
        onlookers.append(Network(known, known.parameters, 0))
    weight_bytes = _weight_bytes(values, devices)
    is_half = devices.gpus > 0 and values.get("bf16") is not False
    return Training(
        learners=tuple(learners),
        onlookers=tuple(onlookers),
        processes=devices.processes,
        zero_stage=devices.zero_stage,
        weight_bytes=weight_bytes,
        trained_bytes=FLOAT32 if recipe.peft is not None and not devices.zero_stage else None,
        compute_bytes=_HALF if is_half else weight_bytes,
        optimizer_bytes=_optimizer_bytes(str(values.get("optim", ""))),
        rows=int(values["per_device_train_batch_size"]),
        tokens=longest_sequence(recipe, values, policy, prompt_tokens),
        accumulates=int(values.get("gradient_accumulation_steps") or 1) > 1,
        is_checkpointed=bool(values.get("gradient_checkpointing")),
        sampled_rows=_sampled_rows(values, devices),
        is_on_gpu=devices.gpus > 0,
    )


def engine_of(
    recipe: Recipe, values: Mapping[str, Any], devices: Devices, prompt_tokens: int
) -> EnginePlan | None:
    """Describe the vLLM engine in each training process; None if none or unknown."""
    shape = shapes.find(recipe.model, recipe.revision)
    colocated = values.get("use_vllm") and values.get("vllm_mode") == "colocate"
    if shape is None or not colocated or not devices.gpus or devices.memory_gib is None:
        return None
    needed = longest_sequence(recipe, values, shape, prompt_tokens)
    return EnginePlan(
        shape=shape,
        memory_gib=devices.memory_gib,
        utilization=float(values["vllm_gpu_memory_utilization"]),
        length=int(values.get("vllm_max_model_length") or needed),
        split=int(values.get("vllm_tensor_parallel_size") or 1),
        key="trainer.vllm_",
    )


def longest_sequence(
    recipe: Recipe, values: Mapping[str, Any], shape: ModelShape, prompt_tokens: int
) -> int:
    """Count the tokens of the longest training sequence, which memory must hold."""
    if recipe.method == "sft":
        length = values.get("max_length") or shape.context or prompt_tokens
    else:
        length = prompt_tokens + int(values["max_completion_length"])
    return min(int(length), shape.context or int(length))


def generation_batch(values: Mapping[str, Any], processes: int) -> int:
    """Count the completions of one rollout over all processes."""
    accumulated = int(values.get("gradient_accumulation_steps") or 1)
    passes = int(values.get("steps_per_generation") or accumulated)
    of_passes = int(values["per_device_train_batch_size"]) * processes * passes
    return int(values.get("generation_batch_size") or of_passes)


def _learner(shape: ModelShape, recipe: Recipe) -> Network:
    if recipe.peft is None:
        return Network(shape, 0, shape.parameters)
    return Network(shape, shape.parameters, _adapters(shape, recipe.peft), is_adapted=True)


def _critic(shape: ModelShape, recipe: Recipe) -> Network:
    """Return the backbone with one output; its head is trained beside adapters, too."""
    head = shape.hidden + 1
    if recipe.peft is None:
        return Network(shape, 0, shape.backbone + head, has_language_head=False)
    trained = _adapters(shape, recipe.peft) + head
    return Network(shape, shape.backbone, trained, has_language_head=False, is_adapted=True)


def _adapters(shape: ModelShape, peft: Mapping[str, Any]) -> int:
    """Count the parameters of LoRA's pairs of matrices and of fully trained modules."""
    rank, targets = int(peft.get("r", 8)), peft.get("target_modules") or _LORA_DEFAULT
    adapted = [size for name, size in shape.matrices.items() if _is_target(name, targets)]
    whole = peft.get("modules_to_save") or ()
    saved = sum(shape.embedding for name in whole if name in ("embed_tokens", "lm_head"))
    return shape.layers * rank * sum(a + b for a, b in adapted) + saved


def _is_target(name: str, targets: Any) -> bool:
    """Return whether PEFT adapts a layer: by a list of name endings, a pattern, or all."""
    if not isinstance(targets, str):
        return name in targets
    if targets == "all-linear":
        return True
    path = f"model.layers.0.{_BLOCK_PATH.get(name[0], 'mlp')}.{name}"
    return re.fullmatch(targets, path) is not None


def _needs_reference(recipe: Recipe, values: Mapping[str, Any]) -> bool:
    """Return whether a second copy of the policy is needed; adapters need none."""
    section = recipe.ppo or recipe.reinforce_pp
    in_reward = section.kl_coefficient if section else 0.0
    in_loss = 0.0 if recipe.method in ("sft", "on_policy_distillation") else values.get("beta")
    return bool(in_reward or in_loss) and recipe.peft is None


def _weight_bytes(values: Mapping[str, Any], devices: Devices) -> int:
    """Return the bytes of a weight, in the launch file's precision under DeepSpeed."""
    options = values.get("model_init_kwargs") or {}
    is_half = str(options.get("dtype", "")).removeprefix("torch.") in _HALF_NAMES
    return _HALF if is_half or (devices.zero_stage and devices.is_mixed) else FLOAT32


def _optimizer_bytes(name: str) -> float:
    known = [size for start, size in _OPTIMIZER_BYTES.items() if name.startswith(start)]
    return known[0] if known else _ADAM_BYTES


def _sampled_rows(values: Mapping[str, Any], devices: Devices) -> int:
    if "num_generations" not in values or values.get("use_vllm"):
        return 0
    return max(1, generation_batch(values, devices.processes) // devices.processes)
