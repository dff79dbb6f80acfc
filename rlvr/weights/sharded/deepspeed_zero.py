"""DeepSpeed's checkpoints without a merged copy.

Under ZeRO 1 and 2 the first process writes the whole model. Under ZeRO 3 each process has a part of
the flat 32-bit parameters: of every parameter the r-th of equal parts, padded at the end, one after
another in the order of `param_shapes`. The model that was trained is these, rounded to its dtype.
"""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlvr.core.errors import UserError
from rlvr.weights.sharded.safe_files import load

if TYPE_CHECKING:
    import torch

NAME = "DeepSpeed ZeRO"
_MODEL = re.compile(r"(?:zero_pp_rank_(\d+)_)?mp_rank_(\d+)_model_states\.pt")
_OPTIMIZER = re.compile(r"(?:bf16_)?zero_pp_rank_(\d+)_mp_rank_\d+_optim_states\.pt")
# how DeepSpeed describes its own state; no part of the weights
_OWN = (
    "deepspeed.runtime.fp16.loss_scaler.DynamicLossScaler",
    "deepspeed.runtime.fp16.loss_scaler.LossScaler",
    "deepspeed.runtime.zero.config.ZeroStageEnum",
    "deepspeed.utils.tensor_fragment.fragment_address",
)
Tensors = dict[str, Callable[[], "torch.Tensor"]]


def files(folder: Path) -> list[Path]:
    """List the states that lie in a folder."""
    found = sorted(folder.glob("*_states.pt"))
    return [f for f in found if _MODEL.fullmatch(f.name) or _OPTIMIZER.fullmatch(f.name)]


def tensors(folder: Path) -> Tensors:
    """Return each tensor's name, and how to read it whole.

    Raises:
        UserError: if a process's file is missing or cut off, or the model was split by layers or
            by columns (pipeline or tensor parallelism).
    """
    found = [(f, matched) for f in files(folder) if (matched := _MODEL.fullmatch(f.name))]
    if len({matched[2] for _, matched in found}) > 1:
        raise UserError(
            f"{folder}: written under tensor parallelism; save it with transformers instead, or "
            "run DeepSpeed's own ds_to_universal.py and zero_to_fp32.py"
        )
    if not found:
        raise UserError(f"{folder}: no *_model_states.pt; it is still being written")
    by_rank = {int(matched[1]): file for file, matched in found if matched[1] is not None}
    return _of_stage_3(folder, by_rank) if by_rank else _of_one_file(found[0][0])


def _of_one_file(file: Path) -> Tensors:
    import torch

    module = load(file, _OWN).get("module")
    if not isinstance(module, dict):
        raise UserError(f"{file}: no 'module' in it, which has the weights; was it a pipeline?")
    named = {name: value for name, value in module.items() if isinstance(value, torch.Tensor)}
    return {name: partial(_given, value) for name, value in named.items()}


def _given(value: "torch.Tensor") -> "torch.Tensor":
    return value


def _of_stage_3(folder: Path, models: dict[int, Path]) -> Tensors:
    first = load(models[min(models)], _OWN)
    world = first.get("dp_world_size")
    if not isinstance(world, int) or not isinstance(first.get("param_shapes"), list):
        raise UserError(f"{models[min(models)]}: does not say how its parameters were split")
    optimizers = {
        int(matched[1]): file
        for file in files(folder)
        if (matched := _OPTIMIZER.fullmatch(file.name))
    }
    for kind, there in (("model", models), ("optim", optimizers)):
        if missing := sorted(set(range(world)) - there.keys()):
            listed = ", ".join(map(str, missing[:5])) + (", .." if len(missing) > 5 else "")
            raise UserError(f"{folder}: no {kind}_states.pt of process {listed} of {world}")
    flats = [_flat(optimizers[rank]) for rank in range(world)]
    states = [load(models[rank], _OWN) for rank in range(world)]
    found = dict(_trained(folder, first, flats))
    found |= dict(_frozen(folder, states))
    found |= {name: partial(_given, first["module"][name]) for name in first["buffer_names"]}
    shared = first.get("shared_params") or {}
    return found | {name: found[other] for name, other in dict(shared).items() if other in found}


def _flat(file: Path) -> "list[torch.Tensor]":
    state = load(file, _OWN).get("optimizer_state_dict")
    groups = state.get("fp32_flat_groups") if isinstance(state, dict) else None
    if not isinstance(groups, list) or not groups:
        raise UserError(f"{file}: no fp32_flat_groups in it, which hold the weights under ZeRO 3")
    return groups


def _trained(
    folder: Path, state: dict[str, Any], flats: "Sequence[list[torch.Tensor]]"
) -> Iterator[tuple[str, Callable[[], "torch.Tensor"]]]:
    """Walk through the flat parameters; a group of them may be stored as several tensors."""
    import torch

    world = len(flats)
    whole = [group[0] if len(group) == 1 else torch.cat(group) for group in flats]
    begin = 0
    for name, shape in chain.from_iterable(group.items() for group in state["param_shapes"]):
        length = -(-math.prod(shape) // world)
        parts = [flat[begin : begin + length] for flat in whole]
        if any(len(part) < length for part in parts):
            raise UserError(f"{folder}: the flat parameters end before '{name}'")
        yield name, partial(_of_parts, parts, shape, state["module"][name].dtype)
        begin += length


def _frozen(
    folder: Path, states: Sequence[dict[str, Any]]
) -> Iterator[tuple[str, Callable[[], "torch.Tensor"]]]:
    """Yield the parameters that were not trained, of which each process keeps its part as it is."""
    for name, shape in dict(states[0].get("frozen_param_shapes") or {}).items():
        try:
            parts = [state["frozen_param_fragments"][name].flatten() for state in states]
        except (KeyError, TypeError):
            raise UserError(f"{folder}: parts of the frozen '{name}' are missing") from None
        yield name, partial(_of_parts, parts, shape, parts[0].dtype)


def _of_parts(parts: Sequence[Any], shape: Sequence[int], dtype: Any) -> "torch.Tensor":
    import torch

    whole = torch.cat([part.detach() for part in parts])[: math.prod(shape)]
    return whole.reshape(tuple(shape)).to(dtype)
