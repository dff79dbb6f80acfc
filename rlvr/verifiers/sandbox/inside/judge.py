"""Runs the benchmark's own tests against a function that lives in another sandbox.

The tests see an ordinary function. Calling it sends the arguments to the candidate and returns what
comes back, rebuilt from text as plain values by `codec`; so no method of the candidate's objects
ever runs beside the expected values.

Three forms of test source are run: one that defines `check(candidate)`, one that calls the function
by its name (`Solution().f` included), and one that defines `check` and calls it itself.
"""

from __future__ import annotations

import marshal
import os

from . import codec, frames, numpy_shapes
from .confine import confine
from .faults import describe
from .frames import Kind

# importing `typing` takes longer than all the rest of the start
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Exceptions that a test may expect of the function; StopIteration and the like could end a loop of
# the test early and make it pass, so all others arrive as CandidateRaised.
_EXPECTABLE = (
    ArithmeticError, AttributeError, IndexError, KeyError, LookupError, NotImplementedError,
    OverflowError, RuntimeError, TypeError, ValueError, ZeroDivisionError,
)  # fmt: skip
_SMALL_BYTES = 1 << 16
_DECODE_S = 2
_BY_NAME = {kind.__name__: kind for kind in _EXPECTABLE}


class CandidateRaised(Exception):
    """The candidate's function raised something."""


class Broken(BaseException):
    """The tests cannot be run: their fault or ours, not the candidate's."""


class Candidate:
    """The function under test, as the tests see it."""

    def __init__(self, channel: frames.Channel) -> None:
        self._channel = channel
        self.calls = 0
        self.broken: str | None = None

    def __call__(self, *positional: Any, **named: Any) -> Any:
        self.calls += 1
        self._channel.send(Kind.CALL, self._arguments(positional, named))
        frame = self._channel.receive()
        if frame.kind == Kind.RAISED:
            raise _exception(frame.payload)
        return _decode(frame.payload)

    def _arguments(self, positional: tuple[Any, ...], named: dict[str, Any]) -> bytes:
        try:
            return codec.encode([list(positional), named], only_data=True)
        except codec.NotData as error:
            # a flag beside the exception, since a test may catch whatever is raised in it
            self.broken = f"arguments of call {self.calls}: {error}"
            raise Broken(self.broken) from None


def _decode(payload: bytes) -> Any:
    """The candidate's answer; one made to be slow to rebuild is no answer.

    Numbers can be chosen so that a set of them takes hours to build.
    """
    if len(payload) < _SMALL_BYTES:
        return codec.decode(payload)
    # here, since importing it takes a while and is rarely needed
    import signal

    signal.signal(signal.SIGALRM, _interrupt)
    signal.alarm(_DECODE_S)
    try:
        return codec.decode(payload)
    finally:
        signal.alarm(0)


def _interrupt(*_: Any) -> None:
    raise codec.NotData(f"an answer that takes more than {_DECODE_S} s to read")


def _exception(payload: bytes) -> Exception:
    name, text = _decode(payload)
    kind = _BY_NAME.get(name, CandidateRaised)
    return kind(text)


def main() -> None:
    """Run the tests once and report the result."""
    channel = frames.take_over_stdio()
    setup = marshal.loads(channel.receive().payload)
    confine(setup["rlimits"], setup["uid"])
    channel.send(Kind.READY)
    candidate = Candidate(channel)
    report: tuple[int, str] = (Kind.PASSED, "")
    try:
        _test(setup, candidate)
    except BaseException as error:
        # before the first call nothing of the candidate's has had any influence
        kind = Kind.FAILED if candidate.calls else Kind.BROKEN
        report = kind, f"call {candidate.calls}: {describe(error)}"
    if candidate.broken or not candidate.calls:
        report = Kind.BROKEN, candidate.broken or report[1] or "the tests never call the function"
    channel.send(report[0], report[1].encode(errors="replace"))
    os._exit(0)


def _test(setup: dict[str, Any], candidate: Candidate) -> None:
    namespace: dict[str, Any] = {"__name__": "tests"}
    try:  # noqa: SIM105 - importing contextlib takes as long as the tests
        exec(compile(setup["prompt"], "<prompt>", "exec", dont_inherit=True), namespace)
    except SyntaxError:
        # a question may end in the middle of a statement, for a completion to go on
        pass
    namespace["data"] = setup["data"]
    if "allclose" in setup["test"]:
        numpy_shapes.require_equal_shapes()
    if "random" in setup["test"]:
        import random

        # the same inputs whenever a completion is graded again
        random.seed(0)
    namespace.update(_bound(setup["entry_point"], candidate))
    exec(compile(setup["test"], "<test>", "exec", dont_inherit=True), namespace)
    if not candidate.calls and "check" in namespace:
        namespace["check"](candidate)


def _bound(entry_point: str, candidate: Candidate) -> dict[str, Any]:
    """The names by which test source may call the function."""
    owner, is_method, method = entry_point.partition("().")
    if not is_method:
        return {entry_point: candidate}
    return {owner: type(owner, (), {method: candidate})}
