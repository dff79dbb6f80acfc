"""Lists of numbers of different lengths, gathered from all processes as tensors.

Every process holds what is gathered. As Python lists, the token ids of a rollout would take many
times the memory there, and be pickled and sent whole; here they are sent as one row of numbers
each, without padding.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

# of a length: no process has as many rows as another
_NO_ROW = -1


def gathered(rows: Sequence[Sequence[float]], dtype: torch.dtype, accelerator: Any) -> list[Tensor]:
    """Gather the rows of all processes, in order of rank, on the CPU.

    To be called by every process, with as many rows as it has.
    """
    lengths = torch.tensor([len(row) for row in rows], dtype=torch.long)
    flat = torch.tensor([number for row in rows for number in row], dtype=dtype)
    if accelerator.num_processes == 1:
        return list(torch.split(flat, lengths.tolist()))
    everywhere: list[Tensor] = []
    for own, numbers in zip(
        _of_each(lengths, accelerator, padding=_NO_ROW), _of_each(flat, accelerator), strict=True
    ):
        of_process = own[own != _NO_ROW]
        everywhere += torch.split(numbers[: of_process.sum()], of_process.tolist())
    return everywhere


def _of_each(own: Tensor, accelerator: Any, *, padding: int = 0) -> Sequence[Tensor]:
    """Return each process's numbers, followed by padding."""
    padded = accelerator.pad_across_processes(own.to(accelerator.device), pad_index=padding)
    return accelerator.gather(padded).cpu().chunk(accelerator.num_processes)
