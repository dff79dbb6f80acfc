"""A user's own functions: what they may return, and all that they may do instead."""

import logging
from pathlib import Path
from typing import Any

import pytest

from rlvr import verifiers
from rlvr.core.errors import UserError
from rlvr.core.records import Attempt, Outcome, Problem
from rlvr.verifiers.own import OwnReward, OwnVerifier
from rlvr.verifiers.own_source import find

CASES = """
import os, sys, time
from decimal import Decimal

def check(completion, gold, *, question):
    print("noise" * 100_000)
    if completion == "right": return completion == gold
    if completion == "wrong": return 0.0
    if completion == "none": return None
    if completion == "pair": return "correct", "42"
    if completion == "undecided": return "undecided"
    if completion == "half": return 0.5
    if completion == "object": return object()
    if completion == "raises": raise ValueError("no\\nidea")
    if completion == "exits": sys.exit(3)
    if completion == "dies": os._exit(3)
    if completion == "hangs": time.sleep(60)
    if completion == "memory": return len(bytearray(1 << 40)) > 0
    if completion == "question": return question == "?"

def score(completion, gold):
    return {"half": 0.5, "nan": float("nan"), "text": "much"}.get(completion, Decimal(1))

async def later(completion, gold): ...
def one(completion): ...
def three(completion, gold, wish): ...
number = 3
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("own") / "json.py"  # named like a module of Python's
    path.write_text(CASES)
    return path


def attempt(completion: str, *, truncated: bool = False) -> Attempt:
    return Attempt(Problem("mine/0", "?", "right"), completion, truncated=truncated)


def test_every_ending_of_a_function_is_a_verdict(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    expected = {
        "right": Outcome.CORRECT,
        "wrong": Outcome.WRONG,
        "none": Outcome.NO_ANSWER,
        "pair": Outcome.CORRECT,
        "undecided": Outcome.ERROR,
        "half": Outcome.ERROR,
        "object": Outcome.ERROR,
        "raises": Outcome.ERROR,
        "exits": Outcome.ERROR,
        "dies": Outcome.ERROR,
        "hangs": Outcome.TIMEOUT,
        "memory": Outcome.ERROR,
        "question": Outcome.CORRECT,
    }
    with caplog.at_level(logging.WARNING):
        verdicts = OwnVerifier(f"{file}:check").verify(
            [attempt(text) for text in expected], timeout_s=3
        )
    assert dict(zip(expected, [v.outcome for v in verdicts], strict=True)) == expected
    by_text = dict(zip(expected, verdicts, strict=True))
    assert by_text["pair"].answer == "42"
    line = CASES.splitlines().index('    if completion == "raises": raise ValueError("no\\nidea")')
    assert by_text["raises"].reason == f"line {line + 1}: ValueError: no idea"
    assert "0.5; a verifier returns True" in str(by_text["half"].reason)
    assert "SystemExit: 3" in str(by_text["exits"].reason)
    assert f"{file}:check: undecided: " in caplog.text


def test_no_answer_in_a_completion_that_was_cut_off_is_truncated(file: Path) -> None:
    (verdict,) = OwnVerifier(f"{file}:check").verify([attempt("none", truncated=True)])
    assert verdict.outcome is Outcome.TRUNCATED


def test_reward_is_a_finite_number_or_a_reason(file: Path) -> None:
    reward = OwnReward(f"{file}:score")
    half, nan, text, decimal = reward.scores(
        [attempt(each) for each in ("half", "nan", "text", "one")], timeout_s=10
    )
    assert half == 0.5
    for refused in (nan, text, decimal):
        assert "a reward returns a finite number" in str(refused)


@pytest.mark.parametrize(
    ("function", "named"),
    [
        ("chek", "there is no function 'chek' in it; it has check"),
        ("later", "'later' is a coroutine"),
        ("number", "'number' is of type int"),
        ("one", r"one\(completion\) cannot be called.*write one\(completion, gold\)"),
        ("three", "missing a required argument: 'wish'"),
    ],
)
def test_function_that_cannot_be_called_is_refused(file: Path, function: str, named: str) -> None:
    with pytest.raises(UserError, match=named):
        verifiers.check(f"{file}:{function}")


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("def check(", r"importing it failed: SyntaxError: .*line 1"),
        ("x = 1\nx / 0", r"line 2: ZeroDivisionError"),
        ("import not_there_at_all", "ModuleNotFoundError"),
        ("raise SystemExit(2)", "SystemExit: 2"),
        ("import os; os._exit(1)", "its process died"),
    ],
)
def test_module_that_cannot_be_imported_is_refused_with_the_line(
    tmp_path: Path, content: str, named: str
) -> None:
    file = tmp_path / "broken.py"
    file.write_text(content)
    with pytest.raises(UserError, match=named):
        verifiers.check(f"{file}:check")


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ("absent.py:check", "no such file absent.py"),
        ("no_such_package.module:check", "there is no module no_such_package"),
        ("rlvr.no_such_module:check", r"there is no module rlvr\.no_such_module"),
        ("checks.py:", "names no function"),
        (":check", "names no function"),
        ("maths", "unknown verifier 'maths'.*or path/to/file.py:function"),
    ],
)
def test_name_of_nothing_is_refused(written: str, named: str) -> None:
    with pytest.raises(UserError, match=named):
        verifiers.check(written)


def test_version_follows_the_source_and_what_it_imports(tmp_path: Path) -> None:
    helper, file = tmp_path / "helper.py", tmp_path / "check.py"
    file.write_text("from helper import same\n\ndef check(completion, gold):\n    return same\n")
    versions: list[Any] = []
    for line in ("same = True", "same = False"):
        helper.write_text(line)
        verifier = OwnVerifier(f"{file}:check")
        versions.append(verifier.version)
        (verdict,) = verifier.verify([attempt("")])
        assert verdict.outcome is (Outcome.CORRECT if "True" in line else Outcome.WRONG)
    assert versions[0] != versions[1]
    assert "/" not in versions[0]
    assert verifiers.name_of(versions[0]) == f"{file}:check"


def test_module_is_found_without_importing_it() -> None:
    source = find("rlvr.verifiers.choice:ChoiceVerifier")
    assert source.file.name == "choice.py"
    assert source.module == "rlvr.verifiers.choice"
