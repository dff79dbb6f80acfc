"""Which texts, lists and nulls a field of TRL's and PEFT's config classes may hold.

Most of their text fields take any text, and what is none of the known words is met inside a library
after minutes, or never. A field that a config class does not have is not looked at.
"""

from collections.abc import Mapping
from typing import Any, get_args, get_origin

from rlvr.core.errors import holds_login

_LONGEST = 2_000
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "cache_implementation": (
        "static",
        "offloaded_static",
        "sliding_window",
        "hybrid",
        "hybrid_chunked",
        "offloaded_hybrid",
        "offloaded_hybrid_chunked",
        "dynamic",
        "offloaded",
        "quantized",
    ),
    "dataloader_multiprocessing_context": ("fork", "spawn", "forkserver"),
    "ddp_backend": ("nccl", "gloo", "mpi", "ccl", "hccl", "cncl", "mccl"),
    "init_lora_weights": ("gaussian", "olora", "orthogonal", "pissa"),
    "include_num_input_tokens_seen": ("all", "non_padding", "no"),
    "packing_strategy": ("bfd", "bfd_split", "wrapped"),
    "pad_to_multiple_of": ("auto",),
    "peft_type": ("LORA",),
    "task_type": ("CAUSAL_LM",),
    "torch_compile_backend": (
        "inductor",
        "eager",
        "aot_eager",
        "cudagraphs",
        "onnxrt",
        "openxla",
        "tensorrt",
        "tvm",
    ),
    "torch_compile_mode": (
        "default",
        "reduce-overhead",
        "max-autotune",
        "max-autotune-no-cudagraphs",
    ),
    "train_sampling_strategy": ("random", "sequential", "group_by_length"),
    "truncation_mode": ("keep_start", "keep_end"),
    "vllm_model_impl": ("vllm", "transformers"),
}
# null would be another library's default, not the one that its own class has
_NEVER_NULL = ("max_completion_length", "num_generations", "pad_to_multiple_of")


def fault(field: str, value: Any, hint: Any) -> str | None:
    """Say what the field takes; None if it takes the value, or the value is a number.

    Args:
        hint: the field's type.
    """
    if value is None:
        return "leave the key out for its default" if field in _NEVER_NULL else None
    if value == []:
        return "write at least one, or leave the key out"
    if not isinstance(value, str):
        return None
    if not value.strip() or not value.isprintable() or len(value) > _LONGEST:
        return f"write a line of text, at most {_LONGEST} characters, or leave the key out"
    if holds_login(value) or (field.endswith("_host") and "@" in value):
        return "leave out the user name or password, which would be written to the run directory"
    if _takes_mapping(hint):
        return "write a mapping of keys, as in {key: value}"
    if field in _CHOICES and value not in _CHOICES[field]:
        return f"write {' or '.join(_CHOICES[field])}"
    return None


def _takes_mapping(hint: Any) -> bool:
    return get_origin(hint) is dict or hint is dict or any(map(_takes_mapping, get_args(hint)))
