"""What a training step costs in time and memory, as metrics.jsonl records it.

    time/step_s         wall time of an optimizer step, everything included
    time/sampling_s     of the step's rollout: generating completions (one line per rollout)
    time/verifying_s    of the step's rollout: all reward functions
    memory/peak_gib     of the first process so far: GPU memory that torch held, or resident memory

These values differ from run to run and never enter training. `is_cost` tells them, and TRL's own
`step_time`, from the metrics that an interrupted and an uninterrupted run share.
"""

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

SAMPLING, VERIFYING = "time/sampling_s", "time/verifying_s"
_PREFIXES = ("time/", "memory/", "step_time")


def is_cost(metric: str) -> bool:
    """Return whether a metric measures the machine rather than the model."""
    return metric.startswith(_PREFIXES)


class StepCosts:
    """Measures from one log line to the next.

    Args:
        step: the optimizer step that the first line counts from.
    """

    def __init__(self, step: int = 0) -> None:
        self._step, self._began = step, time.perf_counter()

    def since_last(self, step: int) -> dict[str, float]:
        """Return the costs of each step since the last call, and start again."""
        now = time.perf_counter()
        seconds = (now - self._began) / max(1, step - self._step)
        self._step, self._began = step, now
        return {"time/step_s": round(seconds, 4), "memory/peak_gib": round(peak_gib(), 3)}


class Stopwatch:
    """Adds up the seconds of several spans."""

    def __init__(self) -> None:
        self._seconds = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count the time that the block takes."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self._seconds += time.perf_counter() - began

    def read(self) -> float:
        """Return the seconds counted, and start again at 0."""
        seconds, self._seconds = self._seconds, 0.0
        return round(seconds, 4)


def peak_gib() -> float:
    """Return the largest amount of memory this process has held, in GiB."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**30
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30
