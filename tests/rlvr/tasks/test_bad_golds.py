"""Golds and questions that cannot be what their task needs, in lines to grade and in problem sets.

A verifier could only give up on such a gold, or call every answer wrong: both look like a model
that fails.
"""

import json
import math
from typing import Any

import pytest

from rlvr.core.errors import UserError
from rlvr.tasks import problems
from rlvr.verifiers import NAMES, golds
from tests.rlvr.refusing import Command

GOOD: dict[str, list[Any]] = {
    "math": ["7", 7, 0.5, 10**40],
    "choice": ["B", "b", {"letter": "A", "choices": ["1", "2"]}],
    "countdown": [{"numbers": [1, 2], "target": 3}],
    "reasoning_gym": [{"task": "chain_sum", "seed": 0, "size": 5, "index": 4}],
    "code": [
        {"kind": "function", "entry_point": "f", "test": "def check(f): ..."},
        {"kind": "call", "entry_point": "f", "tests": [{"args": [1], "expected": None}]},
        {"kind": "stdio", "tests": [{"input": "", "output": ""}], "timeout_s": 1, "memory_mb": 64},
    ],
}
OF_NO_TASK: list[Any] = [None, True, [], {}, "", " ", ["7"], {"a": 1}, math.inf, math.nan]
BAD: list[tuple[str, Any]] = [
    *((task, gold) for task in GOOD for gold in OF_NO_TASK),
    ("choice", "AB"),
    ("choice", 1),
    ("choice", {"letter": "A", "choices": [1]}),
    ("choice", {"letter": "A"}),
    ("countdown", {"numbers": [], "target": 1}),
    ("countdown", {"numbers": ["1"], "target": 1}),
    ("countdown", {"numbers": [True], "target": 1}),
    ("countdown", {"numbers": [1], "target": "1"}),
    ("reasoning_gym", {"task": "chain_sum", "seed": 0, "size": 5, "index": 5}),
    ("reasoning_gym", {"task": "chain_sum", "seed": 0, "size": 5}),
    ("code", "print(1)"),
    ("code", {"kind": "nosuch"}),
    ("code", {"kind": "function", "entry_point": 5, "test": "x"}),
    ("code", {"kind": "function", "entry_point": "f", "test": None}),
    ("code", {"kind": "function", "entry_point": "f", "test": "x", "prompt": 5}),
    ("code", {"kind": "call", "entry_point": "f", "tests": [{"args": 5, "expected": 1}]}),
    ("code", {"kind": "stdio", "tests": []}),
    ("code", {"kind": "stdio", "tests": [5]}),
    ("code", {"kind": "stdio", "tests": [{"input": 5, "output": ""}]}),
    ("code", {"kind": "stdio", "tests": [{"input": "", "output": ""}], "timeout_s": "x"}),
    ("code", {"kind": "stdio", "tests": [{"input": "", "output": ""}], "memory_mb": 0}),
]


def test_every_verifier_says_what_its_golds_are() -> None:
    assert set(GOOD) == set(NAMES)
    assert {golds.fault(task, gold) for task, good in GOOD.items() for gold in good} == {None}
    assert golds.fault("a verifier of the user's own", object()) is None


@pytest.mark.parametrize(("task", "gold"), BAD, ids=[f"{task}-{gold}" for task, gold in BAD])
def test_gold_of_another_task_is_named(task: str, gold: Any) -> None:
    fault = golds.fault(task, gold)
    assert fault is not None
    assert f"not valid for task {task}: expected" in fault


@pytest.mark.parametrize("task", NAMES)
def test_line_with_such_a_gold_is_left_out_by_name(task: str, command: Command) -> None:
    lines = [{"id": 1, "gold": gold, "completion": "7"} for gold in (None, [], {"a": 1})]
    command.write("c.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    said = command.refused("grade", "c.jsonl", "--task", task, code=1)
    assert f"line 1: its gold is not valid for task {task}" in said
    assert "3 lines left out" in said


@pytest.mark.parametrize(
    "path", ["math500", "math500=", "=x", "math500=.", "countdown-test=c.jsonl"]
)
def test_path_of_a_benchmark_is_checked_before_a_line_is_read(path: str, command: Command) -> None:
    command.write("c.jsonl", "{}")
    command.refused("grade", "c.jsonl", "--task", "math", "--path", path)


ROWS: dict[str, dict[str, Any]] = {
    "gsm8k": {"question": "q", "answer": "#### 1"},
    "math500": {"unique_id": "u", "problem": "q", "answer": "1", "subject": "s"},
    "minerva": {"problem": "q", "answer": "1"},
    "olympiadbench": {"question": "q", "final_answer": ["1"]},
    "aime24": {"problem": "q", "answer": "1"},
    "dapo-17k": {"prompt": "q", "solution": "1"},
    "humaneval": {"task_id": "H/0", "prompt": "def f():", "entry_point": "f", "test": "x"},
}
COLUMNS = [
    (name, column, value)
    for name, row in ROWS.items()
    for column in row
    if column not in ("unique_id", "task_id")
    for value in (None, ["x"], {"a": 1}, True, math.inf)
]


@pytest.mark.parametrize(("name", "column", "value"), COLUMNS, ids=str)
def test_row_of_problems_with_a_value_of_another_type_is_named(
    name: str, column: str, value: Any, command: Command
) -> None:
    if (name, column, value) == ("olympiadbench", "final_answer", ["x"]):
        return
    command.write("p.jsonl", json.dumps(ROWS[name] | {column: value}))
    with pytest.raises(UserError, match=r"p\.jsonl, row 0: not a row of"):
        problems.load(name, path=command.folder / "p.jsonl")
