"""The part of a recipe that says which hardware it was written for; nothing is trained by it."""

from typing import Literal

from pydantic import Field

from rlvr.core.section import Section


class Hardware(Section):
    """What `rlvr plan` plans for, and what vLLM's share of a GPU is checked against.

    Attributes:
        gpus: of all machines together.
        gpu_memory_gib: of one GPU, as torch shows it: 79 for a GPU that is sold with 80 GB.
        zero_stage: of DeepSpeed in the launch file; 0 for none.
    """

    gpus: int = Field(ge=1)
    gpu_memory_gib: float = Field(gt=0)
    zero_stage: Literal[0, 1, 2, 3] = 0
