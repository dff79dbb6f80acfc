"""Rows of data sets that are not at hand here, in the columns that the Hub publishes them with."""

import base64
import json
import pickle
import zlib
from pathlib import Path
from typing import Any

import pytest

from rlvr.core.errors import UserError
from rlvr.core.records import Attempt, Outcome, Problem, Verdict
from rlvr.tasks import problems
from rlvr.tasks.benchmarks import maths, programs
from rlvr.verifiers.code.verifier import CodeVerifier


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
        "timeout_s": 6.0,
        "memory_mb": 4096,
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
        "timeout_s": 6.0,
        "memory_mb": 4096,
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


def _code_r1_row(truth: dict[str, Any]) -> dict[str, Any]:
    turns = [{"role": "system", "content": "s"}, {"role": "user", "content": "Solve it."}]
    return {"prompt": turns, "reward_model": {"ground_truth": json.dumps(truth)}}


def _leetcode_row(*assertions: str) -> dict[str, Any]:
    body = "".join(f"    assert {assertion}\n" for assertion in assertions)
    source = f"def check(candidate):\n{body}\n\ncheck(Solution().twice)"
    return _code_r1_row({"functional": source})


def _verdict(verifier: CodeVerifier, problem: Problem, source: str) -> Verdict:
    return verifier.verify([Attempt(problem, f"```python\n{source}\n```")])[0]


def test_code_r1_rows_become_function_and_program_tests(tmp_path: Path) -> None:
    stdio = _code_r1_row({"inputs": ["1"], "outputs": ["2"]})
    rows = [_leetcode_row("candidate(x = 1) == 2"), stdio]
    first, second = _load("leetcode+taco", rows, tmp_path)
    assert first.question == "Solve it."
    limits = {"timeout_s": 30.0, "memory_mb": 4096}
    assert first.gold == {
        "kind": "function",
        "entry_point": "Solution().twice",
        "test": "def check(candidate):\n    assert candidate(x = 1) == 2\n\n",
        **limits,
    }
    assert second.gold == {"kind": "stdio", "tests": [{"input": "1", "output": "2"}], **limits}


def test_code_r1_tests_of_a_bare_function_find_it_in_their_loop(
    tmp_path: Path, code_verifier: CodeVerifier
) -> None:
    """TACO's problems from sites that call a function: one list of arguments and results a case."""
    source = (
        "_inputs = [[1], [2]]\n_outputs = [[2.0], [4.0]]\nimport math\n"
        "def _deep_eq(a, b, tol=1e-5):\n    return math.isclose(a, b, rel_tol=tol, abs_tol=tol)\n"
        "\nfor i, o in zip(_inputs, _outputs):\n    assert _deep_eq(twice(*i), o[0])"
    )
    (problem,) = _load("leetcode+taco", [_code_r1_row({"functional": source})], tmp_path)
    assert problem.gold["entry_point"] == "twice"
    assert _verdict(code_verifier, problem, "def twice(x): return x + x").outcome is Outcome.CORRECT
    assert _verdict(code_verifier, problem, "def twice(x): return 2").outcome is Outcome.WRONG


def test_code_r1_tests_may_speak_of_infinity(tmp_path: Path, code_verifier: CodeVerifier) -> None:
    """LeetCodeDataset defines `inf` in the prompt of a problem, which Code-R1 leaves out."""
    (problem,) = _load("leetcode+taco", [_leetcode_row("candidate(1) == inf")], tmp_path)
    right = "class Solution:\n    def twice(self, x): return float('inf')"
    assert _verdict(code_verifier, problem, right).outcome is Outcome.CORRECT


def test_code_r1_problems_that_cannot_be_verified_are_counted_and_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [
        _leetcode_row("is_same_list(candidate(head = list_node([1, 2])), list_node([2]))"),
        _leetcode_row("candidate(x = 1) == 2"),
        _leetcode_row("candidate(root = tree_node([1, None, 2])) == 3"),
        _code_r1_row({"functional": "assert True"}),
    ]
    assert len(_load("leetcode+taco", rows, tmp_path)) == 1
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 2
    assert lines[0].startswith("leetcode+taco: 2 of 4 left out: their tests pass linked lists")
    assert lines[1].startswith("leetcode+taco: 1 of 4 left out: their tests do not say")


# a program that tells the limits that it runs under: of memory, and of processor time, which is
# two seconds more than its time limit
TELLS_ITS_LIMITS = """
import resource
def limits():
    of_memory, of_time = resource.RLIMIT_AS, resource.RLIMIT_CPU
    return [resource.getrlimit(of_memory)[0] >> 20, resource.getrlimit(of_time)[0] - 2]
"""


@pytest.mark.parametrize(("name", "seconds"), [("humaneval", 3), ("humaneval+", 60), ("mbpp+", 60)])
def test_limits_of_a_benchmark_reach_the_sandbox_of_its_functions(
    name: str, seconds: int, tmp_path: Path, code_verifier: CodeVerifier
) -> None:
    row = {
        "task_id": f"{name}/1",
        "entry_point": "limits",
        "prompt": "def limits():\n",
        "code": "def limits():\n    ...",
        "test_list": [f"assert limits() == [4096, {seconds}]"],
        "test": f"assert limits() == [4096, {seconds}]",
    }
    (problem,) = _load(name, [row], tmp_path)
    verdict = _verdict(code_verifier, problem, TELLS_ITS_LIMITS)
    assert verdict.outcome is Outcome.CORRECT, verdict.reason


def test_limits_of_livecodebench_reach_the_sandbox_of_its_programs(
    tmp_path: Path, code_verifier: CodeVerifier
) -> None:
    tests = json.dumps([{"input": "", "output": "4096 6\n"}])
    (problem,) = _load(
        "livecodebench", [_lcb_row(public_test_cases="[]", private_test_cases=tests)], tmp_path
    )
    verdict = _verdict(code_verifier, problem, f"{TELLS_ITS_LIMITS}\nprint(*limits())")
    assert verdict.outcome is Outcome.CORRECT, verdict.reason
