"""Function tests: a judge's tests call a candidate's function, each in a sandbox of its own.

    judge --CALL--> parent --CALL, random id--> candidate
    judge <--RESULT-- parent <--RESULT, same id-- candidate

The candidate never sees the tests, the judge never runs the candidate's code, and the parent only
carries bytes. Each side has a clock that runs while the parent waits for that side, so that slow
tests are not held against the candidate.
"""

import secrets
import time
from dataclasses import dataclass
from typing import Any

from rlvr.records import Outcome
from rlvr.verifiers.sandbox.inside.frames import Frame, Kind
from rlvr.verifiers.sandbox.isolation import Isolation
from rlvr.verifiers.sandbox.limits import Limits, Program
from rlvr.verifiers.sandbox.process import Gone, Late, Sandbox, SandboxFault

# The tests are the benchmark's own and known to end; theirs is a limit for accidents.
JUDGE_S = 20.0


@dataclass(frozen=True, slots=True)
class FunctionTests:
    """What the judge runs.

    Attributes:
        entry_point: the function's name, or `Class().method`.
        test: source that defines `check(candidate)` or calls the function by its name.
        prompt: source run before it, for helpers that the tests use.
        data: JSON value that the test source finds under the name `data`.
        per_call: True where the time limit is each call's and not that of all calls together.
    """

    entry_point: str
    test: str
    prompt: str = ""
    data: Any = None
    per_call: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of running a program, and why."""

    outcome: Outcome
    reason: str | None = None


@dataclass(slots=True)
class _Side:
    """A sandbox and the seconds it has left."""

    sandbox: Sandbox
    left_s: float
    limit_per_call_s: float | None = None

    def ask(self, kind: int | None = None, payload: bytes = b"", call_id: int = 0) -> Frame:
        """Send a message, if there is one to send, and wait for the next."""
        begin = time.monotonic()
        if self.limit_per_call_s is not None:
            self.left_s = self.limit_per_call_s
        deadline = begin + self.left_s
        try:
            if kind is not None:
                self.sandbox.send(kind, payload, call_id, deadline=deadline)
            return self.sandbox.receive(deadline)
        finally:
            self.left_s -= time.monotonic() - begin


def run_function_tests(
    isolation: Isolation, program: Program, tests: FunctionTests, limits: Limits
) -> Finding:
    """Whether the function that `program` defines passes all tests.

    Raises:
        SandboxFault: if a sandbox failed, so that nothing is known.
    """
    entry_point = tests.entry_point
    of_candidate = program.as_setup() | {"entry_point": entry_point}
    of_judge = {
        "prompt": tests.prompt,
        "test": tests.test,
        "data": tests.data,
        "entry_point": entry_point,
    }
    with (
        Sandbox(isolation, "candidate", of_candidate, limits) as candidate,
        Sandbox(isolation, "judge", of_judge, Limits(run_s=JUDGE_S, memory_mb=4096)) as judge,
    ):
        candidate.set_up()
        judge.set_up()
        return _relay(
            _Side(candidate, limits.run_s, limits.run_s if tests.per_call else None),
            _Side(judge, JUDGE_S),
        )


def _relay(candidate: _Side, judge: _Side) -> Finding:
    """Carry calls and answers until the judge has found."""
    answer = _answer(candidate)
    if isinstance(answer, Finding):
        return answer
    said = _say(judge)
    while said.kind == Kind.CALL:
        call_id = secrets.randbits(64)
        answer = _answer(candidate, Kind.CALL, said.payload, call_id)
        if isinstance(answer, Finding):
            return answer
        said = _say(judge, answer.kind, answer.payload)
    reason = said.payload.decode(errors="replace")
    if said.kind == Kind.PASSED:
        return Finding(Outcome.CORRECT)
    if said.kind == Kind.FAILED:
        return Finding(Outcome.WRONG, reason)
    return Finding(Outcome.ERROR, f"the tests cannot be run: {reason}")


def _answer(
    candidate: _Side, kind: int | None = None, payload: bytes = b"", call_id: int = 0
) -> Frame | Finding:
    """The candidate's next message, or what is found if there is no proper one."""
    expected = (Kind.LOADED,) if kind is None else (Kind.RESULT, Kind.RAISED)
    try:
        answer = candidate.ask(kind, payload, call_id)
    except Late:
        limit_s = candidate.sandbox.limits.run_s
        return Finding(Outcome.WRONG, f"the program runs for more than {limit_s:g} s")
    except Gone as error:
        return Finding(Outcome.WRONG, f"the program is gone: {error}")
    if answer.kind == Kind.FAILED:
        return Finding(Outcome.WRONG, answer.payload[:300].decode(errors="replace"))
    if answer.kind not in expected or answer.call_id != call_id:
        return Finding(Outcome.WRONG, "the program sends messages of its own")
    return answer


def _say(judge: _Side, kind: int | None = None, payload: bytes = b"") -> Frame:
    """The judge's next message."""
    try:
        return judge.ask(kind, payload)
    except Late:
        return Frame(Kind.BROKEN, 0, f"they run for more than {JUDGE_S:g} s".encode())
    except Gone as error:
        raise SandboxFault(f"the process that runs the tests is gone: {error}") from None
