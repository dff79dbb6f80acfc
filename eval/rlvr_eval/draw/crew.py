"""Who does the work: this process, several of our own on one CPU machine, or a launcher's ranks.

A small model on CPU gains nothing from more threads but doubles with a second process, so each core
gets a process of its own. Under torchrun, accelerate or srun every rank takes its share
(`rlvr_eval.draw.worker`); ranks find each other's draws in the store and need no connection.
"""

import multiprocessing as mp
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.queues import Queue
from queue import Empty
from typing import Literal

from rlvr.core.errors import UserError
from rlvr.core.launched import rank_and_world
from rlvr.samplers.base import Sampler
from rlvr.samplers.selection import VISIBLE
from rlvr_eval.draw.progress_listener import Listener
from rlvr_eval.draw.worker import work
from rlvr_eval.plan.evaluation import Evaluation

_POLL_S = 0.2

SamplerFactory = Callable[[], Sampler]
# what a listener's method is called with, or what ended a child
Message = tuple[Literal["expects"], int, int] | tuple[Literal["stored"], int] | UserError


@dataclass(frozen=True)
class Crew:
    """Who samples, and with what.

    Attributes:
        sampler: of this process; also where others sample, it says which draws theirs will be.
        factory: makes the same sampler in another process; must be picklable.
        processes: how many to start here; None takes one per core, or one per group of GPUs.
        gpus_each: GPUs in a group: those that one engine is split over.
    """

    sampler: Sampler
    factory: SamplerFactory
    processes: int | None = None
    gpus_each: int = 1

    def work(self, evaluations: Sequence[Evaluation], listener: Listener) -> None:
        """Bring every evaluation's draws to where its design is satisfied.

        Raises:
            UserError: if a process fails; what was stored until then stays.
        """
        rank, world = rank_and_world()
        if world > 1:
            work(evaluations, self.sampler, rank=rank, world=world, listener=listener)
            return
        devices = self._devices()
        if len(devices) == 1:
            work(evaluations, self.sampler, listener=listener)
        else:
            _in_processes(evaluations, self.factory, devices, listener)

    def _devices(self) -> list[str | None]:
        """Return the GPUs of each process as CUDA_VISIBLE_DEVICES names them; None without any."""
        from rlvr.samplers import selection

        processes = self.processes or selection.processes(self.gpus_each)
        is_vllm = self.sampler.identity.startswith("vllm/")
        return selection.device_groups(
            selection.visible_gpus(), processes, gpus_each=self.gpus_each, may_share=not is_vllm
        )


def claim_device(gpus_each: int = 1) -> None:
    """Keep only the GPUs of this process's local rank, where it sees several.

    To be called before anything asks torch for a GPU. Without a launcher nothing changes.

    Args:
        gpus_each: that one process needs.
    """
    local = os.environ.get("LOCAL_RANK", os.environ.get("SLURM_LOCALID", ""))
    if not local or rank_and_world()[1] == 1:
        return
    first = int(local) * gpus_each
    if VISIBLE not in os.environ:
        os.environ[VISIBLE] = ",".join(map(str, range(first, first + gpus_each)))
        return
    visible = [device for device in os.environ[VISIBLE].split(",") if device]
    if len(visible) > gpus_each:
        first %= len(visible)
        os.environ[VISIBLE] = ",".join(visible[first : first + gpus_each])


def _in_processes(
    evaluations: Sequence[Evaluation],
    sampler: SamplerFactory,
    devices: Sequence[str | None],
    listener: Listener,
) -> None:
    context = mp.get_context("spawn")
    queue: Queue[Message] = context.Queue()
    children = [
        context.Process(target=_share, args=(evaluations, sampler, rank, len(devices), queue))
        for rank in range(len(devices))
    ]
    with _interrupts_ignored():  # children inherit it: this process ends them
        for child, visible in zip(children, devices, strict=True):
            with _seeing(visible):
                child.start()
    try:
        while any(child.is_alive() for child in children) or not queue.empty():
            _tell(queue, listener)
            if any(child.exitcode for child in children):
                break
    finally:
        failed = [child.exitcode for child in children if child.exitcode]
        for child in children:
            if failed or child.is_alive():
                child.terminate()
            child.join()
    while not queue.empty():
        _tell(queue, listener)
    if failed:
        raise UserError(
            f"a sampling process ended with exit code {failed[0]} (its message is above); what it "
            "had stored is kept: run the same command again to go on"
        )


@contextmanager
def _seeing(visible: str | None) -> Iterator[None]:
    """Have the children that are started in the block see these GPUs alone."""
    before = os.environ.get(VISIBLE)
    if visible is not None:
        os.environ[VISIBLE] = visible
    try:
        yield
    finally:
        if visible is not None:
            os.environ.pop(VISIBLE)
            if before is not None:
                os.environ[VISIBLE] = before


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Ignore Ctrl-C for as long as the block runs, where this thread may say so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _tell(queue: "Queue[Message]", listener: Listener) -> None:
    """Hand one message on, if one comes."""
    try:
        message = queue.get(timeout=_POLL_S)
    except Empty:
        return
    if isinstance(message, UserError):
        raise message
    if message[0] == "expects":
        listener.expects(message[1], message[2])
    else:
        listener.stored(message[1])


class _ToParent:
    """A `Listener` in a child."""

    def __init__(self, queue: "Queue[Message]") -> None:
        self._queue = queue

    def expects(self, place: int, draws: int) -> None:
        self._queue.put(("expects", place, draws))

    def stored(self, draws: int) -> None:
        self._queue.put(("stored", draws))


def _share(
    evaluations: Sequence[Evaluation],
    sampler: SamplerFactory,
    rank: int,
    world: int,
    queue: "Queue[Message]",
) -> None:
    """Do a child's work on one core; end when the parent ends."""
    _end_with_parent()
    try:
        own = sampler()
        _take_one_core(world)
        work(evaluations, own, rank=rank, world=world, listener=_ToParent(queue))
    except UserError as fault:
        queue.put(fault)
    queue.close()
    queue.join_thread()
    # all is stored and told: a library's thread that dies while Python shuts down must not turn
    # that into a failure
    sys.stderr.flush()
    os._exit(0)


def _take_one_core(world: int) -> None:
    """Keep to one core where the sampler has loaded torch, whose threads would collide."""
    if torch := sys.modules.get("torch"):
        from rlvr.core.launched import cores

        torch.set_num_threads(max(1, cores() // world))


def _end_with_parent() -> None:
    parent = mp.parent_process()
    assert parent is not None

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
