"""LoRA checkpoints as full weights: base and adapter merged once, kept in a cache.

A LoRA checkpoint holds the adapter alone. Samplers and the weights hash see the folder that
`full_weights` gives, so nothing downstream knows of adapters, and every engine samples the same
merged numbers. A merged model is keyed by what it is made of (the base's weights, the adapter's,
its configuration) and appears in the cache whole or not at all.
"""

import json
import logging
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from rlvr.core.damage import read_json
from rlvr.core.errors import UserError
from rlvr.core.files import make_folder
from rlvr.core.hashing import hex_digest
from rlvr.weights.checkpoint import damage_of_contents, mark_complete
from rlvr.weights.sharded import cache

logger = logging.getLogger(__name__)

_CONFIG = "adapter_config.json"
_CACHE_VARIABLE = "RLVR_CACHE"
# what a sampler reads beside the weights; the adapter's own files win over the base's
_TOKENIZER_FILES = (
    "tokenizer*",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.*",
    "merges.txt",
    "*.jinja",
)
# entries of adapter_config.json that do not change the merged weights
_NOT_OF_THE_WEIGHTS = ("base_model_name_or_path", "revision", "inference_mode", "peft_version")


def full_weights(checkpoint: Path) -> Path:
    """Return the folder to load: the checkpoint itself, or what its parts are merged into.

    Raises:
        UserError: if a LoRA checkpoint's base model cannot be found.
    """
    if cache.is_stand_in(checkpoint):
        return cache.merged(checkpoint)
    if not (checkpoint / _CONFIG).is_file():
        return checkpoint
    config = read_json(checkpoint / _CONFIG, dict)
    base = _base(checkpoint, config)
    merged = cache_folder() / "merged" / _key(base, checkpoint, config)
    if merged.is_dir() and damage_of_contents(merged, for_training=False):
        logger.warning("%s is damaged or of an earlier version; merging it again", merged)
        shutil.rmtree(merged, ignore_errors=True)
    if not merged.is_dir():
        _merge(base, checkpoint, merged)
    return merged


def small_files(checkpoint: Path) -> Path:
    """Return the folder that has configuration and tokenizer; the weights may not be merged yet.

    Raises:
        UserError: as `full_weights`.
    """
    return checkpoint if cache.is_stand_in(checkpoint) else full_weights(checkpoint)


def _base(checkpoint: Path, config: dict[str, Any]) -> Path:
    from rlvr.weights.models import resolve

    name = config.get("base_model_name_or_path")
    if not name:
        raise UserError(
            f"{checkpoint}: a LoRA checkpoint that does not say what its base is; write it into "
            f"{_CONFIG} as base_model_name_or_path"
        )
    try:
        base = full_weights(resolve(name, config.get("revision")))
        if "quantization_config" in read_json(base / "config.json", dict):
            raise UserError(
                f"{name} is quantized, as Unsloth's 4-bit bases are, and an adapter merged into it "
                f"is another model; write the unquantized base into {_CONFIG} as "
                "base_model_name_or_path"
            )
    except UserError as error:
        raise UserError(f"{checkpoint}: the base of this LoRA checkpoint: {error}") from None
    return base


def cache_folder() -> Path:
    """Return where merged models are kept that belong to no run."""
    if own := os.environ.get(_CACHE_VARIABLE):
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rlvr"


def _key(base: Path, checkpoint: Path, config: dict[str, Any]) -> str:
    from rlvr.weights.tensors import tensors_hash

    of_weights = {key: value for key, value in config.items() if key not in _NOT_OF_THE_WEIGHTS}
    parts = [tensors_hash(base), tensors_hash(checkpoint), json.dumps(of_weights, sort_keys=True)]
    return hex_digest("|".join(parts), 16)


def _merge(base: Path, checkpoint: Path, merged: Path) -> None:
    """Merge in a folder beside and rename it, so that two processes cannot mix their files."""
    make_folder(merged.parent)
    beside = Path(tempfile.mkdtemp(prefix=".merging-", dir=merged.parent))
    try:
        _write_merged(base, checkpoint, beside)
        beside.rename(merged)
    except OSError:
        # another process may have been first: a folder cannot be renamed over, and it is the same
        if not merged.is_dir():
            raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _write_merged(base: Path, checkpoint: Path, folder: Path) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    from rlvr.weights.model_folder import loading

    with loading(base):
        model = AutoModelForCausalLM.from_pretrained(base, dtype="auto")
    with loading(checkpoint):
        adapted = PeftModel.from_pretrained(model, str(checkpoint))
        merged = adapted.merge_and_unload(safe_merge=True)
    merged.save_pretrained(folder)
    for source in (base, checkpoint):
        for pattern in _TOKENIZER_FILES:
            for file in source.glob(pattern):
                shutil.copyfile(file, folder / file.name)
    mark_complete(folder)
