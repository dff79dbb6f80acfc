"""Whole programs: input in, output out, each run in a sandbox of its own."""

import os
import selectors
from dataclasses import dataclass

from rlvr.core.records import Outcome
from rlvr.verifiers.sandbox.finding import Finding, late
from rlvr.verifiers.sandbox.isolation import Isolation
from rlvr.verifiers.sandbox.limits import Limits, Program
from rlvr.verifiers.sandbox.process import LOOK_EVERY_S, Sandbox

_CHUNK_BYTES = 1 << 16
_KEPT_STDERR_BYTES = 2048


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a program.

    Attributes:
        output: its standard output, up to the limit.
        fault: what is found if it did not end by itself and without an exception, else None.
    """

    output: str
    fault: Finding | None = None


def run_program(isolation: Isolation, program: Program, stdin: str, limits: Limits) -> Run:
    """Run a program on one input.

    Raises:
        SandboxFault: if the sandbox failed before the program began.
    """
    setup = program.as_setup() | {"stdin": stdin.encode(errors="surrogatepass")}
    with Sandbox(isolation, "program", setup, limits) as sandbox:
        sandbox.set_up()
        sandbox.stdin.close()
        streams = _Streams(sandbox)
        fault = streams.pump()
        ending = sandbox.ending()
    if fault is None and ending != "exit code 0":
        complaint = streams.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        said = complaint if ending == "exit code 1" else ""
        fault = Finding(Outcome.WRONG, said or f"the program ended with {ending}")
    return Run(streams.output.decode(errors="replace"), fault)


class _Streams:
    """Takes the bytes of a program's output and of its complaints."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.output, self.stderr = bytearray(), bytearray()
        self._selector = selectors.DefaultSelector()

    def pump(self) -> Finding | None:
        """Copy until the program has closed its output; return why it was stopped, if it was."""
        sandbox = self._sandbox
        most_bytes = sandbox.limits.output_mb << 20
        with self._selector as selector, sandbox.clock as clock:
            selector.register(sandbox.stderr, selectors.EVENT_READ, self._take_stderr)
            stdout = selector.register(sandbox.stdout, selectors.EVENT_READ, self._take_output)
            while stdout.fd in selector.get_map():
                if (left_s := clock.left_s()) <= 0:
                    # ended, but a fork elsewhere in this process may hold its output open
                    return None if sandbox.has_ended() else late(clock)
                for key, _ in selector.select(min(left_s, LOOK_EVERY_S)):
                    key.data()
                if sandbox.has_too_many_files():
                    return Finding(Outcome.WRONG, sandbox.too_many_files)
                if len(self.output) > most_bytes:
                    return Finding(Outcome.WRONG, f"it prints more than {most_bytes >> 20} MiB")
        return None

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
