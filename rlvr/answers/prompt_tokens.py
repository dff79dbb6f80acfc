"""Prompts as token ids: how training, sampling, scoring and distillation all read them.

A chat template writes the special tokens of its model itself, so nothing is added to what it
rendered (`rlvr.answers.prompts.ChatText`). Every other prompt, those of the written-out ChatML
templates among them, is plain text to the tokenizer and gets what it puts before any text: the
beginning-of- sequence token of Llama or Gemma, nothing for Qwen. It gets that once, even where the
text begins with the same token already. What a tokenizer puts behind a text, such as an
end-of-sequence token, is left out: a model completes what has not ended.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from rlvr.answers.prompts import ChatText

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_ANY_TEXT = "0"


def prompt_ids(tokenizer: "PreTrainedTokenizerBase", prompts: Sequence[str]) -> list[list[int]]:
    """Tokenize prompts as rendered by `rlvr.answers.prompts.render`."""
    if not prompts:
        return []
    begin = _put_before(tokenizer, [max(prompts, key=len), _ANY_TEXT])
    return [
        bare if isinstance(prompt, ChatText) or bare[: len(begin)] == begin else begin + bare
        for prompt, bare in zip(prompts, _bare(tokenizer, prompts), strict=True)
    ]


def _put_before(tokenizer: "PreTrainedTokenizerBase", texts: Sequence[str]) -> list[int]:
    """Return what the tokenizer adds before a text, found by the first of these that shows it."""
    for text in texts:
        (bare,) = _bare(tokenizer, [text])
        whole = cast(list[int], tokenizer(str(text), add_special_tokens=True).input_ids)
        for at in range(len(whole) - len(bare) + 1):
            if bare and whole[at : at + len(bare)] == bare:
                return whole[:at]
    return []


def _bare(tokenizer: "PreTrainedTokenizerBase", texts: Sequence[str]) -> list[list[int]]:
    encoded = tokenizer(list(map(str, texts)), add_special_tokens=False).input_ids
    return cast(list[list[int]], encoded)
