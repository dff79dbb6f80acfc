"""At which tokens a recipe's sampling stops, beyond those that the model's files name as its end.

Engines look for stop strings in text without special tokens, where a string such as `<|im_end|>` or
`<|eot_id|>` never stands. Such a string is taken for its token.
"""

from typing import TYPE_CHECKING

from rlvr.samplers.base import SamplingParams

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def stop_ids(tokenizer: "PreTrainedTokenizerBase", params: SamplingParams) -> frozenset[int]:
    """Collect the stop tokens, and those of stop strings that are special tokens."""
    return frozenset(params.stop_token_ids) | special_stops(tokenizer, params)


def special_stops(tokenizer: "PreTrainedTokenizerBase", params: SamplingParams) -> frozenset[int]:
    """Collect the tokens of the stop strings that are special tokens."""
    if not params.stop:
        return frozenset()
    # all_special_ids lacks those that have no role, such as Llama's <|eot_id|>
    added = tokenizer.added_tokens_decoder.items()
    return frozenset(at for at, token in added if token.special and str(token) in params.stop)
