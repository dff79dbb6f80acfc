"""PyTorch's distributed checkpoints: `.metadata` says where in *.distcp each tensor's parts lie.

The metadata is a pickle, which torch's own reader would run; here only its plain classes are known.
"""

import pickle
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlvr.core.errors import UserError

if TYPE_CHECKING:
    import torch

NAME = "PyTorch DCP"
_METADATA = ".metadata"
_KNOWN = {
    "torch.distributed.checkpoint.metadata": {
        "BytesStorageMetadata",
        "ChunkStorageMetadata",
        "Metadata",
        "MetadataIndex",
        "StorageMeta",
        "TensorProperties",
        "TensorStorageMetadata",
        "_MEM_FORMAT_ENCODING",
    },
    "torch.distributed.checkpoint.filesystem": {"_StorageInfo"},
    "torch.serialization": {"_get_layout"},
    "torch": {"Size", "device"},
    "pathlib": {"Path", "PosixPath", "PurePosixPath"},
    "collections": {"OrderedDict"},
}


def files(folder: Path) -> list[Path]:
    """List what a distributed checkpoint consists of; nothing where there is none."""
    parts = sorted(folder.glob("*.distcp"))
    return [folder / _METADATA, *parts] if parts and (folder / _METADATA).is_file() else parts


def tensors(folder: Path) -> dict[str, Callable[[], "torch.Tensor"]]:
    """Return each tensor's name, and how to read it whole.

    Raises:
        UserError: if a file is missing or cut off, or the metadata would run anything.
    """
    from torch.distributed.checkpoint.metadata import TensorStorageMetadata

    if not (folder / _METADATA).is_file():
        raise UserError(f"{folder}: no {_METADATA} beside its *.distcp; it is still being written")
    metadata = _metadata(folder / _METADATA)
    _refuse_incomplete(folder, metadata)
    return {
        name: partial(_whole, folder, metadata, name)
        for name, stored in metadata.state_dict_metadata.items()
        if isinstance(stored, TensorStorageMetadata)
    }


class _Metadata(pickle.Unpickler):
    """Knows the classes of the metadata, and torch's dtypes."""

    def find_class(self, module: str, name: str) -> Any:
        import torch

        if module == "torch" and isinstance(getattr(torch, name, None), torch.dtype):
            return getattr(torch, name)
        # by its whole name: a dotted one would reach anything that a known class refers to
        if name not in _KNOWN.get(module, ()):
            raise UserError(f"would run {module}.{name}, which reading weights never does")
        return super().find_class(module, name)


def _metadata(file: Path) -> Any:
    from torch.distributed.checkpoint.metadata import Metadata

    try:
        with file.open("rb") as stream:
            found = _Metadata(stream).load()
    except UserError as fault:
        raise UserError(f"{file}: {fault}") from None
    except Exception as error:  # bytes that are no pickle may fail in any way
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise UserError(f"{file}: damaged or cut off ({reason})") from None
    if not isinstance(found, Metadata) or not isinstance(found.storage_data, dict):
        raise UserError(f"{file}: no metadata of a distributed checkpoint")
    return found


def _refuse_incomplete(folder: Path, metadata: Any) -> None:
    ends: dict[str, int] = {}
    for stored in metadata.storage_data.values():
        end = stored.offset + stored.length
        ends[stored.relative_path] = max(end, ends.get(stored.relative_path, 0))
    for name, end in sorted(ends.items()):
        file = folder / name
        if Path(name).name != name or not file.is_file():
            raise UserError(f"{folder}: {name} is missing, which {_METADATA} lists")
        if file.stat().st_size < end:
            raise UserError(f"{file}: cut off at {file.stat().st_size} of {end} bytes")


def _whole(folder: Path, metadata: Any, name: str) -> "torch.Tensor":
    import torch
    from torch.distributed.checkpoint.filesystem import FileSystemReader
    from torch.distributed.checkpoint.state_dict_loader import load

    class Reader(FileSystemReader):
        """Reads tensors by the metadata that was read safely."""

        def read_metadata(self, *_: Any, **__: Any) -> Any:
            return metadata

    stored = metadata.state_dict_metadata[name]
    whole = torch.empty(stored.size, dtype=stored.properties.dtype)
    try:
        load({name: whole}, storage_reader=Reader(folder), no_dist=True)
    except Exception as error:  # of many libraries' kinds; the file is a stranger's
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise UserError(f"{folder}: tensor '{name}' cannot be read ({reason})") from None
    return whole
