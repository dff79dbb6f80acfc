"""Files of torch.save, opened without running anything that is in them.

torch's `weights_only` unpickler knows tensors and plain values. What a layout needs beyond them is
allowed by its name; a file that asks for anything else is refused, with that name.
"""

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rlvr.core.errors import UserError

_LONGEST_REASON = 200


class Ignored:
    """Stands for a trainer's own class, whose values merging weights has no use for."""

    def __new__(cls, *_: Any) -> "Ignored":
        """Take whatever the class was made from."""
        return super().__new__(cls)

    def __setstate__(self, state: Any) -> None:
        """Forget it."""


def load(file: Path, ignored: Sequence[str] = ()) -> dict[str, Any]:
    """Read a dictionary that torch.save wrote; its tensors stay on disk until they are used.

    Args:
        ignored: full names of classes that may occur, and whose values are not read.

    Raises:
        UserError: naming the file, if it is not whole or needs code to be read.
    """
    import torch
    import torch.distributed.tensor  # allows the classes that DTensors are saved as

    try:
        with torch.serialization.safe_globals([(Ignored, name) for name in ignored]):
            value = torch.load(file, map_location="cpu", weights_only=True, mmap=True)
    except pickle.UnpicklingError as error:
        raise UserError(f"{file}: {_needs(file, ignored) or _one_line(error)}") from None
    except (RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise UserError(
            f"{file}: no whole file of torch.save ({_one_line(error)}); it is still being written, "
            "or was cut off"
        ) from None
    if not isinstance(value, dict):
        raise UserError(f"{file}: holds {type(value).__name__}, not tensors by name")
    return value


def _needs(file: Path, ignored: Sequence[str]) -> str | None:
    """Name what a file would run."""
    import torch

    try:
        with torch.serialization.safe_globals([(Ignored, name) for name in ignored]):
            names = torch.serialization.get_unsafe_globals_in_checkpoint(file)
    except Exception:  # a stranger's file, and it is refused either way
        return None
    if not names:
        return None
    return (
        f"would run {', '.join(sorted(names))[:_LONGEST_REASON]}, which reading weights never does"
    )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:_LONGEST_REASON] or type(error).__name__
