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

from . import codec, frames, inspection, numpy_shapes, raised, stand_ins
from .confine import confine
from .faults import describe
from .frames import Kind
from .peer import Peer
from .trust import Trust

# importing `typing` takes longer than all the rest of the start
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_SMALL_BYTES = 1 << 16
_DECODE_S = 2


class Broken(BaseException):
    """The tests cannot be run: their fault or ours, not the candidate's."""


class Candidate(Peer):
    """The function under test, as the tests see it.

    Attributes:
        classes: names under which the question defines classes of exceptions.
    """

    def __init__(self, channel: frames.Channel, entry_point: str, test: str) -> None:
        super().__init__(channel, Kind.CALL, Kind.CALLBACK, only_data=True)
        self.calls, self.is_asked = 0, False
        self.broken: str | None = None
        self.classes: dict[str, Any] = {}
        self.trust = Trust(is_class=entry_point[:1].isupper() and entry_point.isidentifier())
        self._expected = frozenset(name for name in raised.NEVER if name in test)
        looks_inside = (f"{entry_point}[", f"in {entry_point}", f"len({entry_point})")
        self._is_looked_into = any(text in test for text in looks_inside)

    @property
    def function(self) -> Any:
        """What the tests call."""
        able = "call,instancecheck"
        if self._is_looked_into:
            able = super().ask(0, "abilities", (), {})
        return self.borrow(0, able, "builtins.function")

    def ask(
        self, number: int, action: str, positional: tuple[Any, ...], named: dict[str, Any]
    ) -> Any:
        self.is_asked = True
        self.calls += number == 0 and action == "call"
        self.trust.check_question(number, action, positional)
        answer = super().ask(number, action, positional, named)
        self.trust.check_answer(number, action, positional, answer)
        return answer

    def may_operate(self, number: int, other: Any) -> bool:
        return self.trust.may_operate(number, other)

    def request(self, *asked: Any, known: list[Any]) -> bytes:
        try:
            return super().request(*asked, known=known)
        except codec.NotData as error:
            # a flag beside the exception, since a test may catch whatever is raised in it
            self.broken = f"arguments of call {self.calls}: {error}"
            raise Broken(self.broken) from None

    def action(self, name: str, subject: Any) -> Callable[..., Any]:
        """Refuse to look into what a test has: attributes lead from a function to its answers."""
        act = super().action(name, subject)
        if self._is_of_question(subject):
            return _PUBLIC.get(name, act)
        if name in ("call", "take", "iterate", "await", "anext"):
            return act
        if name == "get":
            return _told
        raise AttributeError(name)

    def abilities(self, value: Any) -> str | None:
        """Lend functions, iterators, and objects such as nodes of a list that a question defines.

        Any other object of the tests may hold what they expect.
        """
        if self._is_of_question(value):
            return super().abilities(value)
        if type(value) is object:
            return ""
        for ability in ("next", "await", "anext"):
            if hasattr(type(value), f"__{ability}__"):
                return "aiter,anext" if ability == "anext" else ability
        return "call" if callable(value) else None

    def _is_of_question(self, value: Any) -> bool:
        """Return whether the question or the tests define the class, or allow passing it on."""
        kind = type(value)
        if any(base.__name__ == "TestCase" for base in kind.__mro__):
            return False
        return kind.__module__ in _PASSED_ON or any(
            kind is known for known in self.classes.values()
        )

    def rebuild(self, packed: Any) -> BaseException:
        return raised.rebuild(packed, self.classes, self._expected)

    def decode(self, payload: bytes, known: list[Any], *, number_new: bool = False) -> Any:
        """Decode the candidate's answer; one made to be slow to rebuild is no answer.

        Numbers can be chosen so that a set of them takes hours to build.
        """
        if len(payload) < _SMALL_BYTES:
            return super().decode(payload, known, number_new=number_new)
        # here, since importing it takes a while and is rarely needed
        import signal

        # processor time, since a busy machine makes every answer slow
        signal.signal(signal.SIGPROF, _interrupt)
        signal.setitimer(signal.ITIMER_PROF, _DECODE_S)
        try:
            return super().decode(payload, known, number_new=number_new)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)


def _public(act: Callable[..., Any]) -> Callable[..., Any]:
    """Allow the action only for names that do not lead out of an object."""

    def act_on_public(subject: Any, name: Any, *value: Any) -> Any:
        if type(name) is not str or name.startswith("__"):
            raise AttributeError(name)
        return act(subject, name, *value)

    return act_on_public


def _told(subject: Any, name: Any) -> Any:
    """Describe what went wrong; for an exception of the program, in its own words."""
    if name not in ("__name__", "__qualname__", "__doc__"):
        raise AttributeError(name)
    return getattr(subject, name)


_PUBLIC = {"get": _public(getattr), "set": _public(setattr), "delete": _public(delattr)}


def _interrupt(*_: Any) -> None:
    raise codec.NotData(f"an answer that takes more than {_DECODE_S} s to read")


# the tests themselves, and streams, patterns and generators of random numbers
_PASSED_ON = ("tests", "_io", "re", "random", "numpy.random._generator")


def main() -> None:
    """Run the tests once and report the result."""
    channel = frames.take_over_stdio()
    setup = marshal.loads(channel.receive().payload)
    confine(setup["rlimits"], setup["uid"])
    channel.send(Kind.READY)
    candidate = Candidate(channel, setup["entry_point"], setup["test"])
    report: tuple[int, str] = (Kind.PASSED, "")
    try:
        _test(setup, candidate)
    except BaseException as error:
        # before the first call nothing of the candidate's has had any influence
        kind = Kind.FAILED if candidate.is_asked else Kind.BROKEN
        report = kind, f"call {candidate.calls}: {_line(error)}"
    if report[0] == Kind.PASSED and candidate.trust.fault:
        report = Kind.FAILED, candidate.trust.fault
    if candidate.broken or not candidate.is_asked:
        report = Kind.BROKEN, candidate.broken or report[1] or "the tests never call the function"
    channel.send(report[0], report[1].encode(errors="replace"))
    os._exit(0)


def _line(error: BaseException) -> str:
    """Describe what went wrong; for an exception of the program, in its own words."""
    told, name = getattr(error, "told", None), type(error).__name__
    if told is None or isinstance(error, raised.CandidateRaised):
        return describe(error)
    return told if told.startswith(name) else f"{name}: {told}"


def _test(setup: dict[str, Any], candidate: Candidate) -> None:
    namespace: dict[str, Any] = {"__name__": "tests"}
    if "numpy" in setup["prompt"] + setup["test"]:
        numpy_shapes.refuse_stretching()
    try:  # noqa: SIM105 - importing contextlib takes as long as the tests
        exec(compile(setup["prompt"], "<prompt>", "exec", dont_inherit=True), namespace)
    except SyntaxError:
        # a question may end in the middle of a statement, for a completion to go on
        pass
    candidate.classes = {
        name: value for name, value in namespace.items() if isinstance(value, type)
    }
    namespace["data"] = setup["data"]
    if any(name in setup["test"] for name in ("inspect", "asyncio")):
        inspection.ask_the_other_side(stand_ins.Lent)
    if "random" in setup["test"]:
        import random

        # the same inputs whenever a completion is graded again
        random.seed(0)
    namespace.update(_bound(setup["entry_point"], candidate.function))
    exec(compile(setup["test"], "<test>", "exec", dont_inherit=True), namespace)
    if not candidate.is_asked and "check" in namespace:
        namespace["check"](candidate.function)


def _bound(entry_point: str, function: Any) -> dict[str, Any]:
    """Return the names by which test source may call the function."""
    owner, is_method, method = entry_point.partition("().")
    if not is_method:
        return {entry_point: function}
    return {owner: type(owner, (), {method: function})}
