"""Which layout a folder of parts has, and what cannot be read but can be converted."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rlvr.weights.sharded import dcp, deepspeed_zero, verl_fsdp

if TYPE_CHECKING:
    import torch

Tensors = dict[str, Callable[[], "torch.Tensor"]]


@dataclass(frozen=True)
class Layout:
    """A way to leave a model in parts.

    Attributes:
        files: the parts that lie in a folder; none where it is of another layout.
        tensors: names, and how to read each tensor whole.
    """

    name: str
    files: Callable[[Path], list[Path]]
    tensors: Callable[[Path], Tensors]


_LAYOUTS = tuple(
    Layout(module.NAME, module.files, module.tensors) for module in (verl_fsdp, dcp, deepspeed_zero)
)
_VERL = "python -m verl.model_merger merge --backend megatron --local_dir {} --target_dir HF_FOLDER"
_SLIME = (
    "python tools/convert_torch_dist_to_hf.py --input-dir {} --output-dir HF_FOLDER "
    "--origin-hf-dir BASE"
)


def layout_of(folder: Path) -> Layout | None:
    """Return the layout of the parts in a folder; None where it holds none that can be read."""
    if is_megatron(folder):
        return None
    return next((layout for layout in _LAYOUTS if layout.files(folder)), None)


def is_megatron(folder: Path) -> bool:
    """Return whether Megatron wrote a folder: its distributed or its older layout."""
    return (folder / "common.pt").is_file() or any(folder.glob("mp_rank_*/model_optim_rng.pt"))


def how_to_convert(folder: Path) -> str | None:
    """Return the framework's own command for a checkpoint of Megatron at or below a folder."""
    places = [folder, *(f for depth in (1, 2, 3) for f in sorted(folder.glob("*/" * depth)))]
    place = next((place for place in places if is_megatron(place)), None)
    if place is None:
        return None
    actor = next((p for p in (place, *place.parents) if p.name == "actor"), None)
    command = _VERL.format(actor) if actor else _SLIME.format(place)
    origin = "verl" if actor else "slime; NeMo-RL has examples/converters/convert_megatron_to_hf.py"
    return f"a checkpoint of Megatron; convert it first, with {origin}: {command}"
