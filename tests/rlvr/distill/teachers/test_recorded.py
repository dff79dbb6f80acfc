"""Recorded traces: rows become problems and numbered traces, and are verified like any others."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rlvr.core.errors import UserError
from rlvr.distill.pipeline import prepare
from rlvr.recipes import recipe as recipes
from rlvr.recipes.recipe import Recipe
from rlvr.runs.run_directory import Run
from tests.rlvr.distill import recipes_for_tests as small

ROWS = [
    {
        "problem": "What is 2 + 3?",
        "answer": "5",
        "generations": ["<think>easy</think> \\boxed{5}", "\\boxed{6}", "\\boxed{5}"],
    },
    {"problem": "What is 7 * 8?", "answer": "56", "generations": ["\\boxed{56}", None]},
    {"problem": "what is  2 + 3", "answer": "5", "generations": ["so \\boxed{5}"]},
    {"problem": "No answer is known.", "answer": None, "generations": ["\\boxed{1}"]},
]


def recipe(path: Path, **settings: Any) -> Recipe:
    raw = small.raw({"type": "traces", "path": str(path), **settings}, traces_per_problem=8)
    raw["data"] = {"prompt": "plain", "verifier": "math"}
    raw["distill"]["select"] = {"per_problem": 3}
    return recipes.parse(raw, source="test")


def test_problems_keep_the_kind_and_the_family_of_their_rows(tmp_path: Path) -> None:
    path = tmp_path / "traces.parquet"
    rows = [{**ROWS[0], "kind": "sums", "family": "a + b"}, {**ROWS[1], "kind": None}]
    pq.write_table(pa.Table.from_pylist(rows), path)
    prepare(recipe(path), Run(tmp_path / "distilled"), stages=("teacher",))
    told = small.folder(tmp_path).problems().values()
    assert [(problem.kind, problem.family) for problem in told] == [("sums", "a + b"), ("", "")]


def test_rows_of_one_question_are_one_problem_with_traces_in_row_order(tmp_path: Path) -> None:
    path = tmp_path / "traces.parquet"
    pq.write_table(pa.Table.from_pylist(ROWS), path)
    prepare(recipe(path), Run(tmp_path / "distilled"), stages=("teacher", "verify"))
    folder = small.folder(tmp_path)
    problems = folder.problems()
    assert [problem.question for problem in problems.values()] == [
        "What is 2 + 3?",
        "What is 7 * 8?",
    ]
    first = next(iter(problems))
    assert first.startswith("traces/")
    texts = {draw: text for draw, text in small.traces(folder).items() if draw[0] == first}
    assert texts == {
        (first, 0): "<think>easy</think> \\boxed{5}",
        (first, 1): "\\boxed{6}",
        (first, 2): "\\boxed{5}",
        (first, 3): "so \\boxed{5}",
    }
    verdicts = {
        (row["problem_id"], row["sample_index"]): row["outcome"] for row in folder.verdicts.rows()
    }
    assert [verdicts[first, index] for index in range(4)] == [
        "correct",
        "wrong",
        "correct",
        "correct",
    ]


def test_jsonl_with_one_trace_a_row_and_other_names_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    rows = [{"q": "What is 2 + 3?", "gold": "5", "trace": f"try {i}: \\boxed{{5}}"} for i in "ab"]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings = {"question": "q", "gold": "gold", "completion": "trace"}
    prepare(recipe(path, **settings), Run(tmp_path / "distilled"), stages=("teacher",))
    assert len(small.traces(small.folder(tmp_path))) == 2


def test_missing_column_is_answered_with_those_there_are(tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    path.write_text('{"q": "a", "answer": "b"}\n')
    with pytest.raises(UserError, match=r"no column 'problem'; name one of q, answer as distill"):
        prepare(recipe(path), Run(tmp_path / "distilled"), stages=("teacher",))


def test_changed_file_is_another_teacher(tmp_path: Path) -> None:
    path, run = tmp_path / "t.parquet", Run(tmp_path / "distilled")
    pq.write_table(pa.Table.from_pylist(ROWS), path)
    prepare(recipe(path), run, stages=("teacher",))
    pq.write_table(pa.Table.from_pylist(ROWS[:2]), path)
    with pytest.raises(UserError, match=r"made otherwise \(different: revision\)"):
        prepare(recipe(path), run, stages=("teacher",))
