"""What identifies a model's weights, also of a checkpoint in parts or of a LoRA adapter."""

from pathlib import Path

from rlvr.weights.adapters import full_weights
from rlvr.weights.sharded import cache
from rlvr.weights.tensors import tensors_hash


def weights_hash(folder: Path) -> str:
    """Hash a checkpoint's weights, 32 hexadecimal digits; the merged ones, for LoRA.

    Raises:
        UserError: as `tensors.headers`, and if a LoRA checkpoint's base cannot be found.
        NotFinite: if a tensor holds a NaN or an infinity.
    """
    if cache.is_stand_in(folder):
        return cache.weights_hash_of(folder)
    return tensors_hash(full_weights(folder))
