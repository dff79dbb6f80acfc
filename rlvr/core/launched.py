"""The processes that a launcher started, as their environment tells, and the cores of this one."""

import os
from collections.abc import Mapping


def rank() -> int:
    """Return this process's rank as set by torchrun or accelerate; 0 without a launcher."""
    return int(os.environ.get("RANK", "0"))


def world_size() -> int:
    """Count the processes that torchrun or accelerate started, on all machines."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_launched() -> bool:
    """Return whether torchrun or accelerate started this process, even as the only one."""
    return "WORLD_SIZE" in os.environ


def rank_and_world(environment: Mapping[str, str] = os.environ) -> tuple[int, int]:
    """Return this process's rank and the world size set by a launcher; (0, 1) without one.

    RANK and WORLD_SIZE are torchrun's and accelerate's. Of SLURM's variables those are read that
    only srun sets: in a batch script that starts one process, the job's own would name many.
    """
    if "WORLD_SIZE" in environment:
        return int(environment.get("RANK", "0")), int(environment["WORLD_SIZE"])
    if "SLURM_STEP_NUM_TASKS" in environment and "SLURM_PROCID" in environment:
        return int(environment["SLURM_PROCID"]), int(environment["SLURM_STEP_NUM_TASKS"])
    return 0, 1


def cores() -> int:
    """Count the CPU cores that this process may use; a scheduler may allow fewer than exist."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
