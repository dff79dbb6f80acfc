"""Conversations between tests and a function, where one of the two does not do as it should."""

from dataclasses import dataclass

import pytest

from rlvr.records import Outcome
from rlvr.verifiers.sandbox import (
    FunctionTests,
    Isolation,
    Limits,
    Program,
    SandboxFault,
    run_function_tests,
)

ECHO = Program("def f(x): return x")
NOT_EVEN_DEFINED = Program("1 / 0")


@dataclass(frozen=True)
class Case:
    name: str
    test: str
    outcome: Outcome
    reason: str


CASES = [
    Case("end_before_a_call", "while True: pass", Outcome.TIMEOUT, "the tests run for more than"),
    Case("end_after_a_call", "f(1)\nwhile True: pass", Outcome.WRONG, "with its answers the tests"),
    Case("call_nothing", "pass", Outcome.ERROR, "never call the function"),
    Case("cannot_be_read", "f(1", Outcome.ERROR, "SyntaxError"),
    Case("need_what_is_not_there", "import torch\nf(1)", Outcome.ERROR, "ModuleNotFoundError"),
    Case("pass_what_is_not_data", "f(1)\nf(print)", Outcome.ERROR, "arguments of call 2"),
    Case(
        "fail_by_silence", "try:\n  f(print)\nexcept BaseException: pass", Outcome.ERROR, "call 1"
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_tests_that_cannot_be_run_are_told_from_a_wrong_program(
    case: Case, isolation: Isolation
) -> None:
    tests, limits = FunctionTests("f", case.test), Limits(run_s=20.0)
    finding = run_function_tests(isolation, ECHO, tests, limits, Limits(run_s=0.5))
    assert finding.outcome == case.outcome
    assert case.reason in str(finding.reason)


def test_tests_that_cannot_be_run_are_so_for_every_program(isolation: Isolation) -> None:
    for test in ("import torch\nf(1)", "f(print)", "pass"):
        tests, limits = FunctionTests("f", test), Limits(run_s=20.0)
        finding = run_function_tests(isolation, NOT_EVEN_DEFINED, tests, limits)
        assert finding.outcome == Outcome.ERROR


def test_answer_that_is_not_data_may_be_handed_back(isolation: Isolation) -> None:
    program = Program("class Box: pass\ndef f(x): return Box() if x == 0 else x")
    tests = FunctionTests("f", "box = f(0)\nassert f(box) is not None\nassert f(box) != box")
    finding = run_function_tests(isolation, program, tests, Limits(run_s=20.0))
    assert finding.outcome == Outcome.CORRECT


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("0.5 + 1e-9", Outcome.CORRECT),
        ("0.51", Outcome.WRONG),
        ("[]", Outcome.WRONG),
        ("[[]]", Outcome.WRONG),
        ("()", Outcome.WRONG),
        ("[0.5]", Outcome.WRONG),
        ("float('nan')", Outcome.WRONG),
        ("None", Outcome.WRONG),
    ],
)
@pytest.mark.parametrize(
    "test",
    [
        "import numpy as np\nnp.testing.assert_allclose(f(0), 0.5, rtol=1e-7, atol=1e-6)",
        "import numpy as np\nassert np.allclose(f(0), 0.5, rtol=1e-7, atol=1e-6)",
        "from numpy.testing import assert_allclose as close\nclose(f(0), 0.5, atol=1e-6)",
    ],
)
def test_nothing_is_not_close_to_a_number(
    test: str, answer: str, outcome: Outcome, isolation: Isolation
) -> None:
    program, limits = Program(f"def f(x): return {answer}"), Limits(run_s=20.0)
    finding = run_function_tests(isolation, program, FunctionTests("f", test), limits)
    assert finding.outcome == outcome


def test_judge_that_dies_is_the_sandboxs_fault(isolation: Isolation) -> None:
    tests = FunctionTests("f", "f(1)\nimport os\nos.abort()")
    with pytest.raises(SandboxFault, match="SIGABRT"):
        run_function_tests(isolation, ECHO, tests, Limits(run_s=20.0))


def test_question_that_ends_inside_a_statement_is_no_fault_of_the_program(
    isolation: Isolation,
) -> None:
    prompt = "def f(x):\n"
    program = Program("def f(x): return x", prelude=prompt)
    tests = FunctionTests("f", "assert f(1) == 1", prompt)
    finding = run_function_tests(isolation, program, tests, Limits(run_s=20.0))
    assert finding.outcome == Outcome.CORRECT
