"""Merged copies of checkpoints in parts, in a cache, each under a folder that stands for one.

`stand_in` makes `<cache>/<key>/`: configuration, tokenizer, and `merged-from.json`, which says
where the parts lie and what the hash of the weights is. That hash is of the tensors as they are
once merged, so a copy that someone merged by hand shares its draws. `merged` then writes the
weights, once for all processes, when somebody loads them; `discard` removes them again.
"""

import fcntl
import json
import logging
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from rlvr.core.damage import Damaged, read_json
from rlvr.core.errors import UserError
from rlvr.core.files import make_folder, write_json
from rlvr.core.hashing import hex_digest
from rlvr.weights import model_folder
from rlvr.weights.checkpoint import damage_of_contents, mark_complete
from rlvr.weights.sharded import names
from rlvr.weights.sharded.layouts import layout_of
from rlvr.weights.tensors import Loaded, hash_of, tensors_hash

if TYPE_CHECKING:
    import torch

logger = logging.getLogger(__name__)

_ORIGIN = "merged-from.json"
_WEIGHTS = "merged"
_UNFINISHED = ".merging-"
_SHARD_BYTES = 4 << 30
_CONFIGS = ("config.json", "generation_config.json")
_TOKENIZER_FILES = (
    *("tokenizer*", "special_tokens_map.json", "added_tokens.json", "vocab.*", "merges.txt"),
    *("spiece.model", "*.jinja"),
)
_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model")
# where trainers put configuration and tokenizer, seen from the parts
_BESIDE = ("huggingface", ".", "tokenizer", "..", "../tokenizer", "../huggingface", "../..")
_DTYPES = {"float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16"}
_DTYPES |= {"int64": "I64", "int32": "I32", "int16": "I16", "int8": "I8", "uint8": "U8"}
_DTYPES |= {"bool": "BOOL", "float8_e4m3fn": "F8_E4M3", "float8_e5m2": "F8_E5M2"}

Stamp = tuple[tuple[str, int, int], ...]


def is_stand_in(folder: Path) -> bool:
    """Return whether a folder stands for a checkpoint in parts."""
    return (folder / _ORIGIN).is_file()


def stand_in(parts: Path, base: Path | None, root: Path) -> Path:
    """Make the folder that stands for a checkpoint in parts; its weights are not written yet.

    Args:
        parts: the folder that the parts lie in.
        base: model to take configuration and tokenizer from where the checkpoint has none.
        root: the cache.

    Raises:
        UserError: if parts are missing, cut off or no model of this configuration.
    """
    try:
        return _stand_in(parts, base, root)
    except FileNotFoundError:
        raise UserError(f"{parts}: was removed while it was read") from None


def weights_hash_of(folder: Path) -> str:
    """Return the hash of the weights that a folder stands for."""
    return _origin(folder, "weights")


def merged(folder: Path) -> Path:
    """Return the model that a folder stands for, merged now if it is not there.

    Raises:
        UserError: if the parts are no longer what they were, or are gone.
    """
    there = folder / _WEIGHTS
    with _alone(folder):
        if there.is_dir() and damage_of_contents(there, for_training=False):
            logger.warning("%s is damaged; merging it again", there)
            shutil.rmtree(there)
        for left in folder.glob(f"{_UNFINISHED}*"):  # of a process that was killed
            shutil.rmtree(left, ignore_errors=True)
        if not there.is_dir():
            _merge(folder, there)
    return there


def discard(folder: Path) -> None:
    """Remove merged weights; what else is known of the checkpoint stays."""
    if is_stand_in(folder):
        with _alone(folder):
            shutil.rmtree(folder / _WEIGHTS, ignore_errors=True)


def _stand_in(parts: Path, base: Path | None, root: Path) -> Path:
    layout = layout_of(parts)
    if layout is None:
        raise UserError(f"{parts}: holds no checkpoint in parts any more")
    config = _folder_with(("config.json",), parts, base, "config.json")
    tokenizer = _folder_with(_TOKENIZERS, parts, base, "a tokenizer")
    weights = _hash(parts.resolve(), _stamp(layout.files(parts)), config.resolve())
    described = {file.name: file for file in _description(config, tokenizer)}
    told = "|".join(f"{name}:{hex_digest(file.read_bytes())}" for name, file in described.items())
    folder = root / hex_digest(f"{weights}|{told}", 16)
    if not is_stand_in(folder):
        _set_up(folder, described, {"parts": str(parts.resolve()), "weights": weights})
    elif read_json(folder / _ORIGIN, dict).get("parts") != str(parts.resolve()):
        write_json(folder / _ORIGIN, {"parts": str(parts.resolve()), "weights": weights})
    model_folder.check_description(folder)
    return folder


def _folder_with(wanted: Iterable[str], parts: Path, base: Path | None, what: str) -> Path:
    places = [parts / name for name in _BESIDE] + ([base] if base else [])
    for place in places:
        if any((place / name).is_file() for name in wanted):
            return place
    raise UserError(
        f"{parts}: neither it nor the folders beside have {what}; name the model that was trained "
        "with --base, whose own is then taken"
    )


def _description(config: Path, tokenizer: Path) -> list[Path]:
    found = {file for pattern in _CONFIGS for file in config.glob(pattern)}
    found |= {file for pattern in _TOKENIZER_FILES for file in tokenizer.glob(pattern)}
    return sorted((file for file in found if file.is_file()), key=lambda file: file.name)


def _set_up(folder: Path, described: Mapping[str, Path], origin: Mapping[str, str]) -> None:
    make_folder(folder)
    for name, file in described.items():
        shutil.copyfile(file, folder / name)
    write_json(folder / _ORIGIN, dict(origin))  # last: it makes the folder what it is


def _stamp(files: Iterable[Path]) -> Stamp:
    return tuple((f.name, f.stat().st_size, f.stat().st_mtime_ns) for f in files)


@cache
def _hash(parts: Path, stamp: Stamp, config: Path) -> str:
    """Hash the parts; `stamp` changes when they do, so that caching is safe."""
    return hash_of(parts, (_loaded(*item) for item in _tensors(parts, config)))


def _tensors(parts: Path, config: Path) -> "Iterator[tuple[str, torch.Tensor]]":
    """Yield the model's tensors by name, one at a time."""
    layout = layout_of(parts)
    if layout is None:
        raise UserError(f"{parts}: the checkpoint is gone; its trainer may keep only the last ones")
    wanted = names.expected(config)
    found = names.of_model(layout.tensors(parts), wanted, parts)
    for name, read in sorted(names.without_tied(found, wanted, parts).items()):
        tensor = read()
        names.check(name, tensor, wanted, parts)
        if _dtype(tensor) is None:
            raise UserError(f"{parts}: tensor '{name}' is {tensor.dtype}, which no sampler loads")
        yield name, tensor.detach().contiguous()


def _dtype(tensor: "torch.Tensor") -> str | None:
    return _DTYPES.get(str(tensor.dtype).removeprefix("torch."))


def _loaded(name: str, tensor: "torch.Tensor") -> Loaded:
    import torch

    data = tensor.reshape(-1).view(torch.uint8).numpy().data
    return Loaded(name, _dtype(tensor) or "", tuple(tensor.shape), data)


def _merge(folder: Path, there: Path) -> None:
    parts = Path(_origin(folder, "parts"))
    beside = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=folder))
    try:
        _write(parts, folder, beside)
        for file in folder.iterdir():
            if file.is_file() and file.name not in (_ORIGIN, "lock"):
                shutil.copyfile(file, beside / file.name)
        if tensors_hash(beside) != weights_hash_of(folder):
            raise UserError(
                f"{parts}: the checkpoint has changed since it was listed; run it again"
            )
        mark_complete(beside)
        beside.rename(there)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _write(parts: Path, config: Path, folder: Path) -> None:
    """Write the tensors as safetensors, in files of at most 4 GiB."""
    from safetensors.torch import save_file

    written: list[list[str]] = []
    waiting: dict[str, torch.Tensor] = {}

    def flush() -> None:
        save_file(waiting, folder / f"part-{len(written)}", {"format": "pt"})
        written.append(list(waiting))
        waiting.clear()

    for name, tensor in _tensors(parts, config):
        if waiting and sum(t.nbytes for t in waiting.values()) + tensor.nbytes > _SHARD_BYTES:
            flush()
        # a tensor that is a view of a mapped file would write all of that file's storage
        waiting[name] = tensor.clone()
    flush()
    _name_shards(folder, written)


def _name_shards(folder: Path, written: list[list[str]]) -> None:
    if len(written) == 1:
        (folder / "part-0").rename(folder / "model.safetensors")
        return
    weight_map: dict[str, str] = {}
    for at, held in enumerate(written):
        name = f"model-{at + 1:05}-of-{len(written):05}.safetensors"
        (folder / f"part-{at}").rename(folder / name)
        weight_map |= dict.fromkeys(held, name)
    index = {"metadata": {}, "weight_map": weight_map}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def _origin(folder: Path, key: str) -> str:
    value = read_json(folder / _ORIGIN, dict).get(key)
    if not isinstance(value, str):
        raise Damaged(folder / _ORIGIN, f"no {key} in it")
    return value


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let one process at a time merge or remove: a merge is long, and others then use it."""
    with (folder / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
