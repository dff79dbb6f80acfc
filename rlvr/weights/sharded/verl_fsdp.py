"""verl's FSDP shards: one file per process, each with its part of every tensor as a DTensor."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlvr.core.errors import UserError
from rlvr.weights.sharded.safe_files import load

if TYPE_CHECKING:
    import torch

NAME = "verl FSDP shards"
_SHARD = re.compile(r"model_world_size_(\d+)_rank_(\d+)\.pt")


def files(folder: Path) -> list[Path]:
    """List the shards that lie in a folder."""
    return sorted(file for file in folder.glob("model_*.pt") if _SHARD.fullmatch(file.name))


def tensors(folder: Path) -> dict[str, Callable[[], "torch.Tensor"]]:
    """Return each tensor's name, and how to read it whole.

    Raises:
        UserError: if a process's shard is missing, cut off, or of another training.
    """
    import torch

    by_rank = _by_rank(folder)
    shards = [load(by_rank[rank]) for rank in sorted(by_rank)]
    for rank, shard in enumerate(shards):
        if shard.keys() != shards[0].keys():
            raise UserError(f"{by_rank[rank]}: has other tensors than {by_rank[0].name}")
    return {
        name: partial(_whole, folder, name, [shard[name] for shard in shards])
        for name, value in shards[0].items()
        if isinstance(value, torch.Tensor)
    }


def _by_rank(folder: Path) -> dict[int, Path]:
    found: dict[int, dict[int, Path]] = {}
    for file in files(folder):
        if matched := _SHARD.fullmatch(file.name):
            found.setdefault(int(matched[1]), {})[int(matched[2])] = file
    if len(found) != 1:
        sizes = " and ".join(map(str, sorted(found)))
        raise UserError(f"{folder}: shards of {sizes} processes; move one training's elsewhere")
    ((world, by_rank),) = found.items()
    if missing := [rank for rank in range(world) if rank not in by_rank]:
        named = ", ".join(f"model_world_size_{world}_rank_{rank}.pt" for rank in missing[:3])
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise UserError(f"{folder}: {named}{more} missing of {world} shards")
    return by_rank


def _whole(folder: Path, name: str, parts: Sequence[Any]) -> "torch.Tensor":
    from torch.distributed.tensor import DTensor

    if len({part.dtype for part in parts}) > 1:
        raise UserError(f"{folder}: tensor '{name}' has another dtype in some shards")
    if not isinstance(parts[0], DTensor):
        return _replicated(folder, name, parts)
    mesh, placements = parts[0].device_mesh.mesh, parts[0].placements
    whole = _joined(folder, name, parts, mesh, placements)
    if whole.shape != parts[0].shape:
        found, expected = list(whole.shape), list(parts[0].shape)
        raise UserError(f"{folder}: the shards of '{name}' make {found}, expected {expected}")
    return whole


def _joined(
    folder: Path, name: str, parts: Sequence[Any], mesh: Any, placements: Sequence[Any]
) -> "torch.Tensor":
    """Put a tensor together, mesh dimension by mesh dimension, the first outermost."""
    import torch
    from torch.distributed.tensor import Replicate, Shard

    if not placements:
        return parts[int(mesh)].to_local()
    along, inner = placements[0], placements[1:]
    if type(along) is Replicate:
        return _joined(folder, name, parts, mesh[0], inner)
    if type(along) is Shard:
        pieces = [_joined(folder, name, parts, each, inner) for each in mesh]
        return torch.cat(pieces, dim=along.dim)
    raise UserError(
        f"{folder}: tensor '{name}' is placed as {along}; merge it with verl: python -m "
        "verl.model_merger merge --backend fsdp --local_dir .. --target_dir .."
    )


def _replicated(folder: Path, name: str, parts: Sequence[Any]) -> "torch.Tensor":
    import torch

    if any(not torch.equal(parts[0], part) for part in parts):
        raise UserError(
            f"{folder}: tensor '{name}' differs between shards, which do not say how they fit "
            "together; merge it with verl: python -m verl.model_merger merge --backend fsdp "
            "--local_dir .. --target_dir .."
        )
    return parts[0]
