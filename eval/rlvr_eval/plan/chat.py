"""Whose chat template the prompt `chat` is: the base's, for all models of one evaluation.

A checkpoint that is compared with its base must be asked the same thing, and trainers may save
another template than they were given. So all models are asked under the base's, and each under its
own only where the base has none, as a pretrained model may. The draw key holds the template's hash
(`rlvr.answers.prompts.chat_name`): models that were asked under different ones are not compared.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from rlvr.answers import attempts, prompts
from rlvr.answers.attempts import Ends
from rlvr.core.errors import UserError
from rlvr.weights.adapters import small_files
from rlvr.weights.model_folder import loading

_TOKENIZER_FILES = ("tokenizer_config.json", "tokenizer.json", "tokenizer.model", "vocab.json")


@lru_cache(maxsize=16)  # every evaluation asks for its base's
def load_tokenizer(folder: Path) -> Any:
    """Load the tokenizer of a checkpoint, once."""
    from transformers import AutoTokenizer

    with loading(folder):
        return AutoTokenizer.from_pretrained(small_files(folder))


@lru_cache(maxsize=64)
def ends_of(prompt: str, model: Path, chat_template: Path | None = None) -> Ends:
    """Collect what ends a model's completions under a prompt.

    Args:
        model: its folder; one without a tokenizer ends completions by text alone.
        chat_template: folder of the model whose chat template is meant by `chat`; None for its own.
    """
    folder = small_files(model)
    if not any((folder / name).is_file() for name in _TOKENIZER_FILES):
        return Ends(prompt)
    tokenizer = load_tokenizer(model)
    own = attempts.model_end_ids(folder, tokenizer)
    asked = load_tokenizer(chat_template) if chat_template else tokenizer
    return attempts.ends_of(prompt, tokenizer, own, chat_tokenizer=asked)


def template_of(base: Path | None, model: Path) -> Path:
    """Return the folder of a model's chat template: its base's, if that has one."""
    if base is not None and load_tokenizer(base).chat_template:
        return base
    return model


def tokenizer_for(prompt: str, folders: Sequence[Path]) -> Any:
    """Find the tokenizer in these folders for a draw key's prompt; None if none is needed.

    Args:
        folders: at least one. A key without a hash says nothing of the template; the first is
            taken, which is that of the model itself.

    Raises:
        UserError: if no folder has the chat template with that hash.
    """
    if not prompts.is_chat(prompt):
        return None
    if (named := prompts.chat_part(prompt)) == "chat":
        return load_tokenizer(folders[0])
    for tokenizer in map(load_tokenizer, folders):
        if tokenizer.chat_template and prompts.chat_name(tokenizer) == named:
            return tokenizer
    raise UserError(
        f"{prompt}: no model of the run has this chat template any more; put it back, or evaluate "
        "again under the one there is"
    )
