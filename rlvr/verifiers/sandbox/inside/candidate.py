"""Holds a function that may be hostile, and answers calls to it.

All that ever comes into this process is the program, the name of its function and the arguments of
each call. It knows neither the tests nor an expected value, so reading all of its own memory gains
it nothing. It can forge its own answers; those are compared like any others. An answer counts only
if it carries the id of the call it answers, drawn at random by the parent when the call was made.
"""

from __future__ import annotations

import marshal
import os

from . import frames
from .confine import confine
from .faults import describe
from .frames import Kind
from .peer import Peer
from .script import make_module

# importing `typing` takes longer than all the rest of the start
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Server(Peer):
    """Has the function as its object number 0."""

    def __init__(self, channel: frames.Channel, function: Any) -> None:
        super().__init__(channel, Kind.CALLBACK, Kind.CALL)
        self._own.append(function)


def main() -> None:
    """Serve calls until the parent closes the channel or kills the sandbox."""
    channel = frames.take_over_stdio()
    setup = marshal.loads(channel.receive().payload)
    confine(setup["rlimits"], setup["uid"])
    channel.send(Kind.READY)
    try:
        function = _load(setup)
    except BaseException as error:
        channel.send(Kind.FAILED, describe(error).encode(errors="replace"))
        os._exit(0)
    server = Server(channel, function)
    channel.send(Kind.LOADED)
    while True:
        server.answer(channel.receive())


def _load(setup: dict[str, Any]) -> Any:
    """Load the function `f`, the method `Solution().f`, or `f` of either kind."""
    module = make_module("solution", setup["source"])
    namespace = module.__dict__
    try:  # noqa: SIM105 - importing contextlib takes as long as the program
        exec(compile(setup["prelude"], "<prelude>", "exec", dont_inherit=True), namespace)
    except SyntaxError:
        # a question may end in the middle of a statement, for a completion to go on
        pass
    exec(compile(setup["source"], "<program>", "exec", dont_inherit=True), namespace)
    entry_point = setup["entry_point"]
    if setup["otherwise"] and entry_point.partition("(")[0] not in namespace:
        entry_point = setup["otherwise"]
    if entry_point not in namespace and entry_point.isidentifier() and "Solution" in namespace:
        entry_point = f"Solution().{entry_point}"
    return eval(entry_point, namespace)
