"""Tasks that the pool's tests run in its workers."""

import os
import signal
import time
from pathlib import Path
from typing import Any

from rlvr.verifiers.math import notation, parseable


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
        case "note pid and spin":
            Path(argument).write_text(str(os.getpid()))
            while True:
                pass
        case "sleep and die":
            time.sleep(argument)
            os._exit(1)
        case "settle by text":
            gold, answer = argument
            return [notation.compare(gold, answer), parseable.too_large(gold, answer)]
        case "die":
            os._exit(argument)
        case "raise":
            raise ValueError(argument)
        case "fill memory":
            return len(bytearray(argument))
        case "pid":
            return os.getpid()
    return None
