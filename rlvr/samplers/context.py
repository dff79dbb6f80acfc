"""How many tokens a model takes, and which prompts leave room for a completion within them.

Both engines stop at the same length, so that a draw is "length" under the one where it is under the
other. The length is that which vLLM derives from a model's files.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlvr.answers.prompt_tokens import prompt_ids
from rlvr.core import reading
from rlvr.core.errors import UserError
from rlvr.samplers.base import SampleRequest

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedTokenizerBase

# kinds of rotary embeddings whose factor multiplies max_position_embeddings; others have done so
_SCALED_BY_FACTOR = ("linear", "dynamic")


def context_length(config: "PretrainedConfig", folder: Path) -> int | None:
    """Return the tokens of prompt and completion together; None if no file says.

    Args:
        folder: of the model, for what tokenizer_config.json says.
    """
    told = [_of_model(config), _of_tokenizer(folder)]
    return min((length for length in told if length is not None), default=None)


def encoded(
    requests: Sequence[SampleRequest],
    tokenizer: "PreTrainedTokenizerBase",
    context: int | None,
) -> list[list[int]]:
    """Tokenize the prompts.

    Raises:
        UserError: if a prompt has no tokens, or leaves no room for a completion.
    """
    found = prompt_ids(tokenizer, [request.prompt for request in requests])
    for request, ids in zip(requests, found, strict=True):
        if not ids:
            raise UserError(
                f"problem '{request.problem_id}': its prompt has no tokens, so there is nothing to "
                "complete; give it a question, or choose another prompt template"
            )
        if context is not None and len(ids) >= context:
            raise UserError(
                f"problem '{request.problem_id}': its prompt has {len(ids)} tokens and the model's "
                f"context {context}, which leaves no room for a completion; leave the problem out, "
                "or take a model with more context"
            )
    return found


def scored(
    prompts: Sequence[str],
    completions: Sequence[Sequence[int]],
    tokenizer: "PreTrainedTokenizerBase",
    context: int | None,
) -> list[list[int]]:
    """Tokenize the prompts of given completions.

    Raises:
        ValueError: if a prompt is empty, so that nothing precedes the first token.
        UserError: if a completion is longer than the model can have written it.
    """
    found = prompt_ids(tokenizer, prompts)
    if not all(found):
        raise ValueError("a prompt without tokens: the first completion token has no probability")
    longest = max((len(p) + len(c) for p, c in zip(found, completions, strict=True)), default=0)
    if context is not None and longest > context:
        raise UserError(
            f"a completion and its prompt have {longest} tokens and the model's context {context}, "
            "so the model cannot score it; leave it out, or score with a model with more context"
        )
    return found


def _of_model(config: "PretrainedConfig") -> int | None:
    text = config.get_text_config()
    length = getattr(text, "max_position_embeddings", None)
    if length is None:
        return None
    rope: dict[str, Any] = getattr(text, "rope_parameters", None) or {}
    if rope.get("rope_type") == "longrope":
        length = getattr(text, "original_max_position_embeddings", None) or length
    if rope.get("rope_type") in _SCALED_BY_FACTOR:
        length *= rope.get("factor") or 1
    return int(length)


def _of_tokenizer(folder: Path) -> int | None:
    file = folder / "tokenizer_config.json"
    told = reading.json_object_file(file).get("model_max_length") if file.is_file() else None
    return None if told is None else int(told)
