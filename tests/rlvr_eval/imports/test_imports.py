"""Outcomes of other tools: read whole, or refused with every fault named."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rlvr.cli.main import main
from rlvr.core.errors import UserError
from rlvr.runs.run_directory import Run
from rlvr.tiny import countdown
from rlvr_eval.estimators import FixedDesign, SequentialDesign, pass_at_k
from rlvr_eval.imports import Imported, Options, import_files
from rlvr_eval.plan.ledger import Ledger
from rlvr_eval.plan.planning import store_of
from rlvr_eval.report.rebuild import report
from rlvr_eval.statistics.outcomes import Outcomes
from rlvr_eval.store.problem_snapshot import recall_all

COUNTS = [
    {"model": "base", "step": 0, "problem": "a", "n": 8, "c": 0},
    {"model": "base", "step": 0, "problem": "b", "n": 8, "c": 5},
    {"model": "rl", "step": 100, "problem": "a", "n": 8, "c": 1},
    {"model": "rl", "step": 100, "problem": "b", "n": 8, "c": 8},
]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path / "run")


def jsonl(path: Path, rows: Sequence[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    lines = [",".join(rows[0])] + [",".join(map(str, row.values())) for row in rows]
    path.write_text("\n".join(lines) + "\n")
    return path


def parquet(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    pq.write_table(pa.Table.from_pylist([dict(row) for row in rows]), path)
    return path


def bring_in(run: Run, *files: Path, **options: Any) -> Imported:
    return import_files(files, run, Options(**options))


def found(run: Run) -> list[Outcomes]:
    return Ledger(run).outcomes()


def refused(run: Run, *files: Path, **options: Any) -> str:
    """The message of a refusal, after which nothing of the import is there."""
    with pytest.raises(UserError) as refusal:
        bring_in(run, *files, **options)
    assert not run.path.exists()
    assert not store_of(run).exists()
    return str(refusal.value)


@pytest.mark.parametrize("write", [csv, jsonl, parquet])
def test_counts_of_every_file_kind_give_the_same_outcomes(
    write: Any, run: Run, tmp_path: Path
) -> None:
    bring_in(run, write(tmp_path / f"counts.{write.__name__}", COUNTS), benchmark="math500")
    base, trained = found(run)
    assert (base.model.name, base.model.step) == ("base", 0)
    assert (trained.model.name, trained.model.step) == ("rl", 100)
    assert base.problem_ids == ("math500/a", "math500/b")
    assert base.counts.design == FixedDesign(8)
    assert (base.counts.c.tolist(), trained.counts.c.tolist()) == ([0, 5], [1, 8])
    summary = report(run)
    models = summary["benchmarks"]["math500"]["models"]
    assert models[0]["curve"][0]["value"] == pytest.approx(5 / 16)
    assert models[1]["difference"][0]["value"] == pytest.approx(4 / 16)
    assert (run.path / "report.html").is_file()


def test_without_model_and_step_the_files_are_models_and_the_first_is_the_base(
    run: Run, tmp_path: Path
) -> None:
    rows = [{"problem": "a", "n": 4, "c": 1}]
    files = [csv(tmp_path / f"{name}.csv", rows) for name in ("before", "after", "checkpoint-50")]
    told = bring_in(run, *files).notes
    models = [(each.model.name, each.model.step) for each in found(run)]
    assert models == [("before", 0), ("after", 1), ("checkpoint-50", 50)]
    (note,) = told
    assert "in their order: before = 0 (the base), after = 1. " in note
    assert bring_in(run, files[1], model="before", benchmark="other").notes == ()


def test_a_later_import_adds_to_the_directory(run: Run, tmp_path: Path) -> None:
    rows = [{"problem": "a", "n": 4, "c": 1}]
    bring_in(run, csv(tmp_path / "base.csv", rows))
    bring_in(run, csv(tmp_path / "rl.csv", rows))
    bring_in(run, csv(tmp_path / "more.csv", rows), model="base", benchmark="other")
    assert [(o.benchmark, o.model.name, o.model.step) for o in found(run)] == [
        ("imported", "base", 0),
        ("imported", "rl", 1),
        ("other", "base", 0),
    ]


def test_the_same_file_again_changes_nothing_and_another_is_a_conflict(
    run: Run, tmp_path: Path
) -> None:
    file = csv(tmp_path / "base.csv", [{"problem": "a", "n": 4, "c": 1}])
    bring_in(run, file)
    bring_in(run, file)
    assert len(found(run)) == 1
    csv(file, [{"problem": "a", "n": 4, "c": 2}])
    with pytest.raises(UserError, match=r"base at step 0 on imported: other outcomes of it"):
        bring_in(run, file)
    assert found(run)[0].counts.c.tolist() == [1]


def test_sequential_counts_keep_their_design(run: Run, tmp_path: Path) -> None:
    rows = [
        {"problem": "a", "n": 16, "c": 0, "design": "sequential:8,16/2"},
        {"problem": "b", "n": 8, "c": 6, "design": "sequential:8,16/2"},
    ]
    bring_in(run, jsonl(tmp_path / "counts.jsonl", rows))
    (outcomes,) = found(run)
    assert outcomes.counts.design == SequentialDesign((8, 16), (2,))
    assert outcomes.counts.n.tolist() == [16, 8]


IMPOSSIBLE = {
    "c = 9 of n = 8; expected 0 <= c <= n": {"c": 9},
    "c = -1 of n = 8; expected 0 <= c <= n": {"c": -1},
    "n = 0; a problem needs at least one completion": {"n": 0, "c": 0},
    "n = 8.5; expected a whole number": {"n": 8.5},
    "n = True; expected a whole number": {"n": True},
    "c = 'many'; expected a whole number": {"c": "many"},
    "undecided = 8; expected at most the n - c = 7 not correct": {"undecided": 8},
}


@pytest.mark.parametrize("message", IMPOSSIBLE)
def test_impossible_counts_are_refused_with_file_and_line(
    message: str, run: Run, tmp_path: Path
) -> None:
    row = {"problem": "b", "n": 8, "c": 1} | IMPOSSIBLE[message]
    file = jsonl(tmp_path / "counts.jsonl", [{"problem": "a", "n": 8, "c": 1}, row])
    assert f"{file}, line 2: {message}" in refused(run, file)


def test_all_faults_of_all_files_are_named_at_once_and_nothing_is_imported(
    run: Run, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_text(
        '{"problem": "a", "n": 4, "c": 1}\n{"problem": \n[1, 2]\n\n{"n": 4, "c": 1}\n'
    )
    ragged = tmp_path / "ragged.csv"
    ragged.write_text("problem,n,c\na,4,1\nb,4\nc,4,1,7\n")
    sound = csv(tmp_path / "sound.csv", [{"problem": "a", "n": 4, "c": 1}])
    (tmp_path / "not.parquet").write_bytes(b"PAR1 this is none")
    (tmp_path / "empty.jsonl").write_text("")
    others = [tmp_path / name for name in ("not.parquet", "empty.jsonl", "none.csv", "what.xml")]
    message = refused(run, sound, broken, ragged, *others)
    for told in (
        f"{broken}, line 2: not JSON",
        f"{broken}, line 3: expected an object {{..}}, found a list",
        f"{broken}, line 5: no column problem",
        f"{ragged}, line 3: another number of values",
        f"(also {ragged}, line 4)",
        f"{others[0]}: not a Parquet file",
        f"{others[1]}: it has no rows",
        f"{others[2]}: no such file",
        f"{others[3]}: cannot read '.xml'",
    ):
        assert told in message


def test_a_problem_that_occurs_twice_is_refused_with_both_lines(run: Run, tmp_path: Path) -> None:
    file = csv(tmp_path / "counts.csv", [{"problem": p, "n": 4, "c": 1} for p in "aba"])
    told = f"{file}, line 4: problem a again, as at {file}, line 2"
    assert told in refused(run, file)


def test_an_n_that_differs_without_a_design_is_refused(run: Run, tmp_path: Path) -> None:
    rows = [{"problem": "a", "n": 32, "c": 9}, {"problem": "b", "n": 64, "c": 1}]
    file = csv(tmp_path / "counts.csv", rows)
    message = refused(run, file)
    assert f"{file}, line 3: n = 64, but 32 at {file}, line 2" in message
    assert "the fixed-n formula is biased" in message
    message = refused(run, file, design="sequential:32,64/16")
    assert f"{file}, line 2: n = 32, c = 9 cannot come of sequential:32,64/16" in message
    bring_in(run, file, design="sequential:32,64/8")
    assert found(run)[0].counts.n.tolist() == [32, 64]


def test_samples_with_verdicts_are_counted_in_their_order(run: Run, tmp_path: Path) -> None:
    rows = [
        {"problem": "a", "verdict": "correct"},
        {"problem": "b", "verdict": "timeout", "completion": "?"},
        {"problem": "a", "correct": False},
        {"problem": "b", "passed": 1},
    ]
    bring_in(run, jsonl(tmp_path / "samples.jsonl", rows))
    (outcomes,) = found(run)
    assert outcomes.counts.design == FixedDesign(2)
    assert outcomes.counts.c.tolist() == [1, 1]
    assert outcomes.undecided.tolist() == [0, 1]
    texts = [
        row["completion"]
        for row in Ledger(run).draws(Ledger(run).entries()[0]).completions("imported/b")
    ]
    assert texts == ["?", None]


def test_of_unequal_numbers_of_samples_the_first_of_each_count(run: Run, tmp_path: Path) -> None:
    rows = [{"problem": "a", "correct": c} for c in (1, 0, 1, 1)]
    rows += [{"problem": "b", "correct": c} for c in (0, 0)]
    imported = bring_in(run, jsonl(tmp_path / "samples.jsonl", rows))
    assert "2 to 4 samples per problem; the first 2 of each are counted" in str(imported)
    assert found(run)[0].counts.c.tolist() == [1, 0]


def test_samples_are_replayed_under_a_given_design(run: Run, tmp_path: Path) -> None:
    rows = [{"problem": "a", "correct": c} for c in (1, 0, 1, 1)]
    rows += [{"problem": "b", "correct": c} for c in (0, 0)]
    file = jsonl(tmp_path / "samples.jsonl", rows)
    message = refused(run, file, design="sequential:2,4/1")
    assert "problem imported/b has 2 samples of samples, sequential:2,4/1 asks for 4" in message
    jsonl(file, [*rows, {"problem": "b", "correct": 0}, {"problem": "b", "correct": 1}])
    bring_in(run, file, design="sequential:2,4/1")
    (outcomes,) = found(run)
    assert (outcomes.counts.n.tolist(), outcomes.counts.c.tolist()) == ([2, 4], [1, 1])


@pytest.mark.parametrize(
    ("indices", "message"),
    [([0, 1, 1], "1 is listed twice"), ([0, 1, 3], "expected 0, 1, 2"), ([0, -1, 1], "-1")],
)
def test_sample_indices_with_repeats_or_gaps_are_refused(
    indices: list[int], message: str, run: Run, tmp_path: Path
) -> None:
    rows = [{"problem": "a", "correct": 1, "sample_index": index} for index in indices]
    assert message in refused(run, jsonl(tmp_path / "samples.jsonl", rows))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"problem": "a", "verdict": "maybe"}, "verdict 'maybe'; expected true, false or one of"),
        ({"problem": "a", "score": 0.5}, "verdict 0.5; expected true, false or one of"),
        ({"problem": "a", "completion": 7}, "completion 7; expected text"),
        ({"problem": "a"}, "neither counts (problem, n, c) nor a sample"),
        ({"completion": "x"}, "no problem id; expected one of problem"),
        ({"problem": "a", "completions": []}, "an empty list of completions"),
        ({"idx": 1, "code": ["x", "y"], "score": [1]}, "2 completions, but 1 verdicts"),
        (
            {"problem": "a", "completion": "x"},
            "no verdict, and 'imported' is not a known benchmark",
        ),
    ],
)
def test_samples_that_say_too_little_or_nonsense_are_refused(
    row: dict[str, Any], message: str, run: Run, tmp_path: Path
) -> None:
    file = jsonl(tmp_path / "samples.jsonl", [row])
    assert f"{file}, line 1: {message}" in refused(run, file)


def test_completions_are_verified_against_the_gold_of_their_row(run: Run, tmp_path: Path) -> None:
    rows = [
        {"problem": "a", "completion": r"\boxed{\frac{1}{2}}", "gold": "0.5"},
        {"problem": "a", "completion": r"\boxed{2}", "gold": "0.5", "verdict": "correct"},
    ]
    bring_in(run, jsonl(tmp_path / "samples.jsonl", rows), task="math")
    (outcomes,) = found(run)
    assert outcomes.counts.c.tolist() == [1]
    assert str(Ledger(run).entries()[0]["verifier"]).startswith("math@")


def test_kinds_and_families_of_the_file_stay_where_the_published_problem_is_taken(
    run: Run, tmp_path: Path
) -> None:
    first, second = countdown.problems("dev")[:2]
    names = [problem.id.partition("/")[2] for problem in (first, second)]
    rows = [
        {"problem": names[0], "completion": "no plan", "kind": "own", "family": "pairs"},
        {"problem": names[1], "completion": "no plan"},
    ]
    bring_in(run, jsonl(tmp_path / "samples.jsonl", rows), benchmark="countdown-dev")
    told = [replace(first, kind="own", family="pairs"), second]
    assert recall_all(run) == {problem.id: problem for problem in told}
    assert Ledger(run).entries()[0]["kinds"] == ["own", second.kind]


def test_a_problem_without_gold_cannot_be_verified(run: Run, tmp_path: Path) -> None:
    file = jsonl(tmp_path / "samples.jsonl", [{"problem": "a", "completion": "x"}])
    assert "problem imported/a has no gold to verify against" in refused(run, file, task="math")


def harness_row(doc_id: int, **values: Any) -> dict[str, Any]:
    """As lm-evaluation-harness logs a generated answer."""
    return {
        "doc_id": doc_id,
        "doc": {"question": "1 + 1?"},
        "target": "2",
        "arguments": {"gen_args_0": {"arg_0": "1 + 1?", "arg_1": {"until": []}}},
        "resps": [[r"It is \boxed{2}."]],
        "filtered_resps": ["2"],
        "doc_hash": "d",
        "prompt_hash": "p",
        "target_hash": "t",
        **values,
    }


def test_samples_of_lm_evaluation_harness_name_model_and_task_by_their_path(
    run: Run, tmp_path: Path
) -> None:
    rows = [
        harness_row(0, filter="strict", metrics=["exact_match"], exact_match=1.0),
        harness_row(1, filter="strict", metrics=["exact_match"], exact_match=0.0),
    ]
    name = "samples_gsm8k_cot_2026-01-01T00-00-00.123456.jsonl"
    bring_in(run, jsonl(tmp_path / "Qwen__Qwen2.5-7B" / name, rows))
    (outcomes,) = found(run)
    assert (outcomes.model.name, outcomes.benchmark) == ("Qwen__Qwen2.5-7B", "gsm8k_cot")
    assert outcomes.problem_ids == ("gsm8k_cot/0", "gsm8k_cot/1")
    assert outcomes.counts.c.tolist() == [1, 0]


def test_of_several_filters_one_must_be_chosen(run: Run, tmp_path: Path) -> None:
    rows = [
        harness_row(0, filter=name, exact_match=score)
        for name, score in (("strict", 0.0), ("flexible", 1.0))
    ]
    file = jsonl(tmp_path / "samples.jsonl", rows)
    assert "scored by several filters; give --filter, one of: flexible, strict" in refused(
        run, file
    )
    bring_in(run, file, filter_name="flexible")
    assert found(run)[0].counts.c.tolist() == [1]


def test_a_document_that_was_logged_twice_is_refused(run: Run, tmp_path: Path) -> None:
    file = jsonl(tmp_path / "samples.jsonl", [harness_row(0, acc=1), harness_row(0, acc=0)])
    assert f"{file}, line 2: doc_id 0 again, as at {file}, line 1" in refused(run, file)


def test_of_several_metrics_one_must_be_chosen(run: Run, tmp_path: Path) -> None:
    file = jsonl(tmp_path / "samples.jsonl", [harness_row(0, exact_match=0.0, math_verify=1)])
    assert "which metric is the verdict? give --metric" in refused(run, file)
    bring_in(run, file, metric="math_verify")
    assert found(run)[0].counts.c.tolist() == [1]


def test_repeats_of_the_harness_are_verified_since_its_metric_is_of_one_alone(
    run: Run, tmp_path: Path
) -> None:
    responses = [[r"\boxed{2}", r"\boxed{3}", r"\boxed{2}"]]
    file = jsonl(tmp_path / "samples.jsonl", [harness_row(0, resps=responses, exact_match=1.0)])
    assert "no verdict" in refused(run, file)
    bring_in(run, file, task="math")
    (outcomes,) = found(run)
    assert (outcomes.counts.n.tolist(), outcomes.counts.c.tolist()) == ([3], [2])


def test_answers_chosen_by_likelihood_have_verdicts_but_no_text(run: Run, tmp_path: Path) -> None:
    row = harness_row(0, resps=[[[-3.0, False]], [[-4.0, False]]], acc=1.0)
    bring_in(run, jsonl(tmp_path / "samples.jsonl", [row]))
    assert found(run)[0].counts.c.tolist() == [1]


@pytest.mark.sandbox
def test_human_evals_own_example_gives_its_published_number(
    run: Run, tmp_path: Path, shared_data: Path
) -> None:
    """Its README: pass@1 is 0.4999999999999999 for these six samples."""
    folder = shared_data / "generations"
    bring_in(
        run,
        folder / "humaneval_example_samples.jsonl",
        benchmark="humaneval",
        benchmark_file=folder / "humaneval_example_problem.jsonl",
    )
    (outcomes,) = found(run)
    assert outcomes.problem_ids == ("humaneval/0",)
    n, c = int(outcomes.counts.n[0]), int(outcomes.counts.c[0])
    assert pass_at_k(n, c, 1) == pytest.approx(0.4999999999999999, abs=1e-15)


def test_human_evals_results_keep_their_verdicts(run: Run, tmp_path: Path) -> None:
    rows = [
        {"task_id": "HumanEval/3", "completion": "x", "result": "passed", "passed": True},
        {"task_id": "HumanEval/3", "completion": "y", "result": "timed out", "passed": False},
    ]
    bring_in(run, jsonl(tmp_path / "samples.jsonl_results.jsonl", rows), benchmark="humaneval")
    (outcomes,) = found(run)
    assert outcomes.problem_ids == ("humaneval/3",)
    assert outcomes.counts.c.tolist() == [1]


def test_real_completions_give_the_counts_of_their_own_verdicts(
    run: Run, shared_data: Path
) -> None:
    file = shared_data / "generations" / "math_cot_100.jsonl"
    bring_in(run, file)
    scores = [json.loads(line)["score"] for line in file.read_text().splitlines()]
    (outcomes,) = found(run)
    assert outcomes.counts.c.tolist() == [sum(of_problem) for of_problem in scores]
    summary = report(run)
    (model,) = summary["benchmarks"]["imported"]["models"]
    assert model["curve"][0]["value"] == pytest.approx(sum(map(sum, scores)) / 800)


def test_the_command_names_what_is_wrong_and_ends_with_2(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = csv(tmp_path / "counts.csv", [{"problem": "a", "n": 4, "c": 5}])
    assert main(["import", str(file), "--out", str(run.path)]) == 2
    assert f"{file}, line 2: c = 5 of n = 4" in capsys.readouterr().err
    csv(file, [{"problem": "a", "n": 4, "c": 3}])
    assert main(["import", str(file), "--out", str(run.path), "--benchmark", "mine"]) == 0
    assert main(["report", str(run.path)]) == 0
    assert "75.0" in capsys.readouterr().out


OPENR1 = {
    "problem": "1 + 1?",
    "solution": r"It is \boxed{2}",
    "answer": "2",
    "generations": [r"It is \boxed{3}", r"It is \boxed{4}"],
    "correctness_math_verify": [False, False],
    "correctness_llama": None,
}
NUMINA = {"problem": "1 + 1?", "solution": r"It is \boxed{2}", "answer": "2"}


@pytest.mark.parametrize("options", [{}, {"task": "math"}])
def test_generations_are_the_completions_and_never_the_sets_own_solution(
    options: dict[str, Any], run: Run, tmp_path: Path
) -> None:
    bring_in(run, jsonl(tmp_path / "rows.jsonl", [OPENR1]), **options)
    (outcomes,) = found(run)
    assert (outcomes.counts.n.tolist(), outcomes.counts.c.tolist()) == ([2], [0])


@pytest.mark.parametrize(
    ("row", "options", "named"),
    [
        (NUMINA, {"task": "math"}, "--map completion=COLUMN"),
        (NUMINA | {"correct": True}, {}, "--map completion=COLUMN"),
        (OPENR1 | {"correctness_llama": [True, False]}, {}, "--map verdict=correctness_llama"),
        (OPENR1 | {"correctness_math_verify": [True]}, {}, "2 completions, but 1 verdicts"),
        (
            {"problem": "a", "completion": r"\boxed{2}", "answer": "2"},
            {"task": "math"},
            "--map gold=COLUMN",
        ),
        (NUMINA, {"columns": {"completion": "output"}}, "no column output, which --map names"),
    ],
)
def test_columns_whose_meaning_is_open_are_refused(
    row: dict[str, Any], options: dict[str, Any], named: str, run: Run, tmp_path: Path
) -> None:
    assert named in refused(run, jsonl(tmp_path / "rows.jsonl", [row]), **options)


def test_map_names_columns_and_a_named_one_is_nothing_else(run: Run, tmp_path: Path) -> None:
    row = {"id": 7, "out": {"text": r"\boxed{3}"}, "gts": "3", "gold": "4", "score": 0}
    file = jsonl(tmp_path / "rows.jsonl", [row])
    mapped = "completion=out.text,gold=gts"
    options = ["--task", "math", "--model", "m", "--map", mapped]
    assert main(["import", str(file), "--out", str(run.path), *options]) == 0
    (outcomes,) = found(run)
    assert outcomes.counts.c.tolist() == [1]


@pytest.mark.parametrize("written", ["completion", "completion=", "gld=a", "n=a,n=b", "=a"])
def test_map_that_is_wrong_is_refused(
    written: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = jsonl(tmp_path / "rows.jsonl", COUNTS)
    assert main(["import", str(file), "--out", str(tmp_path / "o"), "--map", written]) == 2
    assert "write NAME=COLUMN" in capsys.readouterr().err


def test_a_model_called_base_is_the_base_wherever_it_stands(run: Run, tmp_path: Path) -> None:
    files = [
        csv(tmp_path / f"{name}.csv", [{"problem": "a", "n": "4.0", "c": "1.0"}])
        for name in ("checkpoint-20", "other", "Base")
    ]
    told = str(bring_in(run, *files))
    assert {each.model.name: each.model.step for each in found(run)} == {
        "Base": 0,
        "checkpoint-20": 20,
        "other": 21,
    }
    assert "Base (step 0) on imported: 1 problem, fixed:4" in told


def test_a_second_base_is_refused_before_it_is_written(run: Run, tmp_path: Path) -> None:
    bring_in(run, csv(tmp_path / "base.csv", [{"problem": "a", "n": 4, "c": 1}]))
    with pytest.raises(UserError, match="base and sft are both at step 0"):
        bring_in(run, csv(tmp_path / "sft.csv", [{"problem": "a", "n": 4, "c": 2}]), step=0)
    assert [each.model.name for each in found(run)] == ["base"]
