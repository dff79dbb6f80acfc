"""Whether vLLM starts: weights and at least one whole sequence must fit in its share of the GPU.

vLLM takes `gpu_memory_utilization` of a GPU's whole memory, puts the weights there, measures what a
forward pass needs, and gives the rest to its KV cache. It refuses to start where that cache does
not hold one sequence of `max_model_len` tokens (`vllm/v1/core/kv_cache_utils.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from rlvr.planning.memory import GIB
from rlvr.planning.shape import ModelShape

_BFLOAT16 = 2
# activations of a step of up to 8,192 tokens, CUDA graphs and libraries: an assumption. vLLM's log
# gave 2.6 GiB for a model of 27B parameters and less for smaller ones
OTHER_GIB = 1.5
# of what there is, that may be planned for: estimates may be off by 15 %
SURE = 0.85
DEFAULT_UTILIZATION = 0.9


@dataclass(frozen=True, slots=True)
class EnginePlan:
    """One engine of vLLM on each of its GPUs.

    Attributes:
        utilization: share of the GPU's memory that it takes.
        length: tokens of prompt and completion that it makes room for.
        split: GPUs that the engine is divided over.
        key: what a fault calls each option by, such as `trainer.vllm_`.
    """

    shape: ModelShape
    memory_gib: float
    utilization: float
    length: int
    split: int = 1
    weight_bytes: float = _BFLOAT16
    kv_value_bytes: float = _BFLOAT16
    key: str = "engine."

    @property
    def share_gib(self) -> float:
        """What the engine takes of each GPU."""
        return self.utilization * self.memory_gib

    @property
    def weights_gib(self) -> float:
        """Weights on each GPU."""
        return self.shape.parameters * self.weight_bytes / self.split / GIB

    @property
    def cache_gib(self) -> float:
        """What is left for keys and values on each GPU; below 0 if not even the weights fit."""
        return self.share_gib - self.weights_gib - OTHER_GIB

    @property
    def sequence_gib(self) -> float:
        """Keys and values of one whole sequence on each GPU."""
        per_token = self.shape.kv_bytes(1) * self.kv_value_bytes
        # heads of keys are divided until each GPU has one
        return per_token * self.length / min(self.split, self.shape.kv_heads) / GIB

    @property
    def sequences(self) -> int:
        """Whole sequences that the cache holds at a time."""
        return max(0, int(self.cache_gib / self.sequence_gib))

    def faults(self) -> Iterator[str]:
        """Say why the engine cannot start, each reason with the option to change."""
        if self.shape.heads % self.split:
            heads = self.shape.heads
            yield (
                f"{self.key}tensor_parallel_size: {self.split} does not divide the model's {heads} "
                f"attention heads; write {_divisor(heads, self.split)}"
            )
        utilization = f"{self.key}gpu_memory_utilization: {self.utilization:g}"
        if self.cache_gib <= 0:
            yield (
                f"{utilization} of {self.memory_gib:g} GiB is {self.share_gib:.1f} GiB, and vLLM "
                f"needs {self.weights_gib:.1f} for the weights and about {OTHER_GIB:g} beside "
                f"them; raise it, or {self.key}tensor_parallel_size: {self.split}"
            )
        elif self.sequence_gib > SURE * self.cache_gib:
            yield (
                f"{utilization} leaves about {self.cache_gib:.1f} GiB for keys and values, and one "
                f"sequence of {self.length:,} tokens takes {self.sequence_gib:.1f}; lower "
                f"{self.length_key}, or raise {self.key}gpu_memory_utilization or "
                f"{self.key}tensor_parallel_size"
            )

    @property
    def length_key(self) -> str:
        """The option that sets the length, by TRL's name or vLLM's."""
        return f"{self.key}max_model_{'length' if self.key.startswith('trainer') else 'len'}"


def _divisor(heads: int, split: int) -> int:
    return max(size for size in range(1, split + 1) if heads % size == 0)
