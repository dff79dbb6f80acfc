"""Which numbers a field of TRL's and PEFT's config classes may hold.

TRL and transformers check few of them: a batch of 0 divides by zero minutes later, and a learning
rate that is no number trains to the end. Every float must be finite; the fields below have a range
too. A field that a config class does not have is not looked at.
"""

import math
from typing import Any

_AT_LEAST_ONE = (
    "dataloader_prefetch_factor",
    "dataset_num_proc",
    "ddp_bucket_cap_mb",
    "ddp_timeout",
    "generation_batch_size",
    "gradient_accumulation_steps",
    "max_completion_length",
    "max_length",
    "num_completions_to_print",
    "num_iterations",
    "pad_to_multiple_of",
    "per_device_eval_batch_size",
    "per_device_train_batch_size",
    "qalora_group_size",
    "r",
    "ref_model_sync_steps",
    "steps_per_generation",
    "torch_empty_cache_steps",
    "vllm_max_model_length",
    "vllm_tensor_parallel_size",
)
_NOT_NEGATIVE = (
    "beta",
    "dataloader_num_workers",
    "epsilon",
    "epsilon_high",
    "layers_to_transform",
    "learning_rate",
    "max_grad_norm",
    "neftune_noise_alpha",
    "router_aux_loss_coef",
    "vllm_importance_sampling_clip_min",
    "warmup_steps",
    "weight_decay",
)
_POSITIVE = (
    "adam_epsilon",
    "delta",
    "lora_alpha",
    "num_train_epochs",
    "off_policy_mask_threshold",
    "repetition_penalty",
    "save_steps",
    "vllm_importance_sampling_cap",
    "vllm_importance_sampling_clip_max",
    "vllm_server_timeout",
)
_SHARES = ("label_smoothing_factor", "min_p", "ref_model_mixup_alpha", "warmup_ratio")
_POSITIVE_SHARES = ("top_entropy_quantile", "top_p", "vllm_gpu_memory_utilization")
_PORTS = ("vllm_group_port", "vllm_server_port")
_BELOW_ONE = ("adam_beta1", "adam_beta2", "lora_dropout")
_LARGEST_WHOLE = 2**31 - 1
# beyond these a number is a slip of the pen, and float32, in which training reckons, loses it
_LARGEST, _SMALLEST = 1e30, 1e-30


def fault(field: str, value: Any) -> str | None:
    """Say what numbers the field takes; None if it takes the value, or the value is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not math.isfinite(value):
        return "write a finite number"
    if isinstance(value, int) and abs(value) > _LARGEST_WHOLE:
        return f"write a whole number up to {_LARGEST_WHOLE}"
    if isinstance(value, float) and abs(value) > _LARGEST:
        return f"write a number up to {_LARGEST:g}"
    if 0 < abs(value) < _SMALLEST:
        return f"write 0, or a number of at least {_SMALLEST:g}"
    if field == "max_steps" and value < 1 and value != -1:
        return "write at least 1, or -1 to train num_train_epochs"
    if field == "top_k" and value < -1:
        return "write 0 (or -1 for vLLM) for all tokens, otherwise 1 or more"
    if field == "num_generations" and value < 2:
        return "write at least 2: completions of one prompt are compared with one another"
    for fields, fits, range_ in (
        (_AT_LEAST_ONE, value >= 1, "write at least 1"),
        (_NOT_NEGATIVE, value >= 0, "write 0 or more"),
        (_POSITIVE, value > 0, "write a number above 0"),
        (_SHARES, 0 <= value <= 1, "write a number from 0 to 1"),
        (_POSITIVE_SHARES, 0 < value <= 1, "write a number above 0 and up to 1"),
        (_BELOW_ONE, 0 <= value < 1, "write a number from 0 to below 1"),
        (_PORTS, 1 <= value <= 65535, "write a port from 1 to 65535"),
        (("temperature",), 0.01 <= value <= 100, "write a number from 0.01 to 100"),
    ):
        if field in fields and not fits:
            return range_
    return None
