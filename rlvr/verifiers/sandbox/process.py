"""One sandboxed process as its parent sees it: set up, spoken to against a clock, and ended.

Nothing that comes out of the process is parsed here beyond the header of a message.
"""

import marshal
import os
import select
import signal
import subprocess
import tempfile
from types import TracebackType
from typing import Any, Self

from rlvr.verifiers.sandbox.bootstrap import compiled
from rlvr.verifiers.sandbox.clock import Clock
from rlvr.verifiers.sandbox.inside import frames
from rlvr.verifiers.sandbox.inside.frames import Frame, Kind
from rlvr.verifiers.sandbox.isolation import Isolation, free_uid
from rlvr.verifiers.sandbox.launch import Launched
from rlvr.verifiers.sandbox.limits import Limits

START_S = 20.0
LOOK_EVERY_S = 0.1
_CHUNK_BYTES = 1 << 16


class SandboxFault(Exception):
    """The sandbox itself failed: nothing is known of the program."""


class Late(Exception):
    """The clock ran out before a message came."""


class Gone(Exception):
    """The process ended, or sent what is not a message, where a message was due."""


class Sandbox:
    """A process in a sandbox, from start to end, as a context manager.

    Args:
        program: name of a module of `inside` that has a `main`.
        setup: what that program is told first, beside its limits.

    Attributes:
        clock: the time it has left; runs only while the parent waits for it.
    """

    def __init__(
        self, isolation: Isolation, program: str, setup: dict[str, Any], limits: Limits
    ) -> None:
        self.limits = limits
        rlimits = limits.rlimits(isolation.counts_tasks)
        uid = free_uid() if isolation.drops_root else None
        of_sandbox = {"rlimits": rlimits, "uid": uid, "input_folder": isolation.input_folder}
        message = Frame(Kind.SETUP, 0, marshal.dumps(setup | of_sandbox))
        self._first_words = compiled(program) + message.pack()
        self._status: int | None = None
        self._folder = None if isolation.is_safe else tempfile.mkdtemp(prefix="rlvr-code-")
        try:
            size = len(setup["stdin"]) if "stdin" in setup else None
            self._launched = Launched(isolation, program, self._folder, size)
        except BaseException:
            self._remove_folder()
            raise
        self.clock = Clock(limits.run_s, self._launched.usage)
        process = self._launched.process
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        self.stdin, self.stdout, self.stderr = process.stdin, process.stdout, process.stderr
        os.set_blocking(self.stdin.fileno(), False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def set_up(self) -> None:
        """Hand over what to run, and wait until the limits are in place.

        Raises:
            SandboxFault: if that does not happen; nothing hostile has run by then.
        """
        try:
            with Clock(START_S, self._launched.usage) as clock:
                self._send(clock, self._first_words)
                frame = self._receive(clock)
        except (Late, Gone) as error:
            self.end()
            complaint = self._launched.last_words or error
            raise SandboxFault(f"the sandbox did not start: {complaint}") from None
        if frame.kind != Kind.READY:
            raise SandboxFault(f"the sandbox did not start: message {frame.kind}")

    def receive(self) -> Frame:
        """Return the next message.

        Raises:
            Late, Gone.
        """
        with self.clock as clock:
            return self._receive(clock)

    def ask(self, frame: Frame) -> Frame:
        """Send a message and wait for the next one.

        Raises:
            Late, Gone.
        """
        with self.clock as clock:
            self._send(clock, frame.pack())
            return self._receive(clock)

    def _send(self, clock: Clock, message: bytes) -> None:
        rest = memoryview(message)
        fd = self.stdin.fileno()
        while rest:
            self._wait(fd, select.POLLOUT, clock)
            try:
                rest = rest[os.write(fd, rest) :]
            except BlockingIOError:
                continue
            except OSError:
                raise Gone(f"it ended: {self.ending()}") from None

    def _receive(self, clock: Clock) -> Frame:
        length, kind, call_id = frames.unpack_header(self._read(frames.HEADER_BYTES, clock))
        if length > frames.MAX_PAYLOAD_BYTES:
            raise Gone(f"it answers with more than {frames.MAX_PAYLOAD_BYTES >> 20} MiB")
        return Frame(kind, call_id, self._read(length, clock))

    def _read(self, count: int, clock: Clock) -> bytes:
        parts = []
        while count:
            self._wait(self.stdout.fileno(), select.POLLIN, clock)
            part = os.read(self.stdout.fileno(), min(count, _CHUNK_BYTES))
            if not part:
                raise Gone(f"it ended: {self.ending()}")
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def _wait(self, fd: int, event: int, clock: Clock) -> None:
        """Wait until the descriptor is ready or at its end."""
        poll = select.poll()
        poll.register(fd, event)
        while (left_s := clock.left_s()) > 0:
            if poll.poll(min(left_s, LOOK_EVERY_S) * 1000):
                return
            if self.has_too_many_files():
                raise Gone(self.too_many_files)
        raise Late

    def has_too_many_files(self) -> bool:
        """Return True where it made more files than allowed; ask while it runs."""
        return self._launched.files() > self.limits.files

    @property
    def too_many_files(self) -> str:
        """What to say of it then."""
        return f"No space left: it makes more than {self.limits.files:,} files"

    def ending(self) -> str:
        """Describe how the process ended; kill it if it has not."""
        status = self.end()
        if status >= 0:
            return f"exit code {status}"
        try:
            return f"killed by {signal.Signals(-status).name}"
        except ValueError:
            return f"killed by signal {-status}"

    def has_ended(self) -> bool:
        """Return True if nothing of it runs any more."""
        return self._status is not None or self._launched.has_ended()

    def end(self) -> int:
        """Kill whatever still runs, wait until it is gone, and give the exit status."""
        if self._status is None:
            self._status = self._launched.end()
            self._remove_folder()
        return self._status

    def _remove_folder(self) -> None:
        if self._folder is not None:
            # not shutil.rmtree, which fails on folders nested more deeply than Python recurses
            command = ["rm", "-rf", "--", self._folder]
            subprocess.run(command, check=False, stderr=subprocess.DEVNULL)
