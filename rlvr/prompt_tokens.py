"""Prompts as token ids: how training, sampling, scoring and distillation all read them.

A chat template writes the special tokens of its model itself, so nothing is added to what it
rendered (`rlvr.prompts.ChatText`). Every other prompt, those of the written-out ChatML templates
among them, is plain text to the tokenizer and gets what it puts before any text: the beginning-of-
sequence token of Llama or Gemma, nothing for Qwen. It gets that once, even where the text begins
with the same token already.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from rlvr.prompts import ChatText

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


def prompt_ids(tokenizer: "PreTrainedTokenizerBase", prompts: Sequence[str]) -> list[list[int]]:
    """Token ids of each prompt, as rendered by `rlvr.prompts.render`."""
    if not prompts:
        return []
    bare = _encoded(tokenizer, prompts, add_special_tokens=False)
    whole = _encoded(tokenizer, prompts, add_special_tokens=True)
    return [
        text if isinstance(prompt, ChatText) else _begun_once(text, added)
        for prompt, text, added in zip(prompts, bare, whole, strict=True)
    ]


def _encoded(
    tokenizer: "PreTrainedTokenizerBase", prompts: Sequence[str], *, add_special_tokens: bool
) -> list[list[int]]:
    encoded = tokenizer(list(prompts), add_special_tokens=add_special_tokens).input_ids
    return cast(list[list[int]], encoded)


def _begun_once(bare: list[int], whole: list[int]) -> list[int]:
    """`whole` without what was put before `bare`, if `bare` begins with that itself."""
    for added in range(1, len(whole) - len(bare) + 1):
        if whole[added : added + len(bare)] == bare and bare[:added] == whole[:added]:
            return whole[added:]
    return whole
