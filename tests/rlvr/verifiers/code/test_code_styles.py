"""Programs in unusual styles, judged as a Python interpreter and two other graders judge them."""

import linecache
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from rlvr.core.records import Attempt, Outcome, Problem
from rlvr.verifiers.code.verifier import CodeVerifier
from tests.rlvr.verifiers.class_objects import CLASS_TWINS, NUMBER_LIARS
from tests.rlvr.verifiers.conversations import CONVERSATIONS
from tests.rlvr.verifiers.own_objects import ENDLESS, LIARS, NODES, QUESTION, TWINS
from tests.rlvr.verifiers.stream_styles import STREAM_SCRIPTS
from tests.rlvr.verifiers.styles import FUNCTIONS, INPUTS, RIGHT, SCRIPTS, WRONG, Function
from tests.rlvr.verifiers.value_styles import VALUE_FUNCTIONS

SUM = {
    "kind": "stdio",
    "tests": [{"input": given, "output": printed} for given, printed in INPUTS.items()],
}
ALL_SCRIPTS, ALL_FUNCTIONS = SCRIPTS + STREAM_SCRIPTS, FUNCTIONS + VALUE_FUNCTIONS

FAILURES = (AssertionError, AttributeError, ExceptionGroup, IndexError, SystemExit, TypeError)


class Own(Exception):
    """Not an exception that a test could know."""


# what HumanEval+ does with an answer: floats may differ in the last places
EQUAL = "answer = f(*{args})\nassert answer == {expected}"
CLOSE = """
import numpy as np
answer = f(*{args})
if answer != {expected}:
    assert np.allclose(answer, {expected}, rtol=1e-07, atol=1e-6)
"""


def _function(test: str) -> dict[str, str]:
    return {"kind": "function", "entry_point": "f", "test": test}


def _call(function: Function) -> dict[str, Any]:
    tests = [{"args": list(function.args), "expected": function.expected}]
    return {"kind": "call", "entry_point": "f", "tests": tests}


def _eval_plus(function: Function) -> dict[str, str]:
    test = CLOSE if isinstance(function.expected, float) else EQUAL
    return _function(test.format(args=function.args, expected=repr(function.expected)))


def _accepted(
    verifier: CodeVerifier, named: Sequence[tuple[str, str, Any]]
) -> tuple[set[str], dict[str, str | None]]:
    """Names of the programs that are correct, and the reasons for the others."""
    attempts = [
        Attempt(Problem(name, "", gold), f"```python\n{source}\n```")
        for name, source, gold in named
    ]
    verdicts = verifier.verify(attempts, timeout_s=20.0)
    found = {a.problem.id: v for a, v in zip(attempts, verdicts, strict=True)}
    correct = {name for name, verdict in found.items() if verdict.outcome == Outcome.CORRECT}
    wrong = {name for name, verdict in found.items() if verdict.outcome == Outcome.WRONG}
    assert correct | wrong == set(found), "nothing is undecided"
    return correct, {name: found[name].reason for name in wrong}


def test_right_scripts_are_correct_in_every_style(code_verifier: CodeVerifier) -> None:
    named = [(script.name, script.source, SUM) for script in ALL_SCRIPTS]
    correct, reasons = _accepted(code_verifier, named)
    assert reasons == {}
    assert {script.name for script in ALL_SCRIPTS if script.upstream} <= correct


def test_wrong_scripts_are_wrong_in_every_style(code_verifier: CodeVerifier) -> None:
    named = [(script.name, script.source.replace(RIGHT, WRONG), SUM) for script in ALL_SCRIPTS]
    correct, reasons = _accepted(code_verifier, named)
    assert correct == set()
    assert set(reasons.values()) == {"test 1 of 2: another output than expected"}


def test_interpreter_runs_the_scripts_to_the_right_output(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    input_path = tmp_path / "input"
    (given, printed), *_ = INPUTS.items()
    input_path.write_text(given)
    # those that need the imports of a programming site are not for a bare interpreter
    needs_imports = {"stdin_unimported", "solution_class"}
    for script in ALL_SCRIPTS[::5]:
        if script.name not in needs_imports:
            path.write_bytes(script.source.encode())
            with input_path.open() as stdin:
                run = subprocess.run([sys.executable, path], stdin=stdin, stdout=subprocess.PIPE)
            assert run.stdout.decode().strip() == printed.strip(), script.name


def test_help_is_there_as_in_a_script(code_verifier: CodeVerifier) -> None:
    source = "assert callable(help)\ninput()\nprint(sum(map(int, input().split())){more})"
    named = [("right", source.format(more=""), SUM), ("wrong", source.format(more="+1"), SUM)]
    correct, reasons = _accepted(code_verifier, named)
    assert correct == {"right"}, reasons


def test_functions_are_judged_as_live_code_bench_judges_them(code_verifier: CodeVerifier) -> None:
    correct, reasons = _accepted(
        code_verifier, [(f.name, f.source, _call(f)) for f in ALL_FUNCTIONS]
    )
    assert correct == {f.name for f in ALL_FUNCTIONS if f.live_code_bench}, reasons


def test_functions_are_judged_as_eval_plus_judges_them(code_verifier: CodeVerifier) -> None:
    named = [(f.name, f.source, _eval_plus(f)) for f in ALL_FUNCTIONS]
    correct, reasons = _accepted(code_verifier, named)
    assert correct == {f.name for f in ALL_FUNCTIONS if f.eval_plus}, reasons


def test_function_and_tests_meet_as_in_one_process(code_verifier: CodeVerifier) -> None:
    named = [(f"{source}\n{test}", source, _function(test)) for source, test in CONVERSATIONS]
    for both, _, _ in named:
        exec(both, {"__name__": "solution"})
    _, reasons = _accepted(code_verifier, named)
    assert reasons == {}


def test_objects_of_a_program_meet_its_test_as_in_one_process(code_verifier: CodeVerifier) -> None:
    twins_of_all = [*TWINS, *CLASS_TWINS]
    _in_one_process([(twins.source, twins.wrong, twins.test) for twins in twins_of_all])
    _in_one_process([(t.source, t.wrong, t.test) for t in NODES], QUESTION)
    golds = [_function(twins.test) for twins in twins_of_all]
    golds += [_function(twins.test) | {"prompt": QUESTION} for twins in NODES]
    pairs = list(zip((*twins_of_all, *NODES), golds, strict=True))
    named = [(f"{t.name}, right", t.source, gold) for t, gold in pairs]
    named += [(f"{t.name}, wrong", t.wrong, gold) for t, gold in pairs]
    correct, reasons = _accepted(code_verifier, named)
    assert correct == {f"{twins.name}, right" for twins, _ in pairs}, reasons


def _in_one_process(sources: Sequence[tuple[str, str, str]], question: str = "") -> None:
    for right, wrong, test in sources:
        _run(f"{question}\n{right}\n{test}")
        with pytest.raises(FAILURES):
            _run(f"{question}\n{wrong}\n{test}")


def _run(source: str) -> None:
    """Run it under a name by which `inspect` finds its source."""
    linecache.cache["<both>"] = (len(source), None, source.splitlines(keepends=True), "<both>")
    exec(compile(source, "<both>", "exec"), {"__name__": "solution"})


def test_objects_that_lie_pass_no_test(code_verifier: CodeVerifier) -> None:
    named = [(liar.name, liar.source, _function(liar.test)) for liar in (*LIARS, *NUMBER_LIARS)]
    correct, _ = _accepted(code_verifier, named)
    assert correct == set()


def test_objects_without_end_are_stopped(code_verifier: CodeVerifier) -> None:
    attempts = [
        Attempt(Problem(name, "", _function(test)), f"```python\n{source}\n```")
        for name, (source, test) in ENDLESS.items()
    ]
    verdicts = code_verifier.verify(attempts, timeout_s=0.5)
    assert all("for more than" in (v.reason or "") for v in verdicts), verdicts
    # undecided where a busy machine kept a program from running
    assert {v.outcome for v in verdicts} <= {Outcome.WRONG, Outcome.TIMEOUT}


@pytest.mark.parametrize(
    ("source", "test"),
    [
        ("def f(x): return range(2)", "assert f(1) == [0, 1]"),
        ("def f(x): return iter([0, 1])", "assert f(1) == [0, 1]"),
        ("def f(x): return [0, 1]", "assert next(f(1)) == 0"),
        ("def f(x): x = sorted(x)", "x = [2, 1]\nf(x)\nassert x == [1, 2]"),
        ("def f(g): return 3", "assert f(lambda: 4) == 4"),
        ("def f(x): raise KeyError(1)", "try:\n  f(1)\nexcept ValueError:\n  pass"),
        (
            "def f(x): raise Own",
            "try:\n  f(1)\nexcept ValueError:\n  pass",
        ),
        ("def f(x): return x", "assert f([1]) is not f([1])\nassert f([]) is None"),
    ],
)
def test_what_fails_in_one_process_fails_here(
    source: str, test: str, code_verifier: CodeVerifier
) -> None:
    with pytest.raises((ArithmeticError, AssertionError, LookupError, TypeError, Own)):
        exec(source + "\n" + test, {"Own": Own})
    prelude = "class Own(Exception): pass\n"
    correct, _ = _accepted(code_verifier, [("it", prelude + source, _function(test))])
    assert correct == set()
