"""Conversations between tests and a function, where one of the two does not do as it should."""

from dataclasses import dataclass

import pytest

from rlvr.core.records import Outcome
from rlvr.verifiers.sandbox import (
    Finding,
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
    Case(
        "pass_what_is_not_data",
        "f(1)\nimport threading\nf(threading.Event())",
        Outcome.ERROR,
        "arguments of call 2",
    ),
    Case(
        "fail_by_silence",
        "import threading\ntry:\n  f(threading.Event())\nexcept BaseException: pass",
        Outcome.ERROR,
        "call 1",
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
    for test in ("import torch\nf(1)", "import threading\nf(threading.Event())", "pass"):
        tests, limits = FunctionTests("f", test), Limits(run_s=20.0)
        finding = run_function_tests(isolation, NOT_EVEN_DEFINED, tests, limits)
        assert finding.outcome == Outcome.ERROR


def test_answer_that_is_not_data_may_be_handed_back(isolation: Isolation) -> None:
    program = Program("class Box: pass\ndef f(x): return Box() if x == 0 else x")
    tests = FunctionTests("f", "box = f(0)\nassert f(box) is box\nassert f(1) != box")
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


def test_tests_that_use_up_their_time_with_an_answer_are_no_way_out(isolation: Isolation) -> None:
    # what the kernel does to tests that use more processor time than their clock lets pass
    tests = FunctionTests("f", "f(1)\nimport os, signal\nos.kill(os.getpid(), signal.SIGXCPU)")
    finding = run_function_tests(isolation, ECHO, tests, Limits(run_s=20.0))
    assert finding.outcome == Outcome.WRONG
    assert "processor time" in str(finding.reason)


@pytest.mark.parametrize("answer", ["1 << (1 << 21)", "[1, -1 << (1 << 21)]"])
def test_huge_integer_does_not_hold_the_tests(answer: str, isolation: Isolation) -> None:
    program = Program(f"def f(x): return {answer}")
    # half a minute of work in C, which no signal interrupts, if it came to that
    tests = FunctionTests("f", "from decimal import Decimal\nassert Decimal(f(0)) == 7")
    finding = run_function_tests(isolation, program, tests, Limits(run_s=20.0))
    assert finding.outcome == Outcome.WRONG
    assert "an integer of more than 1,048,576 bits" in str(finding.reason)


_NOTHING = ("[]", "()", "[[]]", "np.array([])", "np.zeros((1, 0))", "[np.array([])]")
_COMPARISONS = (
    "np.testing.assert_allclose(answer, expected)",
    "np.testing.assert_array_equal(answer, expected)",
    "np.testing.assert_equal(answer, expected)",
    "np.testing.assert_almost_equal(answer, expected)",
    "np.testing.assert_array_almost_equal(answer, expected)",
    "np.testing.assert_array_almost_equal_nulp(answer, expected)",
    "np.testing.assert_array_max_ulp(answer, expected)",
    "np.testing.assert_approx_equal(answer, expected)",
    "assert np.all(np.isclose(answer, expected))",
    "assert np.allclose(answer, expected)",
    "assert np.array_equal(answer, expected)",
    "assert np.array_equiv(answer, expected)",
)
_COMPARE_ALL = f"""
import numpy as np
from numpy.testing import assert_array_equal
for compare in {_COMPARISONS!r}:
    for expected in (0.5, [0.5], np.array([0.5]), None):
        for nothing in {_NOTHING!r}:
            try:
                answer = f(nothing)
                exec(compare)
            except (AssertionError, TypeError, ValueError):
                continue
            raise SystemExit(f"{{compare}} passes {{nothing}} for {{expected!r}}")
    answer, expected = f("0.5"), 0.5
    exec(compare)
assert_array_equal(f("np.array([1, 2])"), [1, 2])
try:
    assert_array_equal(f("[]"), 1)
except AssertionError:
    pass
else:
    raise SystemExit("assert_array_equal passes by its own name")
"""


def test_no_comparison_of_numpy_takes_nothing_for_a_number(isolation: Isolation) -> None:
    program = Program("import numpy as np\ndef f(x): return eval(x)")
    tests = FunctionTests("f", _COMPARE_ALL)
    finding = run_function_tests(isolation, program, tests, Limits(run_s=20.0))
    assert finding == Finding(Outcome.CORRECT)


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
