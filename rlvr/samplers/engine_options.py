"""Options of the vLLM engine that a recipe or the command line sets, for evaluation and teachers.

The names and meanings are those of `vllm.LLM`. `rlvr.samplers.vllm.engine` chooses what is not
here; code from the Hub is never run (`trust_remote_code` stays off).
"""

from typing import Any, Literal

from pydantic import Field

from rlvr.core.section import Section

# options that change what is computed, and so what is drawn
_NUMERICAL = ("quantization", "kv_cache_dtype")


class EngineOptions(Section):
    """What one vLLM engine is started with; None leaves the choice to rlvr or to vLLM.

    Attributes:
        tensor_parallel_size: GPUs that one engine is split over.
        max_model_len: tokens of prompt and completion that the engine makes room for; None takes
            the longest prompt plus the token budget, at most the model's context.
        gpu_memory_utilization: share of each GPU's memory for weights and KV cache.
        quantization: how vLLM quantizes the weights, such as fp8; part of the draw key.
        kv_cache_dtype: such as fp8; part of the draw key.
        dtype: of the weights; None is bfloat16 on a GPU and float32 on CPU; part of the draw key.
    """

    tensor_parallel_size: int = Field(default=1, ge=1)
    max_model_len: int | None = Field(default=None, ge=1)
    gpu_memory_utilization: float | None = Field(default=None, gt=0, le=1)
    quantization: str | None = Field(default=None, min_length=1)
    kv_cache_dtype: str | None = Field(default=None, min_length=1)
    dtype: Literal["bfloat16", "float16", "float32"] | None = None

    def with_room_for(self, tokens: int | None) -> "EngineOptions":
        """Return the same options with room for so many tokens, unless a length is given."""
        if self.max_model_len is not None or tokens is None:
            return self
        return self.model_copy(update={"max_model_len": tokens})

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `vllm.LLM` that are set, without the dtype."""
        given = self.model_dump(exclude={"dtype"}, exclude_none=True)
        if self.tensor_parallel_size == 1:
            del given["tensor_parallel_size"]
        return given

    def numerics(self, dtype: str) -> str:
        """Return the name that a draw key has for weights of this dtype under these options."""
        told = [f"{name} {value}" for name in _NUMERICAL if (value := getattr(self, name))]
        return ", ".join([dtype, *told])


DEFAULTS = EngineOptions()
