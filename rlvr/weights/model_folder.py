"""Whether a folder holds a model that can be loaded, told in one line that names folder and fault.

`check` reads the small files and the headers of the large ones. `loading` stands around a library
that loads a folder: whatever it trips over is a fault of what lies there.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rlvr.core import disk
from rlvr.core.damage import Damaged, read_json
from rlvr.core.errors import UserError
from rlvr.weights.tensors import headers

_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model")
_SHARDS = "model.safetensors.index.json"
_SHARD = re.compile(r"-\d+-of-(?!0*1\.)\d+\.")
_LONGEST_REASON = 300


def check(folder: Path) -> None:
    """Check that a folder has a configuration, a tokenizer and whole weights that fit together.

    Raises:
        UserError: naming the folder and the first fault.
    """
    if fault := _fault(folder):
        raise UserError(f"{folder}: {fault}")


def check_description(folder: Path) -> None:
    """Check configuration and tokenizer of a folder whose weights lie elsewhere.

    Raises:
        UserError: naming the folder and the first fault.
    """
    config = read_json(folder / "config.json", dict)
    if fault := _fault_of_kind(config) or _fault_of_tokenizer(folder, config):
        raise UserError(f"{folder}: {fault}")


@contextmanager
def loading(folder: Path) -> Iterator[None]:
    """Raise a UserError of one line for whatever keeps a library from loading a folder."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # the files are a stranger's, and any of them may be anything
        if disk.is_shortage(error):
            raise
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"{folder}: cannot be loaded: {reason[:_LONGEST_REASON]}") from error


def refuse_incomplete(folder: Path, missing: Any) -> None:
    """Refuse a model of which tensors were missing, which the library has filled with noise.

    Args:
        missing: names of the tensors.

    Raises:
        UserError: if there are any.
    """
    if names := sorted(missing):
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        raise UserError(f"{folder}: the weights lack '{names[0]}'{more}, which its config asks for")


def _fault(folder: Path) -> str | None:
    if not folder.is_dir() or not any(folder.iterdir()):
        return "the folder is empty" if folder.is_dir() else "no such folder"
    if not (folder / "config.json").is_file():
        return "no config.json; a model folder needs config.json, *.safetensors and a tokenizer"
    config = read_json(folder / "config.json", dict)
    return (
        _fault_of_kind(config) or _fault_of_weights(folder) or _fault_of_tokenizer(folder, config)
    )


def _fault_of_kind(config: dict[str, Any]) -> str | None:
    from transformers import __version__
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

    kind = config.get("model_type")
    if kind in CONFIG_MAPPING_NAMES:
        return None
    if "auto_map" in config:
        return f"model_type {kind!r} needs code of its own (auto_map), and such code is not run"
    return f"config.json: transformers {__version__} knows no model_type {kind!r}"


def _fault_of_weights(folder: Path) -> str | None:
    if not any(folder.glob("*.safetensors")):
        other = next((path.name for path in folder.glob("*.bin")), None)
        if other:
            return f"weights in {other} only; save them as safetensors"
        return "no *.safetensors files; a model folder needs its weights there"
    shards = [match for file in folder.glob("*.safetensors") if (match := _SHARD.search(file.name))]
    if shards and not (folder / _SHARDS).is_file():
        return f"{_SHARDS} is missing beside {shards[0].string}; the model is incomplete"
    if (folder / _SHARDS).is_file():
        listed = read_json(folder / _SHARDS, dict).get("weight_map")
        if not isinstance(listed, dict):
            raise Damaged(folder / _SHARDS, "no weight_map in it")
        for name in sorted({str(file) for file in listed.values()}):
            if not (folder / name).is_file():
                return f"{name} is missing, which {_SHARDS} lists"
    headers(folder)
    return None


def _fault_of_tokenizer(folder: Path, config: dict[str, Any]) -> str | None:
    if not any((folder / name).is_file() for name in _TOKENIZERS):
        return f"no tokenizer; a model folder needs one of {', '.join(_TOKENIZERS)}"
    path = folder / "tokenizer.json"
    rows = config.get("vocab_size")
    if not path.is_file() or not isinstance(rows, int):
        return None
    highest = _highest_id(read_json(path, dict))
    if highest >= rows:
        return (
            f"its tokenizer has token {highest}, and the model {rows} tokens (vocab_size): it is "
            "another model's tokenizer"
        )
    return None


def _highest_id(tokenizer: dict[str, Any]) -> int:
    """Return the highest id that text is encoded to; added tokens may never be used."""
    model = tokenizer.get("model")
    vocabulary = model.get("vocab") if isinstance(model, dict) else None
    if isinstance(vocabulary, list):  # Unigram: pairs of piece and score, by id
        return len(vocabulary) - 1
    if not isinstance(vocabulary, dict):
        return -1
    return max((id for id in vocabulary.values() if isinstance(id, int)), default=-1)
