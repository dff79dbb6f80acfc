"""What a trial training measured, read from its metrics.jsonl.

The first rollout warms up (kernels are chosen, memory is claimed) and is left out. Rates are of all
processes together.
"""

from dataclasses import dataclass
from typing import Any

from rlvr.runs.run_directory import Run
from rlvr.training.trainers.costs import SAMPLING, VERIFYING


@dataclass(frozen=True, slots=True)
class Measured:
    """Rates and memory of one training.

    Attributes:
        sampled_tokens_s: completion tokens generated per second of sampling; None for SFT.
        trained_tokens_s: prompt and completion tokens per second of the rest of a step.
        utilization: share of the device's matrix rate that training reached, counting 6 floating
            point operations for each parameter and token (forward and backward; a frozen base
            and recomputed activations count alike); None if the rate is unknown.
        step_s: wall time of a step.
        peak_gib: most memory that the first process held.
    """

    sampled_tokens_s: float | None
    trained_tokens_s: float
    utilization: float | None
    step_s: float
    peak_gib: float


def measured(
    run: Run, completions: int, parameters: int, operations_s: float | None
) -> "Measured | None":
    """Return the rates of a finished training; None if it logged fewer than two steps.

    Args:
        completions: sampled per step, by all processes.
        operations_s: floating point operations per second of all devices together.
    """
    rows = list(run.metrics())
    if len(rows) < 2:
        return None
    first, timed = rows[0], rows[1:]
    tokens = _number(timed[-1], "num_tokens") - _number(first, "num_tokens")
    seconds = sum(_number(row, "time/step_s") for row in timed)
    sampling = sum(_number(row, SAMPLING) for row in timed)
    training = seconds - sampling - sum(_number(row, VERIFYING) for row in timed)
    sampled = sum(_number(row, "completions/mean_length") for row in timed) * completions
    trained_s = tokens / training
    return Measured(
        sampled_tokens_s=sampled / sampling if sampling else None,
        trained_tokens_s=trained_s,
        utilization=6 * parameters * trained_s / operations_s if operations_s else None,
        step_s=seconds / len(timed),
        peak_gib=max(_number(row, "memory/peak_gib") for row in rows),
    )


def matrix_operations_s(seconds: float = 1.0) -> float:
    """Measure how many floating point operations a second one device does in matrix products.

    In bfloat16 on a GPU, in float32 on CPU cores: the precisions that training uses there.
    """
    import time

    import torch

    on_gpu = torch.cuda.is_available()
    side, dtype = (8192, torch.bfloat16) if on_gpu else (1024, torch.float32)
    left, right = (
        torch.randn(side, side, dtype=dtype, device="cuda" if on_gpu else "cpu") for _ in range(2)
    )

    def products(count: int) -> float:
        began = time.perf_counter()
        for _ in range(count):
            left @ right
        if on_gpu:
            torch.cuda.synchronize()
        return time.perf_counter() - began

    products(3)
    once = products(3) / 3
    count = max(3, int(seconds / once))
    return 2 * side**3 * count / products(count)


def _number(row: dict[str, Any], key: str) -> float:
    return float(row.get(key, 0.0))
