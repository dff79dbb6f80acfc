"""What tells draws from those that version 0.1.0 made under the same settings, where they differ.

That version let a model's generation_config.json change what transformers drew, put special tokens
around chat prompts that held theirs already, and behind others where a tokenizer does so, let
transformers write past a model's context, and looked for stop strings that are special tokens in
text without any.
Draws of which none of this is true are the same today and keep their key; of the others the key
says what is done now, so that the two are never pooled.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from rlvr.answers.prompts import ChatText
from rlvr.core import reading
from rlvr.samplers.base import SamplingParams
from rlvr.samplers.stops import special_stops
from rlvr.weights.adapters import small_files

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

PROMPT_TOKENS = "prompt_tokens"
GENERATION_FILE = "generation_config"
CONTEXT = "context"
SPECIAL_STOPS = "special_stops"

# more than any tokenizer puts around a text
_MOST_SPECIAL_TOKENS = 8


def versions_apart(
    model: Path, engine: str, sampling: SamplingParams, prompts: Sequence[str]
) -> dict[str, str]:
    """Return entries that a draw key needs; empty where the draws are what they were.

    Args:
        model: folder of what is drawn from.
        engine: "hf" or "vllm".
        prompts: all that are drawn for, as rendered.
    """
    folder, found = small_files(model), {}
    if _was_begun_twice(folder, prompts):
        found[PROMPT_TOKENS] = "begun once"
    if sampling.stop and special_stops(_tokenizer(folder), sampling):
        found[SPECIAL_STOPS] = "obeyed"
    if engine == "hf":
        from rlvr.samplers.generation_file import asks_of_any_decoding

        if asks_of_any_decoding(folder):
            found[GENERATION_FILE] = "not obeyed"
        if _may_reach_the_context(folder, sampling.max_completion_tokens, prompts):
            found[CONTEXT] = "never passed"
    return found


def _was_begun_twice(folder: Path, prompts: Sequence[str]) -> bool:
    """Return whether tokens were once added twice; one chat prompt stands for all."""
    from rlvr.answers.prompt_tokens import prompt_ids

    first = _first_token(folder)
    chat = [prompt for prompt in prompts if isinstance(prompt, ChatText)][:1]
    begun = [prompt for prompt in prompts if first and prompt.startswith(first)]
    # behind one plain prompt stands what stands behind all of them
    suspicious = [*chat, *begun, *prompts[:1]]
    if not suspicious or not _has_tokenizer(folder):
        return False
    tokenizer = _tokenizer(folder)
    return prompt_ids(tokenizer, suspicious) != tokenizer(list(map(str, suspicious))).input_ids


def _has_tokenizer(folder: Path) -> bool:
    """Return whether there is one: neither engine has ever drawn from a model without."""
    return any(any(folder.glob(pattern)) for pattern in ("tokenizer*", "vocab*", "*.model"))


def _may_reach_the_context(folder: Path, budget: int, prompts: Sequence[str]) -> bool:
    from rlvr.answers.prompt_tokens import prompt_ids

    context = _context(folder)
    if context is None or not prompts:
        return False
    if budget >= context:
        return True
    # a token is at least one byte, so most prompts need not be tokenized
    room = context - budget - _MOST_SPECIAL_TOKENS
    close = [prompt for prompt in prompts if len(prompt.encode()) > room]
    if not close:
        return False
    return any(len(ids) + budget > context for ids in prompt_ids(_tokenizer(folder), close))


def _first_token(folder: Path) -> str:
    """Read the beginning-of-sequence token without loading the tokenizer."""
    file = folder / "tokenizer_config.json"
    told = reading.json_object_file(file) if file.is_file() else {}
    token = told.get("bos_token") or ""
    return str(token["content"] if isinstance(token, dict) else token)


@lru_cache(maxsize=16)
def _context(folder: Path) -> int | None:
    from transformers import AutoConfig

    from rlvr.samplers.context import context_length

    return context_length(AutoConfig.from_pretrained(folder), folder)


@lru_cache(maxsize=16)
def _tokenizer(folder: Path) -> "PreTrainedTokenizerBase":
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)
