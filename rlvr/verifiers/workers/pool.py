"""Workers that can be killed, for checks that may never end.

    pool = shared("rlvr.verifiers.math.equivalence:equal")
    replies = pool.run([["1/2", "0.5"], ..], timeout_s=2)     # in order, one each

A task is a function of one JSON value that returns one. Each request runs in a forked worker under
a memory limit; a worker that is late is killed with SIGKILL and replaced, and its request gets the
reply `timeout`. Nothing here uses signals or threads, so a pool works from any thread, beside torch
and inside a trainer. It starts with its first request and ends with the process; a process forked
from this one gets pools of its own.
"""

import atexit
import os
import queue
import selectors
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Literal

from rlvr.verifiers.workers.worker import Worker, Zygote

__all__ = ["Reply", "WorkerPool", "shared"]

MEMORY_BYTES = 2 << 30
MAX_WORKERS = 8
_DEATHS = {
    "memory": "the worker ran out of memory",
    "crashed": "the worker died, by a crash of its libraries or killed by the system",
}
_KILL_AT = 0.95  # share of the time limit; the rest is for killing, so that the reply is in time


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of one request.

    Attributes:
        status: "done", or "timeout" (killed), "memory" (asked for more than a worker may have),
            "crashed" (died otherwise), "raised".
        value: what the task returned, where it is done.
        reason: for people, where it is not.
        killed_after_s: seconds that its worker had before it was killed; None where it was not.
        computed_s: seconds of processor time of these; few on a machine that is busy otherwise.
    """

    status: Literal["done", "timeout", "memory", "crashed", "raised"]
    value: Any = None
    reason: str | None = None
    killed_after_s: float | None = None
    computed_s: float | None = None


class WorkerPool:
    """A fixed number of workers for one task; `run` may be called from several threads.

    Args:
        task: "<module>:<function>"; the module is imported once, before any worker is forked. Or
            "<module>:<factory> <argument>" for the function that the factory returns.
        workers: how many; by default one per core, at most 8.
        memory_bytes: address space of each worker (RLIMIT_AS).
    """

    def __init__(
        self, task: str, *, workers: int | None = None, memory_bytes: int = MEMORY_BYTES
    ) -> None:
        self.task = task
        self.workers = workers or min(MAX_WORKERS, len(os.sched_getaffinity(0)))
        self._memory_bytes = memory_bytes
        self._owner = os.getpid()
        self._zygote: Zygote | None = None
        self._lock = threading.Lock()
        self._waiting = 0
        # a slot holds a worker, or None where one has to be forked
        self._slots: queue.Queue[Worker | None] = queue.Queue()
        for _ in range(self.workers):
            self._slots.put(None)
        atexit.register(self.close)

    def start(self) -> None:
        """Spawn the forking process now instead of with the first request; blocks until ready.

        Raises:
            NotStarted: if the task cannot be imported.
        """
        with self._lock:
            self._started()

    def run(self, requests: Sequence[Any], *, timeout_s: float) -> list[Reply]:
        """Return replies in the order of `requests`.

        Args:
            timeout_s: wall-clock seconds for each request, from when a worker gets it to its reply,
                killing a late worker included. A second try has what the first one left of them.
        """
        return _Run(self, requests, timeout_s).replies()

    def close(self) -> None:
        """Kill the workers; the pool starts again if it is used again."""
        with self._lock:
            zygote, self._zygote = self._zygote, None
        if zygote is not None and os.getpid() == self._owner:
            zygote.close()

    def take(self, *, wait: bool) -> Worker | None:
        """Take an idle worker, forked if need be; None if there is none and `wait` is False.

        Who waits goes before who already has a worker, so no caller starves another.
        """
        if not wait and self._waiting:
            return None
        with self._lock:
            self._waiting += wait
        try:
            worker = self._slots.get(block=wait)
        except queue.Empty:
            return None
        finally:
            with self._lock:
                self._waiting -= wait
        try:
            return worker if worker is not None and worker.usable() else self._fork()
        except BaseException:
            self._slots.put(None)
            raise

    def give_back(self, worker: Worker) -> None:
        """Return an idle worker, free for the next request."""
        self._slots.put(worker)

    def kill(self, worker: Worker) -> None:
        """End a worker that is late or dead; its slot forks another when it is needed."""
        with self._lock:
            worker.kill()
        self._slots.put(None)

    def _fork(self) -> Worker:
        with self._lock:
            try:
                return self._started().fork()
            except OSError:
                # somebody killed the forking process: one fresh start, then it is an error
                self._zygote = None
                return self._started().fork()

    def _started(self) -> Zygote:
        if self._zygote is None or not self._zygote.alive():
            self._zygote = Zygote(self.task, self._memory_bytes)
        return self._zygote


@dataclass(slots=True)
class _Task:
    index: int
    request: Any
    deadline: float = inf  # on the monotonic clock, once a worker has it
    retried: bool = False
    computed_before_s: float = 0.0  # by the same worker, for other requests


class _Run:
    """One call of `run`: hands requests to workers and collects their replies."""

    def __init__(self, pool: WorkerPool, requests: Sequence[Any], timeout_s: float) -> None:
        self._pool = pool
        self._timeout_s = timeout_s
        self._kill_after_s = timeout_s * _KILL_AT
        self._pending = deque(_Task(index, request) for index, request in enumerate(requests))
        self._replies: list[Reply | None] = [None] * len(requests)
        self._busy: dict[Worker, _Task] = {}
        self._selector = selectors.DefaultSelector()

    def replies(self) -> list[Reply]:
        with self._selector:
            try:
                while self._pending or self._busy:
                    self._dispatch()
                    self._collect()
                    self._end_late_ones()
            finally:
                for worker in self._busy:  # only after an error or Ctrl-C
                    self._pool.kill(worker)
        return [reply for reply in self._replies if reply is not None]

    def _dispatch(self) -> None:
        while self._pending:
            worker = self._pool.take(wait=not self._busy)
            if worker is None:
                return
            task = self._pending.popleft()
            task.deadline = min(task.deadline, time.monotonic() + self._kill_after_s)
            task.computed_before_s = worker.computed_s()
            self._busy[worker] = task
            self._selector.register(worker.connection, selectors.EVENT_READ, worker)
            try:
                worker.send(task.request)
            except OSError:
                self._died(worker)

    def _collect(self) -> None:
        if not self._busy:
            return
        earliest = min(task.deadline for task in self._busy.values())
        for key, _ in self._selector.select(max(0.0, earliest - time.monotonic())):
            worker: Worker = key.data
            try:
                reply = worker.receive()
            except (OSError, EOFError):
                self._died(worker)
                continue
            if reply is not None and reply.get("out_of_memory"):
                self._died(worker, "memory")
            elif reply is not None:
                self._settle(self._release(worker), _reply(reply))
                self._pool.give_back(worker)

    def _end_late_ones(self) -> None:
        now = time.monotonic()
        late = [worker for worker, task in self._busy.items() if task.deadline <= now]
        for worker in late:
            task = self._release(worker)
            computed_s = worker.computed_s() - task.computed_before_s
            self._pool.kill(worker)
            reply = Reply(
                "timeout",
                reason=f"no result within {self._timeout_s:g} s",
                killed_after_s=self._kill_after_s,
                computed_s=computed_s,
            )
            self._settle(task, reply)

    def _died(self, worker: Worker, how: Literal["memory", "crashed"] = "crashed") -> None:
        """Retry once in a fresh worker: one that served others may have died of their heap."""
        task = self._release(worker)
        self._pool.kill(worker)
        served_others = worker.served > (how == "memory")
        if served_others and not task.retried:
            task.retried = True
            self._pending.appendleft(task)
        else:
            self._settle(task, Reply(how, reason=_DEATHS[how]))

    def _release(self, worker: Worker) -> _Task:
        self._selector.unregister(worker.connection)
        return self._busy.pop(worker)

    def _settle(self, task: _Task, reply: Reply) -> None:
        self._replies[task.index] = reply


def _reply(received: dict[str, Any]) -> Reply:
    if "error" in received:
        return Reply("raised", reason=received["error"])
    return Reply("done", received["value"])


_shared: dict[str, tuple[int, WorkerPool]] = {}
_shared_lock = threading.Lock()


def shared(task: str) -> WorkerPool:
    """Return the process's one pool for a task; a forked process gets another."""
    with _shared_lock:
        owner, pool = _shared.get(task, (0, None))
        if pool is None or owner != os.getpid():
            pool = WorkerPool(task)
            _shared[task] = os.getpid(), pool
        return pool


# a fork may happen while another thread holds the lock
os.register_at_fork(after_in_child=lambda: globals().update(_shared_lock=threading.Lock()))
