"""A user's own problem sets: any file, any columns, any name; and every way they can be wrong."""

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rlvr.core.errors import UserError
from rlvr.core.records import Problem
from rlvr.tasks import problem_sources
from rlvr.tasks.problem_section import ProblemSource, from_text

ROWS: list[dict[str, Any]] = [
    {"task": "1 + 1?", "solution": "2", "level": "easy", "template": "sum"},
    {"task": "500 + 580?", "solution": "1080", "level": "hard", "template": "sum"},
]
COLUMNS = {"question": "task", "gold": "solution", "kind": "level", "family": "template"}


def write(file: Path, rows: list[dict[str, Any]]) -> Path:
    match file.suffix:
        case ".jsonl":
            file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        case ".parquet":
            pq.write_table(pa.Table.from_pylist(rows), file)
        case ".csv":
            with file.open("w", newline="") as out:
                writer = csv.DictWriter(out, fieldnames=list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
    return file


def source(file: Path | None, **given: Any) -> ProblemSource:
    values = {"name": "mine", "path": file, "columns": COLUMNS, "verifier": "math", **given}
    return ProblemSource.model_validate(values)


@pytest.mark.parametrize("kind", ["jsonl", "parquet", "csv"])
def test_every_kind_of_file_gives_the_same_problems(tmp_path: Path, kind: str) -> None:
    loaded = problem_sources.load(source(write(tmp_path / f"rows.{kind}", ROWS)))
    assert loaded == [
        Problem("mine/0", "1 + 1?", "2", kind="easy", family="sum"),
        Problem("mine/1", "500 + 580?", "1080", kind="hard", family="sum"),
    ]


def test_nested_columns_ids_images_and_a_chats_message(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    row = {
        "prompt": [{"role": "user", "content": "How many?"}],
        "reward_model": {"ground_truth": 3},
        "extra": {"index": 17},
        "picture": "a.png",
    }
    columns = {
        "question": "prompt",
        "gold": "reward_model.ground_truth",
        "id": "extra.index",
        "images": "picture",
    }
    file = write(tmp_path / "rows.jsonl", [row])
    assert problem_sources.load(source(file, columns=columns)) == [
        Problem("mine/17", "How many?", 3, images=(str(tmp_path / "a.png"),))
    ]


def test_gold_of_a_text_file_is_json_where_the_verifier_needs_more_than_text(
    tmp_path: Path,
) -> None:
    gold = {"numbers": [1, 2], "target": 3}
    file = write(tmp_path / "rows.csv", [{"question": "1 2 -> 3 :", "gold": json.dumps(gold)}])
    (found,) = problem_sources.load(source(file, columns=None, verifier="countdown"))
    assert found.gold == gold


def test_a_verifier_of_ones_own_may_need_no_gold(tmp_path: Path) -> None:
    file = write(tmp_path / "rows.jsonl", [{"question": "Write a haiku."}])
    (found,) = problem_sources.load(source(file, columns=None, verifier="haiku.py:is_haiku"))
    assert found.gold is None


def test_benchmark_with_columns_keeps_its_verifier_and_prompt(tmp_path: Path) -> None:
    file = write(tmp_path / "rows.jsonl", ROWS)
    copied = source(file, name="gsm8k", verifier=None)
    assert [problem.gold for problem in problem_sources.load(copied)] == ["2", "1080"]
    benchmark = problem_sources.benchmark_of(copied)
    assert (benchmark.verifier, benchmark.prompt) == ("math", "qwen-boxed")


def test_revision_tells_other_bytes_and_other_columns_apart(tmp_path: Path) -> None:
    file = write(tmp_path / "rows.jsonl", ROWS)
    revisions = {
        problem_sources.revision_of(source(file)),
        problem_sources.revision_of(source(file, columns=COLUMNS | {"question": "level"})),
        problem_sources.revision_of(source(write(tmp_path / "fewer.jsonl", ROWS[:1]))),
    }
    assert len(revisions) == 3


def test_training_sets_share_one_verifier_and_no_name(tmp_path: Path) -> None:
    file = write(tmp_path / "rows.jsonl", ROWS)
    countdown = ProblemSource(name="countdown-train")
    with pytest.raises(UserError, match=r"mine by math, countdown-train by countdown"):
        problem_sources.check_together([source(file), countdown])
    problem_sources.check_together([source(file), countdown], verifier="math")
    with pytest.raises(UserError, match="mine is listed twice"):
        problem_sources.check_together([source(file), source(file)])


def test_command_lines_form() -> None:
    assert from_text("math500") == {"name": "math500"}
    assert from_text("mine=a,b.csv,question=task,gold=x.y,verifier=c.py:f,limit=3") == {
        "name": "mine",
        "path": "a,b.csv",
        "columns": {"question": "task", "gold": "x.y"},
        "verifier": "c.py:f",
        "limit": "3",
    }
    assert from_text("mine=hub:me/set,files=data/*,verifier=math") == {
        "name": "mine",
        "hub_id": "me/set",
        "files": "data/*",
        "verifier": "math",
    }


@pytest.mark.parametrize("written", ["", "=a.csv", "mine=", "mine=a.csv,qestion=task"])
def test_command_lines_form_that_is_wrong_is_refused(written: str) -> None:
    with pytest.raises(UserError, match=r"write NAME|unknown key 'qestion'"):
        from_text(written)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"columns": COLUMNS | {"question": "tsk"}}, "row 0: .*no column 'tsk'; it has task"),
        ({"columns": COLUMNS | {"family": "famly"}}, "no column 'famly'"),
        ({"columns": COLUMNS | {"gold": "solution.x"}}, "no column 'solution.x'"),
        ({"columns": COLUMNS | {"images": "level"}}, "no image .*easy"),
        ({"verifier": "countdown"}, "not valid for task countdown"),
        ({"verifier": None}, "mine: name what verifies its answers"),
        ({"path": "absent.jsonl"}, "no such file"),
        ({"path": None}, "unknown benchmark 'mine'.*or give path: or hub_id:"),
        ({"hub_id": "me/set"}, "either path or hub_id"),
        ({"hub_id": "me/set", "path": None}, "name the files of me/set"),
        ({"name": "gsm8k", "hub_id": "me/set"}, "give your own set another name"),
        ({"name": "gsm8k", "path": None}, "columns: needs path:"),
    ],
)
def test_source_that_is_wrong_is_refused(tmp_path: Path, given: dict[str, Any], named: str) -> None:
    file = write(tmp_path / "rows.jsonl", ROWS)
    with pytest.raises(UserError, match=named):
        problem_sources.load(source(given.pop("path", file), **given))


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ({"question": ["a", "b"], "gold": "2"}, "not one user message"),
        ({"question": " ", "gold": "2"}, "expected a question as text"),
        ({"question": "?", "gold": None}, "not valid for task math"),
        ({"question": "?", "gold": "2", "kind": [1]}, "expected the kind as text"),
        ({"question": "?", "gold": "2", "images": [{"bytes": "x"}]}, "images are read from files"),
    ],
)
def test_row_that_is_wrong_is_named(tmp_path: Path, row: dict[str, Any], named: str) -> None:
    good = {"question": "?", "gold": "2"}
    file = write(tmp_path / "rows.jsonl", [good, row])
    with pytest.raises(UserError, match=f"row 1: .*{named}"):
        problem_sources.load(source(file, columns=None))


def test_file_without_a_row_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no problem in"):
        problem_sources.load(source(write(tmp_path / "rows.jsonl", [])))


@pytest.mark.parametrize("name", ["a/b", "a\nb", "x" * 101])
def test_name_that_would_not_fit_into_ids_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="printable characters"):
        ProblemSource(name=name)
