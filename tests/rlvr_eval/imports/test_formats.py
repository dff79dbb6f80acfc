"""Outcomes in the files of other tools, with the fields and odd values that their code writes."""

import json
import zipfile
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rlvr.cli.main import main
from rlvr.core.errors import UserError
from rlvr.runs.run_directory import Run
from rlvr_eval.imports import Imported, Options, import_files
from rlvr_eval.imports.formats.registry import FORMATS
from rlvr_eval.plan.ledger import Ledger
from rlvr_eval.plan.planning import store_of
from rlvr_eval.report.rebuild import report
from rlvr_eval.statistics.outcomes import Outcomes

TWO, THREE = r"It is \boxed{2}", r"It is \boxed{3}"
CHAT = [{"role": "system", "content": "Think."}, {"role": "user", "content": "1 + 1?"}]


def said(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


def verl(output: str, score: Any, **more: Any) -> dict[str, Any]:
    row = {"input": "user\n1 + 1?\nassistant\n", "output": output, "gts": "2", "score": score}
    return {**row, "step": 0, **more}


def rollout(id: int, text: str, reward: Any, **more: Any) -> dict[str, Any]:
    return {
        "example_id": id,
        "prompt": CHAT,
        "completion": said(text),
        "answer": "2",
        "reward": reward,
        "error": None,
        "timing": {"generation_ms": 3.0},
        "is_completed": True,
        "is_truncated": False,
        "stop_condition": None,
        "metrics": {"correct_answer": reward},
        "correct_answer": reward,
        **more,
    }


def completion(text: str, reward: float, **more: Any) -> dict[str, Any]:
    row = {"step": 20, "prompt": CHAT, "completion": said(text), "accuracy_reward": reward}
    return {**row, "advantage": reward - 0.5, **more}


def detail(texts: list[str], **metric: float | None) -> dict[str, Any]:
    doc = {"query": "1 + 1?", "choices": ["2"], "gold_index": 0, "id": "7", "specific": None}
    return {"doc": doc, "metric": metric, "model_response": {"text": texts, "logprobs": None}}


def logged(id: Any, epoch: int, value: Any, **more: Any) -> dict[str, Any]:
    choice = {"message": {"role": "assistant", "content": TWO}, "stop_reason": "stop"}
    return {
        "id": id,
        "epoch": epoch,
        "input": "1 + 1?",
        "target": "2",
        "output": {"model": "m", "choices": [choice]},
        "scores": {"match": {"value": value, "answer": "2"}},
        **more,
    }


def solved(base: str, plus: str | None) -> dict[str, Any]:
    return {
        "task_id": "HumanEval/3",
        "solution": "def f(): ...",
        "base_status": base,
        "plus_status": plus,
        "base_fail_tests": [],
        "plus_fail_tests": [],
    }


LCB = {
    "question_title": "t",
    "question_content": "q",
    "question_id": "abc301_a",
    "difficulty": "easy",
    "output_list": ["```python\n1```", "none"],
    "code_list": ["1", ""],
    "graded_list": [True, False],
    "pass@1": 0.5,
    "metadata": ["{}", "{}"],
}
MONKEYS = {
    "question": "1 + 1?",
    "samples": [TWO, THREE, THREE],
    "is_corrects": [True, False, False],
    "gt_answer": "2",
    "orig_dset_split": "test",
    "orig_dset_idx": 4,
}
OPEN_MATH = {
    "expected_answer": "2",
    "problem_type": "has_answer_extracted",
    "problem_source": "aops",
    "generation_model": "DeepSeek-R1",
    "pass_rate_72b_tir": "0.96875",
    "problem": "1 + 1?",
    "generated_solution": TWO,
    "inference_mode": "cot",
}
DEEPMATH = {
    "question": "1 + 1?",
    "final_answer": "2",
    "difficulty": 4.5,
    "topic": "Algebra",
    "r1_solution_1": TWO,
    "r1_solution_2": TWO,
    "r1_solution_3": THREE,
}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path / "runs" / "run")


def jsonl(path: Path, rows: Sequence[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def listed(path: Path, rows: Sequence[Any]) -> Path:
    path.write_text(json.dumps(list(rows)))
    return path


def parquet(path: Path, rows: Sequence[Any]) -> Path:
    pq.write_table(pa.Table.from_pylist(list(rows)), path)
    return path


def inspect(path: Path, rows: Sequence[Any], status: str = "success") -> Path:
    header = {
        "version": 2,
        "status": status,
        "eval": {"task": "inspect_evals/gsm8k", "model": "p/m"},
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as log:
        log.writestr("_journal/start.json", "{}")
        for row in rows:
            log.writestr(f"samples/{row['id']}_epoch_{row['epoch']}.json", json.dumps(row))
        log.writestr("header.json", json.dumps(header))
    return path


def evalplus(path: Path, rows: Sequence[Any]) -> Path:
    path.write_text(json.dumps({"date": "d", "hash": "h", "eval": {"HumanEval/3": list(rows)}}))
    return path


def bring_in(run: Run, *files: Path, **options: Any) -> Imported:
    return import_files(files, run, Options(**options))


def found(run: Run) -> list[Outcomes]:
    return Ledger(run).outcomes()


def counts(run: Run) -> list[tuple[int, int]]:
    return [(int(each.counts.n.sum()), int(each.counts.c.sum())) for each in found(run)]


def refused(run: Run, *files: Path, **options: Any) -> str:
    """The message of a refusal, after which nothing of the import is there."""
    with pytest.raises(UserError) as refusal:
        bring_in(run, *files, **options)
    assert not run.path.exists()
    assert not store_of(run).exists()
    return str(refusal.value)


Write = Callable[[Path, Sequence[Any]], Path]
READ = [
    ("verl", jsonl, "0.jsonl", [verl(TWO, 1.0), verl(THREE, 0.0)], {}, (2, 1)),
    (
        "openrlhf",
        jsonl,
        "out.jsonl",
        [{"input": "1 + 1?", "output": text, "reward": r} for text, r in ((TWO, 0.7), (THREE, -2))],
        {"correct_above": 0.0},
        (2, 1),
    ),
    (
        "verifiers",
        jsonl,
        "results.jsonl",
        [rollout(0, TWO, 1.0), rollout(0, THREE, 0.0)],
        {},
        (2, 1),
    ),
    (
        "trl",
        parquet,
        "completions_00020.parquet",
        [completion(TWO, 1.0), completion(THREE, 0.0)],
        {},
        (2, 1),
    ),
    ("lighteval", parquet, "details_math.parquet", [detail([TWO], em=1.0)], {}, (1, 1)),
    (
        "lighteval",
        parquet,
        "details_n.parquet",
        [detail([TWO, THREE], em=0.5)],
        {"task": "math"},
        (2, 1),
    ),
    (
        "inspect",
        inspect,
        "log.eval",
        [logged(1, 1, "C"), logged(1, 2, "I"), logged(1, 3, "N")],
        {},
        (3, 1),
    ),
    (
        "evalplus",
        evalplus,
        "s_eval_results.json",
        [solved("pass", "pass"), solved("pass", "fail")],
        {},
        (2, 1),
    ),
    ("livecodebench", listed, "x_eval_all.json", [LCB], {}, (2, 1)),
    ("monkeys", parquet, "monkeys.parquet", [MONKEYS], {}, (3, 1)),
    ("openmathreasoning", parquet, "cot.parquet", [OPEN_MATH], {"task": "math"}, (1, 1)),
    ("deepmath", parquet, "train.parquet", [DEEPMATH], {"task": "math"}, (3, 2)),
]


@pytest.mark.parametrize(("name", "write", "file", "rows", "options", "counted"), READ)
def test_a_tools_file_is_known_by_its_columns_and_counted_as_the_tool_does(
    name: str,
    write: Write,
    file: str,
    rows: list[Any],
    options: dict[str, Any],
    counted: tuple[int, int],
    run: Run,
    tmp_path: Path,
) -> None:
    written = write(tmp_path / file, rows)
    bring_in(run, written, **options)
    assert counts(run) == [counted]
    again = Run(tmp_path / "named" / "run")
    bring_in(again, written, format=name, **options)
    assert counts(again) == [counted]


def test_every_format_has_a_file_that_is_read() -> None:
    assert {name for name, *_ in READ} == set(FORMATS)


@pytest.mark.parametrize(("name", "options"), [("verl", {}), ("monkeys", {}), ("inspect", {})])
def test_completions_can_be_verified_again_by_our_own_verifier(
    name: str, options: dict[str, Any], run: Run, tmp_path: Path
) -> None:
    rows = {"verl": [verl(TWO, 0.0), verl(THREE, 1.0), verl(TWO, 0.0)]}
    rows |= {"monkeys": [MONKEYS], "inspect": [logged(1, 1, "I")]}
    write: Write = {"verl": jsonl, "monkeys": parquet, "inspect": inspect}[name]
    ending = {"verl": "0.jsonl", "monkeys": "m.parquet", "inspect": "l.eval"}[name]
    bring_in(run, write(tmp_path / ending, rows[name]), task="math", **options)
    assert counts(run) == [{"verl": (3, 2), "monkeys": (3, 1), "inspect": (1, 1)}[name]]


def test_a_folder_of_verl_gives_the_base_and_every_step_and_a_report(
    run: Run, tmp_path: Path
) -> None:
    other = "user\n2 + 2?\nassistant\n"
    for step in (100, 0, 20):
        rows = [verl(TWO, float(step > 0), step=step), verl(THREE, 0.0, step=step)]
        rows += [verl("4", 1.0, step=step, input=other, gts="4")] * 2
        jsonl(tmp_path / "val" / f"{step}.jsonl", rows)
    bring_in(run, tmp_path / "val", benchmark="aime")
    assert [each.model.step for each in found(run)] == [0, 20, 100]
    assert counts(run) == [(4, 2), (4, 3), (4, 3)]
    models = report(run)["benchmarks"]["aime"]["models"]
    assert models[2]["difference"][0]["value"] == pytest.approx(1 / 4)


WRONG = [
    (
        "score on another scale",
        jsonl,
        "0.jsonl",
        [verl(TWO, 1.0), verl(THREE, -1.0)],
        {},
        "--correct-above",
    ),
    ("partial reward", jsonl, "r.jsonl", [rollout(0, TWO, 0.5)], {}, "--correct-above"),
    ("no number", jsonl, "0.jsonl", [verl(TWO, "high")], {}, "verdict 'high'; expected true"),
    (
        "not a number",
        jsonl,
        "0.jsonl",
        [verl(TWO, float("nan"))],
        {"correct_above": 0.0},
        "verdict nan",
    ),
    (
        "acc against score",
        jsonl,
        "0.jsonl",
        [verl(TWO, 1.0, acc=False)],
        {},
        "acc and score contradict",
    ),
    (
        "two golds",
        jsonl,
        "0.jsonl",
        [verl(TWO, 1), verl(TWO, 1, gts="3")],
        {},
        "has another gold than",
    ),
    (
        "one id, two prompts",
        jsonl,
        "r.jsonl",
        [rollout(0, TWO, 1.0), rollout(0, TWO, 1.0, prompt=[{"role": "user", "content": "2?"}])],
        {},
        "problem 0 has another prompt",
    ),
    (
        "two rewards",
        parquet,
        "completions_1.parquet",
        [completion(TWO, 1.0, format_reward=1.0)],
        {},
        "give --metric, one of: accuracy_reward, format_reward",
    ),
    ("aggregated", parquet, "details_x.parquet", [detail([TWO, THREE], em=0.5)], {}, "no verdict"),
    (
        "two metrics",
        parquet,
        "details_x.parquet",
        [detail([TWO], em=1.0, qem=0.0)],
        {},
        "one of: em, qem",
    ),
    ("partial credit", inspect, "l.eval", [logged(1, 1, "P")], {}, "verdict 0.5"),
    (
        "an epoch missing",
        inspect,
        "l.eval",
        [logged(1, 1, "C"), logged(1, 3, "C")],
        {},
        "expected 0, 1, 2",
    ),
    (
        "fewer grades",
        listed,
        "e.json",
        [LCB | {"graded_list": [True]}],
        {},
        "2 completions, but 1 verdicts",
    ),
    (
        "unknown status",
        evalplus,
        "x_eval_results.json",
        [solved("passed", None)],
        {},
        "base_status = 'passed'",
    ),
    ("filtered by its authors", parquet, "d.parquet", [DEEPMATH], {}, "no verdict"),
    ("a file twice over", listed, "e.json", [LCB, LCB], {}, "problem abc301_a again, as at"),
    ("infinite", jsonl, "0.jsonl", [verl(TWO, 1e999)], {"correct_above": 0.5}, "verdict inf"),
    ("mixed files", jsonl, "0.jsonl", [verl(TWO, 1.0), MONKEYS], {}, "no row of verl"),
    ("no prompt", jsonl, "0.jsonl", [verl(TWO, 1.0, input="")], {}, "an empty prompt"),
    ("other format", jsonl, "0.jsonl", [verl(TWO, 1.0)], {"format": "trl"}, "no row of trl"),
]


@pytest.mark.parametrize(
    ("write", "file", "rows", "options", "told"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG]
)
def test_what_would_be_a_wrong_number_is_refused(
    write: Write,
    file: str,
    rows: list[Any],
    options: dict[str, Any],
    told: str,
    run: Run,
    tmp_path: Path,
) -> None:
    assert told in refused(run, write(tmp_path / file, rows), **options)


def test_equal_faults_are_named_once_with_their_count(run: Run, tmp_path: Path) -> None:
    file = jsonl(tmp_path / "0.jsonl", [verl(THREE, -1.0)] * 50)
    message = refused(run, file)
    assert f"{file}, line 1: verdict -1.0" in message
    assert "and 47 more" in message
    assert message.count("\n") == 1


@pytest.mark.parametrize(
    ("score", "correct"),
    [("1.0", 1), ("0", 0), ("True", 1), ("False", 0), ("false", 0), (True, 1), (1, 1)],
)
def test_scores_as_words_mean_what_they_say(
    score: Any, correct: int, run: Run, tmp_path: Path
) -> None:
    bring_in(run, jsonl(tmp_path / "0.jsonl", [verl(TWO, score)]))
    assert counts(run) == [(1, correct)]


@pytest.mark.parametrize(
    ("options", "correct"), [({}, 1), ({"metric": "score", "correct_above": 0.0}, 0)]
)
def test_acc_is_the_verdict_where_the_score_has_penalties(
    options: dict[str, Any], correct: int, run: Run, tmp_path: Path
) -> None:
    bring_in(run, jsonl(tmp_path / "0.jsonl", [verl(TWO, -0.5, acc=1.0)]), **options)
    assert counts(run) == [(1, correct)]


def test_a_score_above_the_limit_is_correct_and_one_at_it_is_not(run: Run, tmp_path: Path) -> None:
    rows = [verl(TWO, score) for score in (-1.0, 0.0, 0.1, 1.0)]
    bring_in(run, jsonl(tmp_path / "0.jsonl", rows), correct_above=0.0)
    assert counts(run) == [(4, 2)]


@pytest.mark.parametrize(
    ("write", "file", "rows"),
    [
        (jsonl, "r.jsonl", [rollout(0, TWO, 1.0), rollout(0, "", 0.0, error={"error": "Timeout"})]),
        (
            inspect,
            "l.eval",
            [logged(1, 1, "C"), logged(1, 2, "I", error={"message": "m"}, scores=None)],
        ),
    ],
)
def test_a_sample_that_ended_in_an_error_is_undecided_and_not_wrong(
    write: Write, file: str, rows: list[Any], run: Run, tmp_path: Path
) -> None:
    bring_in(run, write(tmp_path / file, rows))
    (outcomes,) = found(run)
    assert (outcomes.counts.c.tolist(), outcomes.undecided.tolist()) == ([1], [1])


def test_a_problem_that_stands_twice_in_a_set_counts_once_and_that_is_told(
    run: Run, tmp_path: Path
) -> None:
    other = [verl("4", 1.0, input="2 + 2?", gts="4")] * 2
    rows = [verl(TWO, 1.0), verl(THREE, 0.0), *other, verl(TWO, 1.0), verl(TWO, 1.0)]
    told = bring_in(run, jsonl(tmp_path / "0.jsonl", rows))
    (outcomes,) = found(run)
    assert outcomes.counts.n.tolist() == [2, 2]
    assert "2 to 4 samples per problem" in str(told)


def test_rollouts_of_several_epochs_stay_with_the_step_that_made_them(
    run: Run, tmp_path: Path
) -> None:
    rows = [completion(TWO, 1.0), completion(TWO, 1.0, step=40), completion(THREE, 0.0, step=40)]
    bring_in(run, parquet(tmp_path / "completions.parquet", rows))
    assert [(each.model.step, *c) for each, c in zip(found(run), counts(run), strict=True)] == [
        (20, 1, 1),
        (40, 2, 1),
    ]


def test_a_set_that_its_authors_filtered_says_so(run: Run, tmp_path: Path) -> None:
    told = bring_in(run, parquet(tmp_path / "d.parquet", [DEEPMATH]), task="math")
    assert "no model's pass@k" in str(told)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda file: inspect(file, [logged(1, 1, "C")], "cancelled"), "ended as 'cancelled'"),
        (lambda file: file.write_bytes(b"PK\x03\x04 and no more"), "no .eval log of inspect"),
        (lambda file: zipfile.ZipFile(file, "w").close(), "no header.json"),
    ],
)
def test_a_log_of_inspect_that_is_not_whole_is_refused(
    spoil: Callable[[Path], object], told: str, run: Run, tmp_path: Path
) -> None:
    spoil(tmp_path / "l.eval")
    assert told in refused(run, tmp_path / "l.eval")


def test_evalplus_base_tests_alone_count_where_they_are_asked_for(run: Run, tmp_path: Path) -> None:
    rows = [solved("pass", "fail"), solved("timeout", "timeout")]
    bring_in(run, evalplus(tmp_path / "x_eval_results.json", rows), metric="base_status")
    assert counts(run) == [(2, 1)]


def test_columns_of_any_other_file_are_named_and_prompts_are_ids(run: Run, tmp_path: Path) -> None:
    rows = [
        {"ask": q, "out": TWO, "ref": "2", "mark": m} for q, m in (("a", 3), ("a", 9), ("b", 9))
    ]
    file = jsonl(tmp_path / "own.jsonl", rows)
    options = ["--map", "question=ask,completion=out,gold=ref,verdict=mark", "--correct-above", "5"]
    assert main(["import", str(file), "--out", str(run.path), "--model", "m", *options]) == 0
    (outcomes,) = found(run)
    assert (outcomes.counts.n.tolist(), len(outcomes.problem_ids)) == ([1, 1], 2)


@pytest.mark.parametrize("wrong", [["--format", "excel"], ["--correct-above", "nan"]])
def test_options_that_mean_nothing_end_with_2(wrong: list[str], run: Run, tmp_path: Path) -> None:
    file = jsonl(tmp_path / "0.jsonl", [verl(TWO, 1.0)])
    with pytest.raises(SystemExit) if wrong[0] == "--correct-above" else nullcontext():
        assert main(["import", str(file), "--out", str(run.path), *wrong]) == 2
    assert not run.path.exists()


def test_a_folder_without_outcomes_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "a folder without outcomes" in refused(run, tmp_path / "empty")


def test_results_of_prime_rl_are_of_the_step_that_their_folder_names(
    run: Run, tmp_path: Path
) -> None:
    for step in (0, 20):
        rows = [rollout(0, TWO, float(step > 0)), rollout(0, THREE, 0.0)]
        jsonl(tmp_path / "evals" / f"step_{step}" / "math500" / "results.jsonl", rows)
    bring_in(run, *sorted((tmp_path / "evals").rglob("*.jsonl")), benchmark="theirs")
    assert [each.model.step for each in found(run)] == [0, 20]
    assert counts(run) == [(2, 0), (2, 1)]


def test_two_files_of_one_model_and_step_are_not_put_together_unasked(
    run: Run, tmp_path: Path
) -> None:
    files = [
        jsonl(tmp_path / name / "0.jsonl", [verl(TWO, score)])
        for name, score in (("val", 1.0), ("rollouts", 0.0))
    ]
    assert "has problems of step_0 at step 0 too" in refused(run, *files)
    bring_in(run, *files, model="base")
    assert counts(run) == [(2, 1)]
