"""Whether PEFT can put a recipe's adapter into a model, and the model be built as the recipe asks.

The model is built from its config.json alone, on torch's meta device, which holds shapes and no
numbers: a model of any size takes a second and no memory.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlvr.core.errors import Faults
from rlvr.recipes.recipe import Recipe
from rlvr.training.checks import sampling_options
from rlvr.training.checks.handed_on import reason
from rlvr.weights.model_folder import loading

if TYPE_CHECKING:
    from torch import nn

_KERNELS = ("attn_implementation", "experts_implementation")


def check(recipe: Recipe, args: Any, folder: Path, *, source: str) -> None:
    """Check what a recipe asks of its model's modules and tokens.

    Raises:
        Faults: naming every key with what is wrong.
    """
    asked = dict(getattr(args, "generation_kwargs", None) or {})
    options = {k: v for k, v in (args.model_init_kwargs or {}).items() if k in _KERNELS}
    if recipe.peft is None and not options and not asked:
        return
    from transformers import AutoConfig

    with loading(folder):
        config = AutoConfig.from_pretrained(folder)
    tokens = sampling_options.foreign_tokens(asked, config.get_text_config().vocab_size)
    found = [f"trainer.{fault}" for fault in tokens]
    if recipe.peft is not None or options:
        found += _of_model(recipe, config, options)
    if found:
        raise Faults(source, found)


def _of_model(recipe: Recipe, config: Any, options: Mapping[str, Any]) -> list[str]:
    import torch
    from transformers import AutoModelForCausalLM

    try:
        with _without_deepspeed(), torch.device("meta"):
            model = AutoModelForCausalLM.from_config(config, **options)
    except Exception as error:  # the values are a stranger's, and what reads them is a library
        return [f"trainer.model_init_kwargs: {dict(options)!r:.100}: {reason(error)}"]
    return [f"peft.{fault}" for fault in _of_adapter(model, recipe.peft)] if recipe.peft else []


@contextmanager
def _without_deepspeed() -> Iterator[None]:
    """Build models as on one process: ZeRO-3 would split, and so copy, what has no numbers."""
    from transformers.integrations import deepspeed

    told = deepspeed._hf_deepspeed_config_weak_ref
    deepspeed.unset_hf_deepspeed_config()
    try:
        yield
    finally:
        deepspeed._hf_deepspeed_config_weak_ref = told


def _of_adapter(model: "nn.Module", given: Mapping[str, Any]) -> list[str]:
    found = [*_of_names(model, given)]
    if given.get("init_lora_weights") == "orthogonal" and given.get("r", 8) % 2:
        found.append(f"r: init_lora_weights: orthogonal needs an even rank, found {given['r']}")
    return found or [*_refused_by_peft(model, given)]


def _of_names(model: "nn.Module", given: Mapping[str, Any]) -> Iterator[str]:
    modules = [name for name, _ in model.named_modules() if name]
    parameters = [name for name, _ in model.named_parameters()]
    for key, known in (
        ("target_modules", modules),
        ("modules_to_save", modules),
        ("target_parameters", parameters),
    ):
        names = given.get(key)
        for name in names if isinstance(names, list) else ():
            if not any(each == name or each.endswith(f".{name}") for each in known):
                yield f"{key}: the model has no '{name}'; it has {_endings(known)}"
    for key in ("rank_pattern", "alpha_pattern"):
        yield from _of_pattern(key, given.get(key) or {}, modules)
    rows = model.get_input_embeddings().weight.shape[0]  # type: ignore[operator]
    tokens = given.get("trainable_token_indices")
    for token in tokens if isinstance(tokens, list) else ():
        if not 0 <= token < rows:
            yield f"trainable_token_indices: the model has tokens 0 to {rows - 1}, found {token}"


def _of_pattern(key: str, pattern: Mapping[str, Any], modules: list[str]) -> Iterator[str]:
    for name, value in pattern.items():
        is_rank = isinstance(value, int) and not isinstance(value, bool) and value >= 1
        is_scale = isinstance(value, int | float) and not isinstance(value, bool)
        if key == "rank_pattern" and not is_rank:
            yield f"{key}.{name}: write a whole number from 1, found {value!r:.60}"
        elif key == "alpha_pattern" and not (is_scale and 0 < value < float("inf")):
            yield f"{key}.{name}: write a number above 0, found {value!r:.60}"
        try:
            is_there = any(re.match(rf"(.*\.)?({name})$", each) for each in modules)
        except re.error as error:
            yield f"{key}: '{name}' is no regular expression ({error})"
        else:
            if not is_there:
                yield f"{key}: the model has no '{name}'; it has {_endings(modules)}"


def _refused_by_peft(model: "nn.Module", given: Mapping[str, Any]) -> Iterator[str]:
    from peft import LoraConfig, TaskType, get_peft_model

    # numbers are drawn where there are some
    config = LoraConfig(**{"task_type": TaskType.CAUSAL_LM, **given, "init_lora_weights": False})
    try:
        get_peft_model(model, copy(config))
    except Exception as error:  # PEFT meets a stranger's values first
        yield f"{_blamed(given)}: {reason(error)}"


def _blamed(given: Mapping[str, Any]) -> str:
    """Return the key that names modules, which is what PEFT trips over first."""
    for key in ("layers_to_transform", "exclude_modules", "target_modules"):
        if given.get(key) is not None:
            return f"{key}: {given[key]!r:.60}"
    return "target_modules"


def _endings(names: list[str]) -> str:
    """Return the last parts of names, each once: q_proj, k_proj, .."""
    endings = dict.fromkeys(name.rpartition(".")[2] for name in names)
    return ", ".join([each for each in endings if not each.isdigit()][:20])
