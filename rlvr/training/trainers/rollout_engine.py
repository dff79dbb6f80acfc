"""What samples during training: transformers, or vLLM where the recipe says `use_vllm: true`.

The engine itself is TRL's: in the training process (`vllm_mode: colocate`) or a server beside it
(`server`). Here is whether it can work at all, before a model is loaded for nothing, and at which
tokens it stops.
"""

from collections.abc import Collection, Mapping
from typing import Any

from rlvr.core.errors import UserError
from rlvr.recipes.recipe import Recipe
from rlvr.samplers import selection

_WITHOUT = "trainer.use_vllm=false samples with transformers"


def check(args: Any) -> None:
    """Refuse vLLM where training cannot use it.

    Raises:
        UserError: if training is on CPU, where TRL cannot hand vLLM new weights, or vLLM is missing
            or does not fit.
    """
    if fault := _fault(use_vllm=getattr(args, "use_vllm", False), use_cpu=args.use_cpu):
        raise UserError(fault)


def stop_at(args: Any, end_ids: Collection[int]) -> None:
    """Have the engine of a trainer that is built with these arguments stop at these tokens.

    To be called before TRL makes its engine. TRL itself knows the ends that the model's files name,
    and vLLM those of the folder that it loads; a template's end markers are often none of them.
    """
    given = dict(args.generation_kwargs or {})
    name = "stop_token_ids" if getattr(args, "use_vllm", False) else "eos_token_id"
    asked_for = given.get(name) or []
    further = [asked_for] if isinstance(asked_for, int) else asked_for
    args.generation_kwargs = given | {name: sorted({*end_ids, *further})}


def make_room(args: Any, longest_prompt: int, context: int | None) -> None:
    """Have vLLM make room for the longest prompt and the budget, where nothing else is asked for.

    To be called before TRL makes its engine, which would make room for the model's whole context
    and not start where its KV cache does not hold that.

    Args:
        context: tokens that the model takes; None where its files do not say.

    Raises:
        UserError: if the recipe's own length would cut completions off before their budget.
    """
    if not getattr(args, "use_vllm", False) or args.vllm_mode != "colocate":
        return
    needed = longest_prompt + args.max_completion_length
    needed = min(needed, context or needed)
    if args.vllm_max_model_length is None:
        args.vllm_max_model_length = needed
    elif args.vllm_max_model_length < needed:
        raise UserError(
            f"trainer.vllm_max_model_length: {args.vllm_max_model_length} tokens are less than the "
            f"longest prompt ({longest_prompt}) and trainer.max_completion_length "
            f"({args.max_completion_length}); write {needed}, or remove it"
        )


def faults(values: Mapping[str, Any], recipe: Recipe, world_size: int) -> list[str]:
    """List what `check` would refuse, as a rule for `trainer:` values before a config is built."""
    fault = _fault(use_vllm=values.get("use_vllm", False), use_cpu=values.get("use_cpu", False))
    return [fault] if fault else []


def _fault(*, use_vllm: bool, use_cpu: bool) -> str | None:
    if not use_vllm:
        return None
    reason = (
        "vLLM samples for training on GPUs, and this training is on CPU"
        if use_cpu
        else selection.vllm_fault()
    )
    return f"trainer.use_vllm: {reason}; {_WITHOUT}" if reason else None
