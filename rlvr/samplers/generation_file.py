"""What a model's generation_config.json asks for, which no sampler here obeys.

transformers merges that file into every call of `generate`, so that penalties and suppressed tokens
would change draws whose key knows nothing of them; Qwen2.5-Instruct ships such values. Sampling
here follows the recipe alone. Of the file only the end markers are taken. What else it asks for is
told once for each model.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlvr.core import reading

if TYPE_CHECKING:
    from transformers import GenerationConfig, PreTrainedModel

logger = logging.getLogger(__name__)

_FILE = "generation_config.json"

# what asks any kind of decoding for other tokens, with the value that asks for nothing
_OF_ANY_DECODING: Mapping[str, Any] = {
    "bad_words_ids": None,
    "begin_suppress_tokens": None,
    "cache_implementation": None,
    "exponential_decay_length_penalty": None,
    "forced_bos_token_id": None,
    "forced_eos_token_id": None,
    "guidance_scale": 1.0,
    "max_time": None,
    "min_length": 0,
    "min_new_tokens": 0,
    "no_repeat_ngram_size": 0,
    "prefill_chunk_size": None,
    "prompt_lookup_num_tokens": None,
    "remove_invalid_values": False,
    "repetition_penalty": 1.0,
    "sequence_bias": None,
    "suppress_tokens": None,
    "use_mtp": False,
    "watermarking_config": None,
}
# what asks for another kind of decoding, or for something of one kind alone
_OF_SOME_DECODING: Mapping[str, Any] = {
    "constraints": None,
    "diversity_penalty": 0.0,
    "dola_layers": None,
    "early_stopping": False,
    "epsilon_cutoff": 0.0,
    "eta_cutoff": 0.0,
    "force_words_ids": None,
    "length_penalty": 1.0,
    "max_length": 20,
    "max_new_tokens": None,
    "min_p": 0.0,
    "num_beam_groups": 1,
    "num_beams": 1,
    "num_return_sequences": 1,
    "penalty_alpha": None,
    "renormalize_logits": False,
    "stop_strings": None,
    "temperature": 1.0,
    "token_healing": False,
    "top_h": None,
    "top_k": 0,
    "top_p": 1.0,
    "typical_p": 1.0,
}
# as a recipe calls what has another name in the file
_RECIPE_NAMES = {"max_new_tokens": "max_completion_tokens"}

_told: set[Path] = set()


def asked_for(folder: Path) -> dict[str, Any]:
    """Return what a model's file asks for beyond plain sampling, by name.

    Of a model without the file it is what config.json asks for, where early models kept it.

    Raises:
        UserError: if the file is not JSON.
    """
    own = folder / _FILE
    values = reading.json_object_file(own if own.is_file() else folder / "config.json")
    neutral = {**_OF_ANY_DECODING, **_OF_SOME_DECODING}
    return {
        name: values[name]
        for name in sorted(neutral.keys() & values.keys())
        if values[name] is not None and values[name] != neutral[name]
    }


def asks_of_any_decoding(folder: Path) -> bool:
    """Return True if the file would make `generate` draw other tokens."""
    return not _OF_ANY_DECODING.keys().isdisjoint(asked_for(folder))


def tell_undone(folder: Path, done: Mapping[str, Any]) -> None:
    """Warn, once for each model, of what its file asks for and is not done.

    Args:
        done: what is done instead, by the recipe's names.
    """
    if folder in _told:
        return
    _told.add(folder)
    undone = [
        f"{name} {value!r}"
        for name, value in asked_for(folder).items()
        if done.get(_RECIPE_NAMES.get(name, name)) != value
    ]
    if undone:
        logger.warning(
            "%s: its generation_config.json asks for %s, which is not done: completions are drawn "
            "as the recipe says. To have it, write it into the recipe's sampling, where there is a "
            "key for it",
            folder,
            ", ".join(undone),
        )


def neutral(model: "PreTrainedModel") -> "GenerationConfig":
    """Return a configuration that asks for nothing and keeps the model's end markers."""
    from transformers import GenerationConfig

    return GenerationConfig(eos_token_id=model.generation_config.eos_token_id)


@contextmanager
def set_aside(model: "PreTrainedModel") -> Iterator[None]:
    """Let `generate` obey its arguments alone; afterwards the model has its own file again."""
    own = model.generation_config
    model.generation_config = neutral(model)
    try:
        yield
    finally:
        model.generation_config = own
