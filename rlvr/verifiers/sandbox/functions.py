"""Function tests: a judge's tests call a candidate's function, each in a sandbox of its own.

    judge --CALL--> parent --CALL, random id--> candidate
    judge <--RESULT-- parent <--RESULT, same id-- candidate

A test may pass a function as an argument. The candidate calls it back while its own call waits:

    candidate --CALLBACK, same id--> parent --CALLBACK--> judge
    candidate <--RESULT, same id-- parent <--RESULT-- judge

The candidate never sees the tests, the judge never runs the candidate's code, and the parent only
carries bytes. Each side has a clock that runs while the parent waits for that side, so that slow
tests are not held against the candidate.
"""

import secrets
from dataclasses import dataclass, replace
from typing import Any

from rlvr.core.records import Outcome
from rlvr.verifiers.sandbox.finding import Finding, late
from rlvr.verifiers.sandbox.inside.frames import Frame, Kind
from rlvr.verifiers.sandbox.isolation import Isolation
from rlvr.verifiers.sandbox.limits import Limits, Program
from rlvr.verifiers.sandbox.process import Gone, Late, Sandbox, SandboxFault

# The tests are the benchmark's own and known to end; these are limits for accidents.
JUDGE_LIMITS = Limits(run_s=10.0, memory_mb=4096)
_CPU_LIMIT = "SIGXCPU"


@dataclass(frozen=True, slots=True)
class FunctionTests:
    """What the judge runs.

    Attributes:
        entry_point: the function's name, or `Class().method`.
        test: source that defines `check(candidate)` or calls the function by its name.
        prompt: source run before it, for helpers that the tests use.
        data: JSON value that the test source finds under the name `data`.
        otherwise: the function's name where the program does not define that class.
        per_call: True where the time limit is each call's and not that of all calls together.
    """

    entry_point: str
    test: str
    prompt: str = ""
    data: Any = None
    otherwise: str = ""
    per_call: bool = False

    def as_setup(self) -> dict[str, Any]:
        """Return what the judge is told."""
        names = ("entry_point", "test", "prompt", "data")
        return {name: getattr(self, name) for name in names}


class _Settled(Exception):
    """The conversation ends here, with a finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding)
        self.finding = finding


def run_function_tests(
    isolation: Isolation,
    program: Program,
    tests: FunctionTests,
    limits: Limits,
    judge_limits: Limits | None = None,
) -> Finding:
    """Find out whether the function that `program` defines passes all tests.

    Args:
        limits: of the candidate's sandbox.
        judge_limits: of the sandbox that the tests run in; JUDGE_LIMITS unless given, with the
            candidate's time where that is longer, since tests may run a solution of their own.

    Raises:
        SandboxFault: if a sandbox failed, so that nothing is known.
    """
    if judge_limits is None:
        judge_limits = replace(JUDGE_LIMITS, run_s=max(JUDGE_LIMITS.run_s, limits.run_s))
    names = {"entry_point": tests.entry_point, "otherwise": tests.otherwise}
    of_candidate = program.as_setup() | names
    with (
        Sandbox(isolation, "candidate", of_candidate, limits) as candidate,
        Sandbox(isolation, "judge", tests.as_setup(), judge_limits) as judge,
    ):
        candidate.set_up()
        judge.set_up()
        try:
            return _converse(candidate, judge, tests.per_call)
        except _Settled as settled:
            return settled.finding


def _converse(candidate: Sandbox, judge: Sandbox, per_call: bool) -> Finding:
    """Carry calls and answers until the judge has found."""
    # the tests first: where they cannot be run, the program is not to blame for it
    said = _from_judge(judge, answer=None)
    if said.kind == Kind.CALL:
        _from_candidate(candidate, None)
    # calls that wait for their answer; more than one where a call led to a call back
    calls: list[int] = []
    while said.kind in (Kind.CALL, Kind.RESULT, Kind.RAISED):
        if said.kind == Kind.CALL:
            if per_call and not calls:
                candidate.clock.refill()
            calls.append(secrets.randbits(64))
        reply = _from_candidate(candidate, Frame(said.kind, calls[-1], said.payload))
        if reply.kind != Kind.CALLBACK:
            calls.pop()
        said = _from_judge(judge, reply)
    reason = said.payload.decode(errors="replace")
    if said.kind == Kind.PASSED:
        return Finding(Outcome.CORRECT)
    if said.kind == Kind.FAILED:
        return Finding(Outcome.WRONG, reason)
    return Finding(Outcome.ERROR, f"the tests cannot be run: {reason}")


def _from_candidate(candidate: Sandbox, told: Frame | None) -> Frame:
    """Return the candidate's answer to a call, or to a result of its own call back.

    Where nothing was told it, this is the news that the function is defined.

    Raises:
        _Settled: if there is no proper answer, which is the program's own fault.
    """
    try:
        answer = candidate.ask(told) if told else candidate.receive()
    except Late:
        raise _Settled(late(candidate.clock)) from None
    except Gone as error:
        raise _Settled(Finding(Outcome.WRONG, f"no answer from the program: {error}")) from None
    if told is None and answer.kind == Kind.LOADED:
        return answer
    kinds = (Kind.RESULT, Kind.RAISED, Kind.CALLBACK)
    if told and answer.kind in kinds and answer.call_id == told.call_id:
        return answer
    reason = "the program sends messages of its own"
    if answer.kind == Kind.FAILED:
        reason = answer.payload[:300].decode(errors="replace")
    raise _Settled(Finding(Outcome.WRONG, reason))


def _from_judge(judge: Sandbox, answer: Frame | None) -> Frame:
    """Return the judge's next call, or its report.

    Raises:
        _Settled, SandboxFault: if there is neither.
    """
    try:
        return judge.ask(Frame(answer.kind, 0, answer.payload)) if answer else judge.receive()
    except Late:
        reason = f"the tests run for more than {judge.limits.run_s:g} s"
        if answer is None or judge.clock.starved:
            raise _Settled(Finding(Outcome.TIMEOUT, reason)) from None
        # with right answers they end; undecided would be a way out for a program that is wrong
        raise _Settled(Finding(Outcome.WRONG, f"with its answers {reason}")) from None
    except Gone as error:
        if answer is not None and _CPU_LIMIT in str(error):
            reason = "with its answers the tests take more than their processor time"
            raise _Settled(Finding(Outcome.WRONG, reason)) from None
        raise SandboxFault(f"the process that runs the tests is gone: {error}") from None
