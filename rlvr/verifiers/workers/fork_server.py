"""The process that forks the pool's workers: single-threaded, with the task's libraries loaded.

Forking a training process would copy its threads' locks in whatever state they are, and tens of
gigabytes of page tables with them; spawning a fresh interpreter for every killed worker would cost
seconds. So one small process is spawned once, imports the task, and forks from then on.

Run as `python -m rlvr.verifiers.workers.fork_server CONTROL_FD TASK MEMORY_BYTES`. Over the control
socket, which keeps message boundaries:

    parent -> "fork" + one descriptor    zygote -> "<pid>"; the child serves the descriptor
    parent -> "reap <pid>"               zygote waits for a child that the parent has killed

A child stays a zombie until its parent reaps it here, so its process id cannot name another process
when the parent kills it. The children die with the zygote, and the zygote dies with the parent.
"""

import ctypes
import json
import os
import resource
import select
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

PARENT_CHECK_S = 1.0
_PR_SET_PDEATHSIG = 1

_OUT_OF_MEMORY = b'{"out_of_memory": true}\n'

Task = Callable[[Any], Any]


def main() -> None:
    """Serve fork requests until the parent is gone."""
    control_fd, task_name, memory_bytes = sys.argv[1:]
    control = socket.socket(fileno=int(control_fd))
    parent = os.getppid()
    try:
        with _ending_with(parent):
            task = load(task_name)
    except BaseException as error:  # SystemExit too: what is imported may be a user's
        control.send(f"failed {type(error).__name__}: {error}"[:1000].encode())
        return
    control.send(b"ready")
    children: set[int] = set()
    while os.getppid() == parent:
        if not select.select([control], [], [], PARENT_CHECK_S)[0]:
            continue
        message, descriptors, _, _ = socket.recv_fds(control, 64, 1)
        if not message:
            break
        if message == b"fork":
            _fork(control, children, descriptors[0], task, int(memory_bytes))
        else:
            pid = int(message.split()[1])
            os.waitpid(pid, 0)
            children.discard(pid)
    for pid in children:
        os.kill(pid, signal.SIGKILL)


@contextmanager
def _ending_with(parent: int) -> Iterator[None]:
    """End this process with its parent also while an import of a user's file never ends."""

    def look(*_: object) -> None:
        if os.getppid() != parent:
            os._exit(1)

    before = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, PARENT_CHECK_S, PARENT_CHECK_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def load(name: str) -> Task:
    """Load the function "<module>:<function>"; call its module's `warm_up` if it has one.

    Of "<module>:<factory> <argument>" it is what the factory makes of the argument.
    """
    place, _, argument = name.partition(" ")
    module_name, _, function = place.partition(":")
    module = import_module(module_name)
    getattr(module, "warm_up", lambda: None)()
    task: Task = getattr(module, function)
    return task(argument) if argument else task


def _fork(
    control: socket.socket, children: set[int], descriptor: int, task: Task, memory_bytes: int
) -> None:
    pid = os.fork()
    if pid == 0:
        control.close()
        _serve(socket.socket(fileno=descriptor), task, memory_bytes)
    os.close(descriptor)
    children.add(pid)
    control.send(str(pid).encode())


def _serve(connection: socket.socket, task: Task, memory_bytes: int) -> None:
    """Read one JSON request a line and write one JSON reply a line, until the connection ends.

    JSON and not pickle: what reads a hostile answer must not be able to run code in the parent.
    """
    try:
        _confine(memory_bytes)
        with connection.makefile("rb") as requests:
            for request in requests:
                reply = _reply(task, request)
                connection.sendall(reply or _OUT_OF_MEMORY)
                if reply is None:
                    break  # the heap may be beyond use; a fresh worker takes over
    finally:
        os._exit(0)


def _confine(memory_bytes: int) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _reply(task: Task, request: bytes) -> bytes | None:
    """Compute the reply; None where the task took all memory."""
    try:
        reply = {"value": task(json.loads(request))}
    except MemoryError:
        return None
    except Exception as error:
        reply = {"error": f"{type(error).__name__}: {error}"[:500]}
    return json.dumps(reply).encode() + b"\n"


if __name__ == "__main__":
    main()
