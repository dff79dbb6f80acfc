"""What a recipe is planned for: GPUs, their memory, and how a launch file divides the training."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rlvr.core import reading
from rlvr.core.errors import UserError
from rlvr.recipes.hardware_section import Hardware


@dataclass(frozen=True, slots=True)
class Launch:
    """What a file of accelerate's starts.

    Attributes:
        on_gpus: False if it says use_cpu.
    """

    processes: int
    zero_stage: int
    is_mixed: bool
    on_gpus: bool


@dataclass(frozen=True, slots=True)
class Devices:
    """Where the processes of a training run.

    Attributes:
        gpus: of all machines together; 0 trains on CPU cores.
        memory_gib: of one GPU, or of the machine; None if unknown, and then nothing is compared.
        processes: training processes; one per GPU.
        zero_stage: of DeepSpeed; 0 without it.
        is_mixed: True if DeepSpeed keeps the weights in bfloat16.
    """

    gpus: int
    memory_gib: float | None
    processes: int
    zero_stage: int = 0
    is_mixed: bool = False

    @classmethod
    def of(cls, hardware: Hardware) -> "Devices":
        """Return the devices that a recipe's `hardware:` names."""
        return cls(
            hardware.gpus,
            hardware.gpu_memory_gib,
            processes=hardware.gpus,
            zero_stage=hardware.zero_stage,
            is_mixed=hardware.zero_stage > 0,
        )

    @classmethod
    def here(cls, environment: Mapping[str, str] = os.environ) -> "Devices":
        """Return this machine's GPUs or cores, with as many processes as the launcher started."""
        import psutil
        import torch

        processes = int(environment.get("WORLD_SIZE", "1"))
        stage = 0
        if environment.get("ACCELERATE_USE_DEEPSPEED") == "true":
            stage = int(environment.get("ACCELERATE_DEEPSPEED_ZERO_STAGE", "0"))
        is_mixed = environment.get("ACCELERATE_MIXED_PRECISION") == "bf16"
        if torch.cuda.is_available():
            memory = torch.cuda.get_device_properties(0).total_memory / 2**30
            return cls(processes, memory, processes, stage, is_mixed)
        local = int(environment.get("LOCAL_WORLD_SIZE", "1"))
        memory = psutil.virtual_memory().total / 2**30 / local
        return cls(0, memory, processes, stage, is_mixed)

    def launched_by(self, launch: Launch) -> "Devices":
        """Return the same machines under a launch file."""
        return replace(
            self,
            gpus=launch.processes if launch.on_gpus else 0,
            processes=launch.processes,
            zero_stage=launch.zero_stage,
            is_mixed=launch.is_mixed,
        )


def read_launch(path: Path) -> Launch:
    """Read an accelerate configuration.

    Raises:
        UserError: if it is missing or is none.
    """
    if not path.is_file():
        raise UserError(f"--launch {path}: no such file; see launch/accelerate/")
    raw = reading.yaml_mapping(path)
    deepspeed: dict[str, Any] = raw.get("deepspeed_config") or {}
    processes, stage = raw.get("num_processes"), deepspeed.get("zero_stage", 0)
    if type(processes) is not int or processes < 1 or stage not in (0, 1, 2, 3):
        raise UserError(
            f"--launch {path}: expected num_processes and deepspeed_config.zero_stage as "
            f"accelerate writes them, found {processes!r} and {stage!r}"
        )
    return Launch(
        processes,
        stage,
        is_mixed=raw.get("mixed_precision") == "bf16",
        on_gpus=not raw.get("use_cpu", False),
    )
