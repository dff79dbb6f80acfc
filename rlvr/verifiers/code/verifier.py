"""Programs: run in a sandbox against tests that they cannot see.

A completion is `correct` if its program passes every test, and `wrong` if it fails one, crashes, or
uses more time or memory than it may. What fails on our side (a sandbox that does not start, tests
that cannot run) is undecided: `error`, or `timeout` for tests that do not end.

`Problem.gold` has one of three shapes:

    {"kind": "function", "entry_point": "f", "test": SOURCE, "prompt": SOURCE or absent}
        Tests in Python, as HumanEval's: the source defines `check(candidate)`, or calls the
        function by its name, and raises where a test fails. `prompt` is the code that the question
        showed: its imports and helpers are there for program and tests alike, and a completion that
        starts inside the function continues it.
    {"kind": "stdio", "tests": [{"input": TEXT, "output": TEXT}, ..]}
        A whole program, compared by `code_output`.
    {"kind": "call", "entry_point": "f", "tests": [{"args": [..], "expected": VALUE}, ..]}
        Arguments and expected values as JSON, as LiveCodeBench's functional problems have them.

An entry point may be a method: `Solution().f`; a plain name is also looked for in a class
`Solution`. Programs for stdio, for call and for a method get the imports of programming sites
(`code_imports`).

Optional keys of all shapes: `memory_mb`, and `timeout_s`, the seconds for each input (stdio), for
each call (call) or for all tests together (function).

The limit of `verify` holds where the gold names none. It is not the time of an attempt, but of one
run of a program.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from rlvr.core.records import Attempt, Outcome, Verdict
from rlvr.verifiers.code.output import outputs_match
from rlvr.verifiers.code.program_extraction import Code, extract
from rlvr.verifiers.code.usual_imports import common_imports
from rlvr.verifiers.sandbox import (
    Finding,
    FunctionTests,
    Isolation,
    Limits,
    Program,
    SandboxFault,
    isolate,
    run_function_tests,
    run_program,
)
from rlvr.verifiers.time_limit import TIMEOUT_S

# each costs this process some milliseconds a program, one after the other
_MOST_WORKERS = 32
_REASON_LENGTH = 400
# LiveCodeBench does not hold a tuple against a program where its JSON has a list
_CALL_TESTS = """
def check(candidate):
    for test in data:
        answer = candidate(*test["args"])
        if isinstance(answer, tuple):
            answer = list(answer)
        assert answer == test["expected"]
"""


class CodeVerifier:
    """Runs as many programs at a time as there are processors to use.

    Args:
        isolation: how to isolate programs; the best way that works here where it is None.

    Raises:
        UserError: if programs cannot be isolated here; the message says what to install.
    """

    name = "code"
    version = "code@2"

    def __init__(self, isolation: Isolation | None = None) -> None:
        self._isolation = isolation or isolate()
        self._workers = min(len(os.sched_getaffinity(0)), _MOST_WORKERS)

    def verify(self, attempts: Sequence[Attempt], *, timeout_s: float = TIMEOUT_S) -> list[Verdict]:
        """Return verdicts in order; `timeout_s` limits one run where the gold names no limit."""
        judge = partial(_verdict, self._isolation, timeout_s)
        if len(attempts) < 2:
            return [judge(attempt) for attempt in attempts]
        with ThreadPoolExecutor(min(self._workers, len(attempts)), "code-verifier") as pool:
            return list(pool.map(judge, attempts))


def _verdict(isolation: Isolation, timeout_s: float, attempt: Attempt) -> Verdict:
    code = extract(attempt.completion, truncated=attempt.truncated)
    if code is None and attempt.truncated:
        return Verdict(Outcome.TRUNCATED, reason="cut off before there was a program")
    if code is None or not code.source.strip():
        return Verdict(Outcome.NO_ANSWER, reason="no program")
    if code.unfinished:
        return Verdict(Outcome.TRUNCATED, code.source, "the program is cut off")
    gold = attempt.problem.gold
    try:
        limits = Limits(
            run_s=gold.get("timeout_s", timeout_s), memory_mb=gold.get("memory_mb", 1024)
        )
        finding = _RUNNERS[gold["kind"]](isolation, code, gold, limits)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        # the gold is the benchmark's; one broken problem must not take the others with it
        return Verdict(Outcome.ERROR, code.source, f"gold of {attempt.problem.id}: {error!r}")
    except (SandboxFault, OSError) as error:
        return Verdict(Outcome.ERROR, code.source, str(error))
    return Verdict(finding.outcome, code.source, _printable(finding.reason))


def _printable(reason: str | None) -> str | None:
    """Escape what a hostile program may have written to control a terminal."""
    if reason is None:
        return None
    return "".join(letter if letter.isprintable() else " " for letter in reason)[:_REASON_LENGTH]


def _function(isolation: Isolation, code: Code, gold: dict[str, Any], limits: Limits) -> Finding:
    prompt, entry_point = gold.get("prompt", ""), gold["entry_point"]
    program = Program(code.source, prelude=prompt)
    if code.continues:
        program = Program(prompt + code.source)
    elif not entry_point.isidentifier():
        program = Program(code.source, prelude=common_imports(code.source) + prompt)
    tests = FunctionTests(entry_point, gold["test"], prompt)
    return run_function_tests(isolation, program, tests, limits)


def _call(isolation: Isolation, code: Code, gold: dict[str, Any], limits: Limits) -> Finding:
    program = Program(code.source, prelude=common_imports(code.source))
    # LiveCodeBench takes the method where there is a class Solution, else the function
    name = gold["entry_point"].removeprefix("Solution().")
    method = f"Solution().{name}" if name.isidentifier() else name
    tests = FunctionTests(method, _CALL_TESTS, data=gold["tests"], otherwise=name, per_call=True)
    return run_function_tests(isolation, program, tests, limits)


def _stdio(isolation: Isolation, code: Code, gold: dict[str, Any], limits: Limits) -> Finding:
    program = Program(code.source, prelude=common_imports(code.source))
    if not gold["tests"]:
        return Finding(Outcome.ERROR, "there are no tests")
    for number, test in enumerate(gold["tests"], start=1):
        run = run_program(isolation, program, test["input"], limits)
        fault = run.fault
        if fault is None and not outputs_match(run.output, test["output"]):
            fault = Finding(Outcome.WRONG, "another output than expected")
        if fault is not None:
            reason = f"test {number} of {len(gold['tests'])}: {fault.reason}"
            return Finding(fault.outcome, reason)
    return Finding(Outcome.CORRECT)


_RUNNERS = {"function": _function, "call": _call, "stdio": _stdio}
