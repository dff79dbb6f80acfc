"""What samples during training: transformers, or vLLM where the recipe says `use_vllm: true`.

The engine itself is TRL's: in the training process (`vllm_mode: colocate`) or a server beside it
(`server`). Here is only whether it can work at all, before a model is loaded for nothing.
"""

from typing import Any

from rlvr.errors import UserError
from rlvr.samplers import choose

_WITHOUT = "trainer.use_vllm=false samples with transformers"


def check(args: Any) -> None:
    """Refuse vLLM where training cannot use it.

    Raises:
        UserError: if training is on CPU, where TRL cannot hand vLLM new weights, or vLLM is missing
            or does not fit.
    """
    if not getattr(args, "use_vllm", False):
        return
    if args.use_cpu:
        raise UserError(
            "trainer.use_vllm: vLLM samples for training on GPUs, and this training is on CPU; "
            f"{_WITHOUT}"
        )
    if fault := choose.vllm_fault():
        raise UserError(f"trainer.use_vllm: {fault}; {_WITHOUT}")
