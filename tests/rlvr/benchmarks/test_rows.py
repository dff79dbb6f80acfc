"""Rows of data sets that are not at hand here, in the columns that the Hub publishes them with."""

import base64
import json
import pickle
import zlib
from pathlib import Path
from typing import Any

import pytest

from rlvr import problems
from rlvr.benchmarks import maths, programs
from rlvr.errors import UserError
from rlvr.records import Problem


def _load(name: str, rows: list[dict[str, Any]], tmp_path: Path) -> list[Problem]:
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return problems.load(name, path=file)


def _omni_math_rows(count: int) -> list[dict[str, Any]]:
    return [
        {
            "problem": f"What is {number} + {number}?",
            "answer": str(2 * number),
            "solution": "..",
            "domain": ["Mathematics -> Algebra -> Other"],
            "difficulty": 4.0,
            "source": "x",
        }
        for number in range(count)
    ]


def test_omni_math_rule_splits_into_2000_and_821_whatever_the_order(tmp_path: Path) -> None:
    rows = _omni_math_rows(2821)
    train = _load("omni-math-train", rows, tmp_path)
    test = _load("omni-math-test", rows, tmp_path)
    assert (len(train), len(test)) == (2000, 821)
    questions = {problem.question for problem in train}
    assert not questions & {problem.question for problem in test}
    again = _load("omni-math-train", rows[::-1], tmp_path)
    assert {problem.id for problem in again} == {problem.id for problem in train}
    assert train[0].kind == "Algebra"


def test_a_problem_that_occurs_twice_stays_two_problems(tmp_path: Path) -> None:
    rows = _omni_math_rows(3)
    loaded = _load("omni-math-train", [*rows, rows[0]], tmp_path)
    assert len({problem.id for problem in loaded}) == 4


def test_split_does_not_change_with_white_space() -> None:
    row = {"problem": "What  is\n1+1?", "answer": "2"}
    tidy = {"problem": "What is 1+1?", "answer": "2"}
    assert maths.omni_math("omni", row, 0).id == maths.omni_math("omni", tidy, 7).id


def test_math_training_rows_without_an_answer_are_left_out(tmp_path: Path) -> None:
    rows = [
        {"problem": "1+1?", "solution": r"It is $\boxed{2}$.", "type": "Algebra", "level": "1"},
        {
            "problem": "prime?",
            "solution": r"There are $\boxed{}$.",
            "type": "Algebra",
            "level": "1",
        },
    ]
    assert [problem.gold for problem in _load("math-train", rows, tmp_path)] == ["2"]


@pytest.mark.parametrize(
    ("answer", "gold"), [("070", "070"), (27.0, "27"), (-1.0, "-1"), (70, "70"), (0.5, "0.5")]
)
def test_competition_answers_are_text_integers_or_floats(answer: object, gold: str) -> None:
    row = {"id": 1, "problem": "?", "answer": answer}
    assert maths.competition("aime25", row, 0).gold == gold


def test_dapo_takes_the_bare_problem_and_its_whole_number(tmp_path: Path) -> None:
    rows = [
        {"prompt": "1+1?", "solution": "2"},
        {"prompt": "?", "reward_model": {"ground_truth": "3"}},
    ]
    assert [problem.gold for problem in _load("dapo-17k", rows, tmp_path)] == ["2", "3"]


def test_mbpp_shows_the_first_assertion_and_calls_what_it_calls(tmp_path: Path) -> None:
    row = {
        "task_id": 2,
        "prompt": "Write a function to find the shared elements.",
        "code": "def helper(x):\n    return x\n\ndef similar(a, b):\n    return helper(a)\n",
        "test_list": ["assert set(similar((3, 4), (4, 5))) == set((4,))", "assert True"],
        "test": "assert similar((1,), (1,)) == (1,)",
    }
    (problem,) = _load("mbpp+", [row], tmp_path)
    assert problem.gold["entry_point"] == "similar"
    assert problem.question == (
        '"""\nWrite a function to find the shared elements.\n'
        'assert set(similar((3, 4), (4, 5))) == set((4,))\n"""\n'
    )


def _lcb_row(**changes: Any) -> dict[str, Any]:
    private = [{"input": "2\n", "output": "4\n", "testtype": "stdin"}]
    packed = base64.b64encode(zlib.compress(pickle.dumps(json.dumps(private)))).decode()
    row = {
        "question_content": "Double it.",
        "question_id": "abc123_a",
        "contest_date": "2024-10-05T00:00:00",
        "starter_code": "",
        "difficulty": "easy",
        "public_test_cases": json.dumps([{"input": "1\n", "output": "2\n", "testtype": "stdin"}]),
        "private_test_cases": packed,
        "metadata": "{}",
    }
    return row | changes


def test_livecodebench_keeps_the_contests_of_the_study(tmp_path: Path) -> None:
    dates = ["2024-07-31", "2024-08-01", "2025-01-31", "2025-02-01"]
    rows = [_lcb_row(question_id=day, contest_date=f"{day}T00:00:00") for day in dates]
    loaded = _load("livecodebench", rows, tmp_path)
    assert [problem.id for problem in loaded] == [
        "livecodebench/2024-08-01",
        "livecodebench/2025-01-31",
    ]


def test_livecodebench_tests_are_the_public_and_the_packed_ones() -> None:
    problem = programs.livecodebench("livecodebench", _lcb_row(), 0)
    assert problem is not None
    assert problem.gold == {
        "kind": "stdio",
        "tests": [{"input": "1\n", "output": "2\n"}, {"input": "2\n", "output": "4\n"}],
    }
    assert problem.question.startswith("### Question:\nDouble it.\n\n### Format: Read the inputs")


def test_livecodebench_calls_have_one_argument_a_line() -> None:
    row = _lcb_row(
        starter_code="class Solution:\n    def add(self, a, b):",
        metadata='{"func_name": "add"}',
        public_test_cases=json.dumps([{"input": "[1, 2]\n3", "output": "[4, 5]"}]),
        private_test_cases="[]",
    )
    problem = programs.livecodebench("livecodebench", row, 0)
    assert problem is not None
    assert problem.gold == {
        "kind": "call",
        "entry_point": "Solution().add",
        "tests": [{"args": [[1, 2], 3], "expected": [4, 5]}],
    }
    assert "```python\nclass Solution:" in problem.question


class _Harmful:
    def __reduce__(self) -> tuple[Any, ...]:
        return (print, ("harm",))


def test_livecodebench_tests_that_would_run_code_are_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    packed = base64.b64encode(zlib.compress(pickle.dumps(_Harmful()))).decode()
    with pytest.raises(UserError, match=r"builtins\.print"):
        programs.livecodebench("livecodebench", _lcb_row(private_test_cases=packed), 0)
    assert "harm" not in capsys.readouterr().out


def test_code_r1_rows_become_function_and_program_tests(tmp_path: Path) -> None:
    def row(truth: dict[str, Any]) -> dict[str, Any]:
        turns = [{"role": "system", "content": "s"}, {"role": "user", "content": "Solve it."}]
        return {"prompt": turns, "reward_model": {"ground_truth": json.dumps(truth)}}

    functional = "def check(candidate):\n    assert candidate(1) == 2\n\ncheck(Solution().twice)"
    rows = [row({"functional": functional}), row({"inputs": ["1"], "outputs": ["2"]})]
    first, second = _load("leetcode+taco", rows, tmp_path)
    assert first.question == "Solve it."
    assert first.gold == {
        "kind": "function",
        "entry_point": "Solution().twice",
        "test": "def check(candidate):\n    assert candidate(1) == 2\n",
    }
    assert second.gold == {"kind": "stdio", "tests": [{"input": "1", "output": "2"}]}
