"""Grading line by line, as a function and as a filter between other programs."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from rlvr.cli.main import main
from rlvr.core.errors import UserError
from rlvr.tasks.grade import grade
from rlvr.verifiers.sandbox import Isolation

RIGHT = {"id": 1, "gold": r"\frac{1}{2}", "completion": r"so \boxed{0.5}"}
WRONG = {"id": 2, "gold": "3", "completion": r"so \boxed{4}"}
NONE = {"id": "drei", "gold": "3", "completion": "so 3"}


def run(lines: list[Any], task: str = "math", **options: Any) -> tuple[int, list[Any], str]:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    out, log = io.StringIO(), io.StringIO()
    code = grade([text + "\n" for text in texts], task, out, log, **options)
    return code, [json.loads(line) for line in out.getvalue().splitlines()], log.getvalue()


def test_one_verdict_a_line_in_the_same_order_with_counts_at_the_end() -> None:
    code, rows, log = run([RIGHT, WRONG, NONE, WRONG])
    assert code == 0
    assert [(row["id"], row["verdict"], row["answer"]) for row in rows] == [
        (1, "correct", "0.5"),
        (2, "wrong", "4"),
        ("drei", "no_answer", None),
        (2, "wrong", "4"),
    ]
    assert log == "graded 4: 2 wrong, 1 correct, 1 no_answer\n"


BROKEN = {
    "not JSON": '{"id": 1, "gold": "3"',
    "an object": "[1, 2]",
    "no text in": {"id": 1, "gold": "3", "completion": None},
    'neither "gold" nor': {"id": 1, "completion": "3"},
    "no such problem": {"id": 1, "problem": "countdown-dev/9-9-9-9-99", "completion": "3"},
    "unknown benchmark": {"id": 1, "problem": "gsm9k/1", "completion": "3"},
}


@pytest.mark.parametrize("reason", BROKEN)
def test_a_broken_line_is_named_and_the_rest_is_graded(reason: str) -> None:
    code, rows, log = run([RIGHT, BROKEN[reason], WRONG])
    assert code == 1
    assert [row["id"] for row in rows] == [1, 2]
    first, last = log.splitlines()
    assert first.startswith("line 2: ")
    assert reason in first
    assert last == "graded 2: 1 correct, 1 wrong; 1 lines left out"


def test_a_gold_of_another_task_is_named_and_the_rest_is_graded() -> None:
    good = {"id": 1, "gold": {"numbers": [1, 2, 3, 4], "target": 10}, "completion": "1 + 2 = 3"}
    code, rows, log = run([good, good | {"id": 2, "gold": "3"}, good], task="countdown")
    assert code == 1
    assert [(row["id"], row["verdict"]) for row in rows] == [(1, "wrong"), (1, "wrong")]
    assert log.startswith("line 2: its gold is not valid for task countdown")


def test_empty_lines_are_nothing() -> None:
    assert run(["", RIGHT, "   "])[0] == 0
    assert run([]) == (0, [], "graded 0\n")


def test_problems_are_found_by_their_id(shared_data: Path) -> None:
    file = shared_data / "benchmarks/gsm8k.jsonl"
    line = {"id": 7, "problem": "gsm8k/0", "completion": r"\boxed{18}"}
    code, rows, _ = run([line], paths={"gsm8k": file})
    assert (code, rows[0]["verdict"]) == (0, "correct")


DOUBLE = {
    "kind": "function",
    "entry_point": "double",
    "prompt": 'def double(x: int) -> int:\n    """Twice x."""\n',
    "test": "def check(candidate):\n    assert candidate(2) == 4\n    assert candidate(0) == 0\n",
}


def graded(lines: list[Any], folder: Path, *options: str) -> tuple[int, Path]:
    """Exit code of the command on a file of these lines, and the file."""
    file = folder / "answers.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return main(["grade", str(file), *options]), file


def test_programs_are_run_against_the_tests_of_their_gold(
    isolation: Isolation, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A continuation of the prompt, a whole program in a block, and two that are wrong."""
    completions = {
        "continued": "    return 2 * x\n",
        "whole": "So:\n```python\ndef double(x):\n    return x + x\n```\n",
        "wrong": "    return 3 * x\n",
        "cheat": "    raise SystemExit(0)\n",
    }
    lines = [{"id": i, "gold": DOUBLE, "completion": text} for i, text in completions.items()]
    code, _ = graded(lines, tmp_path, "--task", "code")
    told = capsys.readouterr()
    assert code == 0
    assert [(row["id"], row["verdict"]) for row in map(json.loads, told.out.splitlines())] == [
        ("continued", "correct"),
        ("whole", "correct"),
        ("wrong", "wrong"),
        ("cheat", "wrong"),
    ]
    assert told.err == "graded 4: 2 correct, 2 wrong\n"


def test_programs_are_run_against_the_tests_of_a_humaneval_problem_by_its_id(
    isolation: Isolation, tmp_path: Path, shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = shared_data / "benchmarks/humaneval.jsonl"
    row = json.loads(file.read_text().splitlines()[0])
    assert row["task_id"] == "HumanEval/0"
    lines = [
        {"id": "right", "problem": "humaneval/0", "completion": row["canonical_solution"]},
        {"id": "wrong", "problem": "humaneval/0", "completion": "    return False\n"},
    ]
    code, _ = graded(lines, tmp_path, "--task", "code", "--path", f"humaneval={file}")
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert code == 0
    assert [(row["id"], row["verdict"]) for row in rows] == [
        ("right", "correct"),
        ("wrong", "wrong"),
    ]


def test_a_completion_cut_off_by_its_budget_is_truncated() -> None:
    _, rows, _ = run([NONE | {"truncated": True}, RIGHT | {"truncated": True}])
    assert [row["verdict"] for row in rows] == ["truncated", "correct"]


def test_the_templates_own_markers_end_a_completion() -> None:
    ran_on = {"id": 1, "gold": "3", "completion": "I give up. User: <answer>3</answer>"}
    assert run([ran_on])[1][0]["verdict"] == "correct"
    assert run([ran_on], template="verl-think")[1][0]["verdict"] == "no_answer"


def test_unknown_task_and_template_are_refused_before_anything_is_read() -> None:
    def lines() -> Iterator[str]:
        raise AssertionError("a line was read")
        yield ""

    for task, template in (("maths", "plain"), ("math", "plane")):
        with pytest.raises(UserError, match="unknown"):
            grade(lines(), task, io.StringIO(), io.StringIO(), template=template)


def test_a_fault_of_the_reader_is_raised_and_nothing_hangs() -> None:
    def lines() -> Iterator[str]:
        yield json.dumps(RIGHT)
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        grade(lines(), "math", io.StringIO(), io.StringIO())


FILTER = [
    sys.executable,
    "-c",
    "import sys; from rlvr.tasks.grade import grade;"
    " sys.exit(grade(sys.stdin, 'math', sys.stdout, sys.stderr))",
]


def test_as_a_filter_it_answers_each_line_before_the_next_is_written() -> None:
    with subprocess.Popen(
        FILTER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        for line, verdict in ((RIGHT, "correct"), (WRONG, "wrong")):
            process.stdin.write(json.dumps(line) + "\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["verdict"] == verdict
        process.stdin.close()
        assert process.stderr.read() == "graded 2: 1 correct, 1 wrong\n"
    assert process.returncode == 0


def _write_for_ever(stdin: IO[str]) -> None:
    """Past the file object's buffer, which would keep what could not be written."""
    while True:
        os.write(stdin.fileno(), (json.dumps(WRONG) + "\n").encode() * 1000)


def test_a_reader_that_has_enough_ends_it_without_a_traceback() -> None:
    with subprocess.Popen(
        FILTER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write((json.dumps(RIGHT) + "\n") * 10)
        process.stdin.flush()
        process.stdout.readline()
        process.stdout.close()
        with pytest.raises(BrokenPipeError):
            _write_for_ever(process.stdin)
        assert process.stderr.read() == ""
    assert process.returncode == 0
