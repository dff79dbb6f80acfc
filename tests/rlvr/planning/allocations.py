"""The most memory that tensors of this process take while something runs, by torch's profiler.

Not the memory of the process: allocators keep what was freed, and libraries take hundreds of MB of
their own. Every allocation and release of torch's CPU allocator is counted instead.
"""

import gc
from collections.abc import Callable

from torch.profiler import ProfilerActivity, profile


def peak_bytes(run: Callable[[], object]) -> int:
    """Run something, and return the most bytes that its tensors took at one time."""
    gc.collect()  # or what is freed meanwhile would be taken off
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        run()
    events = profiled.profiler.kineto_results.events()  # type: ignore[union-attr]
    changes = sorted(
        (event.start_ns(), event.nbytes()) for event in events if event.name() == "[memory]"
    )
    held = peak = 0
    for _, change in changes:
        held += change
        peak = max(peak, held)
    return peak
