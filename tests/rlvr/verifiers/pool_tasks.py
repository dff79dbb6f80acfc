"""Tasks that the pool's tests run in its workers."""

import os
import signal
import time
from typing import Any


def act(request: list[Any]) -> Any:
    """Do what [verb, argument] says."""
    verb, argument = request
    match verb:
        case "echo":
            return argument
        case "sleep":
            time.sleep(argument)
        case "ignore signals and spin":
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
                signal.signal(number, signal.SIG_IGN)
            while True:
                pass
        case "die":
            os._exit(argument)
        case "raise":
            raise ValueError(argument)
        case "fill memory":
            return len(bytearray(argument))
        case "pid":
            return os.getpid()
    return None
