"""What samples during training: transformers, or vLLM where the recipe says `use_vllm: true`.

The engine itself is TRL's: in the training process (`vllm_mode: colocate`) or a server beside it
(`server`). Here is only whether it can work at all, before a model is loaded for nothing.
"""

from collections.abc import Mapping
from typing import Any

from rlvr.errors import UserError
from rlvr.recipe import Recipe
from rlvr.samplers import choose

_WITHOUT = "trainer.use_vllm=false samples with transformers"


def check(args: Any) -> None:
    """Refuse vLLM where training cannot use it.

    Raises:
        UserError: if training is on CPU, where TRL cannot hand vLLM new weights, or vLLM is missing
            or does not fit.
    """
    if fault := _fault(use_vllm=getattr(args, "use_vllm", False), use_cpu=args.use_cpu):
        raise UserError(fault)


def faults(values: Mapping[str, Any], recipe: Recipe, world_size: int) -> list[str]:
    """What `check` would refuse, as a rule for `trainer:` values before a config is built."""
    fault = _fault(use_vllm=values.get("use_vllm", False), use_cpu=values.get("use_cpu", False))
    return [fault] if fault else []


def _fault(*, use_vllm: bool, use_cpu: bool) -> str | None:
    if not use_vllm:
        return None
    reason = (
        "vLLM samples for training on GPUs, and this training is on CPU"
        if use_cpu
        else choose.vllm_fault()
    )
    return f"trainer.use_vllm: {reason}; {_WITHOUT}" if reason else None
