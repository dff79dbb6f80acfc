"""Starts a sandboxed process, and ends it whole.

`end` returns only when nothing of the sandbox is alive: the kernel kills every process of a process
namespace with its first one, and bubblewrap, which waits for that first process, exits after it.
"""

import contextlib
import json
import os
import select
import signal
import subprocess
from pathlib import Path

from rlvr.verifiers.sandbox.clock import Usage
from rlvr.verifiers.sandbox.isolation import INPUT_FOLDER, Isolation
from rlvr.verifiers.sandbox.seccomp import filter_program

_END_S = 20.0
_KEPT_STDERR_BYTES = 4096


class Launched:
    """A started sandbox; `last_words` holds the end of its standard error once it has ended.

    Args:
        program: name of the module of `inside` to run.
        folder: its working directory where it has no file system of its own.
        input_size: bytes of the file that will be its standard input, None for no such file.
    """

    def __init__(
        self, isolation: Isolation, program: str, folder: str | None, input_size: int | None
    ) -> None:
        self._first_pid: int | None = None
        command = isolation.python_command(program)
        if isolation.is_safe:
            self.process, self._first_pid = _start_isolated(
                isolation, [] if input_size is None else isolation.input_mount(input_size), command
            )
        else:
            self.process = _start(command, isolation, cwd=folder)
        self.last_words = ""
        self._is_isolated = isolation.is_safe
        self._first_process = None if self._first_pid is None else _handle(self._first_pid)

    def usage(self) -> Usage:
        """Return what the program used of the machine; empty where the kernel does not tell."""
        try:
            pid = str(self.process.pid)
            if self._is_isolated:
                first = Path(f"/proc/{self._first_pid}/task/{self._first_pid}/children")
                pid = first.read_text().split()[0]
            waited_ns = Path(f"/proc/{pid}/schedstat").read_text().split()[1]
            # fields 14 and 15 of `man 5 proc`; the name before them may hold spaces
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ran_s = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
            return Usage(ran_s, int(waited_ns) / 1e9)
        except (OSError, IndexError):
            return Usage()

    def files(self) -> int:
        """Count the files and folders it has in memory; 0 where nothing tells.

        Asked from outside, since bubblewrap cannot limit them and the kernel does not by itself.
        """
        if self._first_pid is None:
            return 0
        try:
            root = f"/proc/{self._first_pid}/root"
            disks = [os.statvfs(f"{root}{folder}") for folder in ("/tmp", INPUT_FOLDER)]
        except OSError:
            return 0
        return sum(disk.f_files - disk.f_ffree for disk in disks)

    def has_ended(self) -> bool:
        """Return True if the process is dead; `end` may still be called."""
        flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self.process.pid, flags) is not None

    def end(self) -> int:
        """Kill whatever still runs and give the exit status, negative for a signal.

        Must be called once, and before anything else waits for the process.
        """
        try:
            self._kill()
            status = self._status()
            self.last_words = self._last_words()
            return status
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

    def _last_words(self) -> str:
        """Return the last line of standard error that was not read."""
        stderr = self.process.stderr
        assert stderr is not None
        os.set_blocking(stderr.fileno(), False)
        text: bytes = stderr.read(_KEPT_STDERR_BYTES) or b""
        return text.decode(errors="replace").strip().rpartition("\n")[2]


def _start_isolated(
    isolation: Isolation, mounts: list[str], command: list[str]
) -> tuple["subprocess.Popen[bytes]", int | None]:
    """Start bubblewrap; return it and the id of the first process inside, if it got there."""
    info, info_sink = os.pipe()
    rules = _rules()
    passed = [info_sink] if rules is None else [info_sink, rules]
    options = [*mounts, "--info-fd", str(info_sink)]
    options += [] if rules is None else ["--seccomp", str(rules)]
    try:
        process = _start([*isolation.prefix, *options, *command], isolation, pass_fds=passed)
    except OSError:
        os.close(info)
        raise
    finally:
        for fd in passed:
            os.close(fd)
    try:
        text = _read_object(info)
    finally:
        os.close(info)
    return process, json.loads(text)["child-pid"] if text else None


def _read_object(fd: int) -> bytes:
    """Read a JSON object from a pipe; empty if it does not come.

    Not read to the end of the pipe: another thread may fork just now, and its child would keep the
    other side open.
    """
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    text = b""
    while b"}" not in text:
        part = os.read(fd, 1024) if poll.poll(_END_S * 1000) else b""
        if not part:
            return b""
        text += part
    return text


def _start(
    command: list[str], isolation: Isolation, **options: object
) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(  # type: ignore[call-overload]
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=isolation.environment,
        # out of reach of an interrupt from the terminal, which would look like a program's crash
        start_new_session=True,
        **options,
    )


def _rules() -> int | None:
    """Return a pipe with the system call filter for bubblewrap, None where there is none."""
    rules = filter_program()
    if rules is None:
        return None
    source, sink = os.pipe()
    os.write(sink, rules)
    os.close(sink)
    return source


def _handle(pid: int) -> int | None:
    """Return a file descriptor that stands for the process even if its id passes to another.

    None where the process is gone already, or before Linux 5.3.
    """
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None
