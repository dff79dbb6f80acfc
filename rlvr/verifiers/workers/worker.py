"""The parent's ends of the pool's processes: the one that forks, and one for each worker."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

_CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
_START_TIMEOUT_S = 120.0


class NotStarted(RuntimeError):
    """The task cannot be imported; `reason` says why."""

    def __init__(self, task: str, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the worker process for {task} did not start: {reason}")


class Zygote:
    """The process that forks, which `rlvr.verifiers.workers.fork_server` runs.

    Raises:
        NotStarted: if the task cannot be imported.
    """

    def __init__(self, task: str, memory_bytes: int) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            # sympy walks through sets: with another order of hashes it takes another way, which
            # may be endless, so that one answer had different verdicts in different processes
            "PYTHONHASHSEED": "0",
        }
        command = [sys.executable, "-m", "rlvr.verifiers.workers.fork_server"]
        with theirs:
            self._process = subprocess.Popen(
                [*command, str(theirs.fileno()), task, str(memory_bytes)],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,  # Ctrl-C belongs to the parent, which then ends us
            )
        self._control.settimeout(_START_TIMEOUT_S)
        try:
            answer = self._receive() or "its process died while it was imported"
        except TimeoutError:
            answer = f"importing it took more than {_START_TIMEOUT_S:g} s"
        except BaseException:  # Ctrl-C, while a user's file never ends being imported
            self.close()
            raise
        if answer != "ready":
            self.close()
            raise NotStarted(task, answer.removeprefix("failed "))

    def alive(self) -> bool:
        """Return whether the process runs."""
        return self._process.poll() is None

    def fork(self) -> "Worker":
        """Fork a new worker; OSError if the process is gone."""
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._control, [b"fork"], [theirs.fileno()])
        pid = self._receive()
        if not pid:
            raise BrokenPipeError("the forking process is gone")
        return Worker(self, int(pid), ours)

    def reap(self, pid: int) -> None:
        """Free the process id of a killed worker."""
        self._control.send(f"reap {pid}".encode())

    def close(self) -> None:
        """End the process, which takes its workers with it."""
        self._control.close()
        self._process.kill()
        self._process.wait()

    def _receive(self) -> str:
        """Receive the next message; "" once the forking process is gone."""
        return self._control.recv(4096).decode()


class Worker:
    """A worker, which serves one request at a time.

    Attributes:
        served: requests that it has answered.
    """

    def __init__(self, zygote: Zygote, pid: int, connection: socket.socket) -> None:
        self.connection = connection
        self.served = 0
        self._zygote = zygote
        self._pid = pid
        self._received = b""

    def usable(self) -> bool:
        """Return whether it can take a request; a worker dies with the process that forked it."""
        return self._zygote.alive()

    def send(self, request: Any) -> None:
        """Give it a request; OSError if it is gone."""
        self.connection.sendall(json.dumps(request).encode() + b"\n")

    def receive(self) -> dict[str, Any] | None:
        """Receive the reply, or None if there is none yet; EOFError if the worker died."""
        part = self.connection.recv(65_536)
        if not part:
            raise EOFError
        self._received += part
        if not self._received.endswith(b"\n"):
            return None
        received, self._received = self._received, b""
        self.served += 1
        return dict(json.loads(received))

    def computed_s(self) -> float:
        """Return the processor seconds that it has used, for all requests together."""
        try:
            after_name = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:  # it is gone
            return 0.0
        user, system = after_name[11:13]
        return (int(user) + int(system)) / _CLOCK_TICKS

    def kill(self) -> None:
        """End it, whatever it does."""
        self.connection.close()
        if self._zygote.alive():
            os.kill(self._pid, signal.SIGKILL)
            self._zygote.reap(self._pid)
