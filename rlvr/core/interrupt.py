"""Ctrl-C ends the command within two seconds, whatever it is doing.

Python raises KeyboardInterrupt between two bytecodes of the main thread. A long call into a library
delays it, and a library's callback may swallow it. So a thread learns of the signal through the
wakeup file descriptor, waits for the command to end in order, and then ends the process. That is
safe at any moment: what was reported as done is on disk, as after any kill.
"""

import os
import signal
import sys
import threading
import time

EXIT_CODE = 130
_ORDERLY_END_S = 1.5
_told = threading.Event()


def watch() -> None:
    """Start to listen for Ctrl-C; to be called once, from the main thread."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(target=_end_after_interrupt, args=(reader,), daemon=True).start()


def tell(verb: str) -> None:
    """Say once that the command was stopped."""
    if not _told.is_set():
        _told.set()
        print(f"rlvr {verb}: stopped; run it again to go on", file=sys.stderr, flush=True)  # noqa: T201


def _end_after_interrupt(reader: int) -> None:
    while os.read(reader, 1) != bytes([signal.SIGINT]):
        pass
    time.sleep(_ORDERLY_END_S)
    tell(next((word for word in sys.argv[1:] if not word.startswith("-")), ""))
    os._exit(EXIT_CODE)
