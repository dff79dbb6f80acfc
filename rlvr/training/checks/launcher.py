"""What the launcher asked for, held against the machine before anything is built.

`accelerate launch` and torchrun tell every process of the others through the environment. A launch
file that does not fit the machine fails here, in one line, and not in a CUDA error of each process.
"""

import os
import shutil
from collections.abc import Mapping

from rlvr.core.errors import UserError

_COMPILERS = ("c++", "g++", "clang++")


def prepare(*, use_cpu: bool, environment: Mapping[str, str] = os.environ) -> None:
    """Check the launch, and switch off what DeepSpeed would compile and does not need.

    Raises:
        UserError: if processes outnumber the GPUs, or a compiler is needed and missing.
    """
    import torch

    gpus = 0 if use_cpu else torch.cuda.device_count()
    processes = int(environment.get("LOCAL_WORLD_SIZE", "1"))
    if not use_cpu and processes > max(gpus, 1):
        raise UserError(
            f"the launch file starts {processes} processes on this machine, one per GPU, and it "
            f"has {gpus}: add --num_processes {max(gpus, 1)} to accelerate launch, or, to train on "
            "CPU cores, trainer.use_cpu=true"
        )
    if environment.get("ACCELERATE_USE_DEEPSPEED") == "true":
        _prepare_deepspeed(environment, on_cpu=gpus == 0)


def _prepare_deepspeed(environment: Mapping[str, str], *, on_cpu: bool) -> None:
    if environment.get("ACCELERATE_DEEPSPEED_OFFLOAD_OPTIMIZER_DEVICE") == "cpu":
        _require_compiler(environment.get("PATH"))
    if on_cpu:
        import deepspeed

        # shared-memory collectives: minutes of compiling for what gloo does as well
        deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False


def _require_compiler(path: str | None) -> None:
    found = {name: shutil.which(name, path=path) for name in ("ninja", *_COMPILERS)}
    if found["ninja"] and any(found[name] for name in _COMPILERS):
        return
    raise UserError(
        "offload_optimizer_device: cpu has DeepSpeed compile its optimizer, which needs ninja and "
        "a C++ compiler on PATH: pip install ninja, apt-get install g++, or write "
        "offload_optimizer_device: none in the launch file"
    )
