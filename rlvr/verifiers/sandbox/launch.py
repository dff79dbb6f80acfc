"""Starts a sandboxed process, and ends it whole.

`end` returns only when nothing of the sandbox is alive: the kernel kills every process of a process
namespace with its first one, and bubblewrap, which waits for that first process, exits after it.
"""

import contextlib
import json
import os
import signal
import subprocess

from rlvr.verifiers.sandbox.isolation import Isolation
from rlvr.verifiers.sandbox.seccomp import filter_program

_END_S = 20.0


class Launched:
    """A started sandbox.

    Args:
        program: name of the module of `inside` to run.
        folder: its working directory where it has no file system of its own.
    """

    def __init__(self, isolation: Isolation, program: str, folder: str | None) -> None:
        self._first_process: int | None = None
        command = isolation.python_command(program)
        if isolation.is_safe:
            self.process, self._first_process = _start_isolated(isolation, command)
        else:
            self.process = _start(command, isolation, cwd=folder, start_new_session=True)
        self._is_isolated = isolation.is_safe

    def end(self) -> int:
        """Kill whatever still runs and give the exit status, negative for a signal.

        Must be called once, and before anything else waits for the process.
        """
        try:
            self._kill()
            return self._status()
        finally:
            for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
                assert stream is not None
                with contextlib.suppress(OSError):
                    stream.close()
            if self._first_process is not None:
                os.close(self._first_process)

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            if not self._is_isolated:
                # the leader is not waited for yet, so the group's id cannot have passed to another
                os.killpg(self.process.pid, signal.SIGKILL)
            elif self._first_process is not None:
                signal.pidfd_send_signal(self._first_process, signal.SIGKILL)
            else:
                # the processes inside die with it (--die-with-parent)
                self.process.kill()

    def _status(self) -> int:
        try:
            status = self.process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        # bubblewrap reports a signal as a shell does
        return 128 - status if self._is_isolated and status > 128 else status


def _start_isolated(
    isolation: Isolation, command: list[str]
) -> tuple["subprocess.Popen[bytes]", int | None]:
    """The bubblewrap process, and a handle on the first process inside."""
    info, info_sink = os.pipe()
    rules = _rules()
    passed = [info_sink] if rules is None else [info_sink, rules]
    options = ["--info-fd", str(info_sink)]
    options += [] if rules is None else ["--seccomp", str(rules)]
    try:
        process = _start([*isolation.prefix, *options, *command], isolation, pass_fds=passed)
    except OSError:
        os.close(info)
        raise
    finally:
        for fd in passed:
            os.close(fd)
    with open(info, "rb") as stream:
        text = stream.read()
    return process, _handle(json.loads(text)["child-pid"]) if text else None


def _start(
    command: list[str], isolation: Isolation, **options: object
) -> "subprocess.Popen[bytes]":
    pipe = subprocess.PIPE
    return subprocess.Popen(  # type: ignore[call-overload]
        command, stdin=pipe, stdout=pipe, stderr=pipe, env=isolation.environment, **options
    )


def _rules() -> int | None:
    """A pipe from which bubblewrap reads the system call filter, None where there is none."""
    rules = filter_program()
    if rules is None:
        return None
    source, sink = os.pipe()
    os.write(sink, rules)
    os.close(sink)
    return source


def _handle(pid: int) -> int | None:
    """A file descriptor that stands for the process even if its id passes to another.

    None where the process is gone already, or before Linux 5.3.
    """
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None
