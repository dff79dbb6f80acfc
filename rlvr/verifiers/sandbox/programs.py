"""Whole programs: input in, output out, each run in a sandbox of its own."""

import os
import selectors
import time
from dataclasses import dataclass

from rlvr.verifiers.sandbox.isolation import Isolation
from rlvr.verifiers.sandbox.limits import Limits, Program
from rlvr.verifiers.sandbox.process import Sandbox

_CHUNK_BYTES = 1 << 16
_KEPT_STDERR_BYTES = 2048


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a program.

    Attributes:
        output: its standard output, up to the limit.
        fault: why it did not end by itself and without an exception, None where it did.
    """

    output: str
    fault: str | None = None


def run_program(isolation: Isolation, program: Program, stdin: str, limits: Limits) -> Run:
    """Run a program on one input.

    Raises:
        SandboxFault: if the sandbox failed before the program began.
    """
    with Sandbox(isolation, "program", program.as_setup(), limits) as sandbox:
        sandbox.set_up()
        streams = _Streams(sandbox, stdin.encode(errors="surrogatepass"))
        fault = streams.pump(time.monotonic() + limits.run_s)
        ending = sandbox.ending()
    output = bytes(streams.output).decode(errors="replace")
    if fault is None and ending != "exit code 0":
        last_line = bytes(streams.stderr).decode(errors="replace").strip().rpartition("\n")[2]
        fault = last_line if ending == "exit code 1" and last_line else ending
    return Run(output, fault)


class _Streams:
    """Moves bytes between the parent and a program's three standard streams."""

    def __init__(self, sandbox: Sandbox, stdin: bytes) -> None:
        self._sandbox, self._rest = sandbox, memoryview(stdin)
        self.output, self.stderr = bytearray(), bytearray()
        self._selector = selectors.DefaultSelector()

    def pump(self, deadline: float) -> str | None:
        """Until the program has closed its output; why it was stopped, if it was."""
        sandbox, limits = self._sandbox, self._sandbox.limits
        with self._selector as selector:
            selector.register(sandbox.stdin, selectors.EVENT_WRITE, self._feed)
            selector.register(sandbox.stdout, selectors.EVENT_READ, self._take_output)
            selector.register(sandbox.stderr, selectors.EVENT_READ, self._take_stderr)
            while sandbox.stdout in (key.fileobj for key in selector.get_map().values()):
                left_s = deadline - time.monotonic()
                if left_s <= 0:
                    return f"the program runs for more than {limits.run_s:g} s"
                for key, _ in selector.select(left_s):
                    key.data()
                if len(self.output) > limits.output_mb << 20:
                    return f"the program prints more than {limits.output_mb} MiB"
        return None

    def _feed(self) -> None:
        try:
            self._rest = self._rest[os.write(self._sandbox.stdin.fileno(), self._rest) :]
        except BlockingIOError:
            return
        except OSError:
            # a program need not read its input
            self._rest = self._rest[:0]
        if not self._rest:
            self._selector.unregister(self._sandbox.stdin)
            self._sandbox.stdin.close()

    def _take_output(self) -> None:
        part = os.read(self._sandbox.stdout.fileno(), _CHUNK_BYTES)
        self.output += part
        if not part:
            self._selector.unregister(self._sandbox.stdout)

    def _take_stderr(self) -> None:
        part = os.read(self._sandbox.stderr.fileno(), _CHUNK_BYTES)
        self.stderr = (self.stderr + part)[-_KEPT_STDERR_BYTES:]
        if not part:
            self._selector.unregister(self._sandbox.stderr)
