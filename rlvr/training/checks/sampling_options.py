"""Which `trainer.generation_kwargs` a rollout can be sampled with.

TRL hands them on to transformers or vLLM unread. A rollout is sampled one token after the other
from the policy, so what searches, copies or guides makes another distribution than the one that is
trained; and what the trainer itself decides has a key of its own.
"""

from collections.abc import Iterator, Mapping
from typing import Any

_KEYS_OF_THE_TRAINER = {
    **{
        name: name
        for name in (
            "cache_implementation",
            "min_p",
            "repetition_penalty",
            "temperature",
            "top_k",
            "top_p",
        )
    },
    "max_length": "max_completion_length",
    "max_new_tokens": "max_completion_length",
}
_TOKENS = ("begin_suppress_tokens", "bad_words_ids", "eos_token_id", "suppress_tokens")
_OTHERS = (
    "epsilon_cutoff",
    "eta_cutoff",
    "exponential_decay_length_penalty",
    "min_new_tokens",
    "no_repeat_ngram_size",
    "sequence_bias",
    "top_h",
    "typical_p",
    "use_cache",
)
_KNOWN = tuple(sorted((*_TOKENS, *_OTHERS)))


def faults(args: Any, given: Mapping[str, Any]) -> Iterator[str]:
    """Say, each with its key, what cannot be sampled with."""
    options = given.get("generation_kwargs")
    if not isinstance(options, Mapping) or not options:
        return
    found = [*(_of_vllm(options) if args.use_vllm else _of_transformers(args, options))]
    yield from (f"generation_kwargs{fault}" for fault in found)


def foreign_tokens(options: Mapping[str, Any], vocabulary: int) -> Iterator[str]:
    """Say which tokens of `generation_kwargs` a model does not have."""
    for name in _TOKENS:
        for token in _numbers(options.get(name)):
            if not 0 <= token < vocabulary:
                has = f"the model has tokens 0 to {vocabulary - 1}"
                yield f"generation_kwargs.{name}: {has}, found {token}"


def _of_transformers(args: Any, options: Mapping[str, Any]) -> Iterator[str]:
    wrong = False
    for name, value in options.items():
        if own := _KEYS_OF_THE_TRAINER.get(name):
            wrong = True
            yield f".{name} cannot be set: write trainer.{own}"
        elif name not in _KNOWN:
            wrong = True
            yield (
                f".{name} cannot be set: it is no way to draw one token after the other from the "
                f"policy; there are: {', '.join(_KNOWN)}"
            )
        elif fault := _fault_of_value(args, name, value):
            wrong = True
            yield f".{name}: {fault}, found {value!r:.60}"
    if not wrong:
        try:
            _sample(options)
        except Exception as error:  # transformers meets a stranger's values first
            yield f": {dict(options)!r:.100}: {' '.join(str(error).split())[:300]}"


def _fault_of_value(args: Any, name: str, value: Any) -> str | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if name in _TOKENS and not _are_tokens(value):
        return "write token ids, whole numbers from 0"
    if name == "use_cache" and not isinstance(value, bool):
        return "write true or false"
    if name == "no_repeat_ngram_size" and not (whole and value >= 0):
        return "write 0 or more"
    if name == "min_new_tokens" and not (whole and 0 <= value <= args.max_completion_length):
        return f"write 0 to trainer.max_completion_length ({args.max_completion_length})"
    return None


def _are_tokens(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(map(_are_tokens, value))
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _numbers(value: Any) -> Iterator[int]:
    if isinstance(value, list):
        for each in value:
            yield from _numbers(each)
    elif isinstance(value, int):
        yield value


def _sample(options: Mapping[str, Any]) -> None:
    """Draw two tokens from a model of a few hundred parameters."""
    import torch
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

    ids = [token for name in _TOKENS for token in _numbers(options.get(name))]
    with torch.random.fork_rng(devices=[]):
        model = LlamaForCausalLM(
            LlamaConfig(
                vocab_size=max([*ids, 30]) + 2,
                hidden_size=4,
                intermediate_size=4,
                num_hidden_layers=1,
                num_attention_heads=1,
                num_key_value_heads=1,
            )
        )
        asked = {"do_sample": True, "pad_token_id": 0, "eos_token_id": 1, **options}
        config = GenerationConfig(**{**asked, "max_new_tokens": 2, "min_new_tokens": 0})
        model.generate(torch.tensor([[2, 3]]), generation_config=config, disable_compile=True)


def _of_vllm(options: Mapping[str, Any]) -> Iterator[str]:
    try:
        from vllm import SamplingParams
    except ImportError:
        return  # which is a fault of its own
    try:
        SamplingParams(**options)
    except Exception as error:  # vLLM meets a stranger's values first
        yield f": {dict(options)!r:.100}: {' '.join(str(error).split())[:300]}"
