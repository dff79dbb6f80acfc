"""Who does the work: this process, several of our own on one CPU machine, or a launcher's ranks.

A small model on CPU gains nothing from more threads but doubles with a second process, so each core
gets a process of its own. Under torchrun, accelerate or SLURM every rank takes its share.
"""

import multiprocessing as mp
import os
import threading
from collections.abc import Callable, Sequence
from multiprocessing.connection import wait
from multiprocessing.queues import Queue
from queue import Empty

from rlvr.errors import UserError
from rlvr.samplers.base import Sampler
from rlvr_eval.evaluate import Evaluation, work

_POLL_S = 0.2

SamplerFactory = Callable[[], Sampler]


def rank_and_world() -> tuple[int, int]:
    """This process's place among those that a launcher started; (0, 1) without one."""
    return int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))


def do(
    evaluations: Sequence[Evaluation],
    sampler: SamplerFactory,
    *,
    processes: int,
    drawn: Callable[[int], None],
) -> None:
    """Bring every evaluation's draws to where its design is satisfied.

    Args:
        sampler: called once in every process that samples; must be picklable.
        processes: how many to start here; 1 works in this process.

    Raises:
        UserError: if a process fails; what was stored until then stays.
    """
    rank, world = rank_and_world()
    if world > 1 or processes == 1:
        work(evaluations, sampler(), rank=rank, world=world, drawn=drawn)
    else:
        _in_processes(evaluations, sampler, processes, drawn)


def _in_processes(
    evaluations: Sequence[Evaluation],
    sampler: SamplerFactory,
    processes: int,
    drawn: Callable[[int], None],
) -> None:
    context = mp.get_context("spawn")
    queue: Queue[int] = context.Queue()
    children = [
        context.Process(target=_share, args=(evaluations, sampler, rank, processes, queue))
        for rank in range(processes)
    ]
    for child in children:
        child.start()
    try:
        while any(child.is_alive() for child in children) or not queue.empty():
            _tell(queue, drawn)
            if any(child.exitcode for child in children):
                break
    finally:
        failed = [child.exitcode for child in children if child.exitcode]
        for child in children:
            if failed or child.is_alive():
                child.terminate()
            child.join()
    if failed:
        raise UserError(
            f"a sampling process ended with exit code {failed[0]} (its message is above); what it "
            "had stored is kept: run the same command again to go on"
        )


def _tell(queue: "Queue[int]", drawn: Callable[[int], None]) -> None:
    try:
        drawn(queue.get(timeout=_POLL_S))
    except Empty:
        return


def _share(
    evaluations: Sequence[Evaluation],
    sampler: SamplerFactory,
    rank: int,
    world: int,
    queue: "Queue[int]",
) -> None:
    """A child's work: one core, and no life beyond its parent's."""
    _end_with_parent()
    import torch

    torch.set_num_threads(max(1, (os.cpu_count() or 1) // world))
    work(evaluations, sampler(), rank=rank, world=world, drawn=queue.put)


def _end_with_parent() -> None:
    parent = mp.parent_process()
    assert parent is not None

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
