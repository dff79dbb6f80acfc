"""Run the `rlvr` command as a child, which gets the signals of its parent and ends with it.

Memory of a GPU, and of the libraries that use it, is freed for certain only by a process's end.
What shares its devices with something else therefore runs in a process of its own. Were the parent
killed and the child left, the next start would have two processes write one run directory.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from types import FrameType, TracebackType

from rlvr.core.exit_codes import EXIT_REQUEUE

_SIGNALS = (signal.SIGTERM, signal.SIGUSR1)
_MODULE = "rlvr.cli.child"


class Children:
    """Runs one child after another; as a context manager, hands signals on to the one that runs.

    Attributes:
        is_told_to_stop: a signal came; no further child is started.
    """

    def __init__(self) -> None:
        self.is_told_to_stop = False
        self._running: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Children":
        self._before = {number: signal.signal(number, self._hand_on) for number in _SIGNALS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def run(self, *arguments: str, environment: Mapping[str, str] = os.environ) -> int:
        """Run `rlvr` with these arguments; its exit code, or 75 where a signal cut it off."""
        if self.is_told_to_stop:
            return EXIT_REQUEUE
        command = [sys.executable, "-m", _MODULE, str(os.getpid()), *arguments]
        with subprocess.Popen(command, env=dict(environment)) as self._running:
            try:
                if self.is_told_to_stop:  # while it was being started
                    self._running.terminate()
                code = self._running.wait()
            except BaseException:
                self._running.terminate()
                raise
            finally:
                self._running = None
        if code < 0:
            # one that has just started knows no better than to end by the signal
            return EXIT_REQUEUE if self.is_told_to_stop else 128 - code
        return code

    def _hand_on(self, number: int, frame: FrameType | None) -> None:
        self.is_told_to_stop = True
        if self._running is not None:
            self._running.send_signal(number)
