"""The whole loop for real on the embedded model: train, checkpoints, draws, verdicts, report."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rlvr.cli.main import main
from rlvr.core.exit_codes import EXIT_BROKEN_PIPE
from rlvr.core.records import Attempt, Outcome
from rlvr.samplers.base import SampleRequest, SamplingParams, draw_seed
from rlvr.samplers.hf import HFSampler
from rlvr.tiny import countdown
from rlvr.verifiers import get as get_verifier
from rlvr.weights.models import EMBEDDED
from rlvr_eval.estimators import Counts, FixedDesign
from rlvr_eval.statistics.population_intervals import paired_difference

SMALL = [
    "trainer.max_steps=4",
    "trainer.save_steps=2",
    "trainer.per_device_train_batch_size=64",
    "evaluation.benchmarks={name: countdown-dev, limit: 6}",
    "evaluation.design=fixed:8",
    "distilled.data.problems={name: countdown-train, limit: 64}",
    "distilled.trainer.max_steps=2",
    "distilled.trainer.per_device_train_batch_size=16",
]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("WANDB_MODE", "disabled")
        assert main(["quickstart", *SMALL, "--runs", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def benchmark(runs: Path) -> dict[str, Any]:
    summary = json.loads((runs / "quickstart" / "summary.json").read_text())
    return dict(summary["benchmarks"]["countdown-dev"])


def test_base_and_every_checkpoint_are_measured_on_every_problem(
    benchmark: dict[str, Any],
) -> None:
    named = [(model["step"], model["name"]) for model in benchmark["models"]]
    assert named == [
        (0, "base"),
        (2, "checkpoint-2"),
        (4, "checkpoint-4"),
        (2, "quickstart-distilled"),
    ]
    for model in benchmark["models"]:
        assert model["problems"] == 6
        assert model["completions"] == 48
        assert model["undecided_rate"] == 0
        assert [point["k"] for point in model["curve"]] == list(range(1, 9))
        for point in model["curve"]:
            assert 0 <= point["low"] <= point["value"] <= point["high"] <= 1


def test_checkpoints_are_paired_with_the_base_and_have_other_weights(
    benchmark: dict[str, Any],
) -> None:
    base, *checkpoints = benchmark["models"]
    assert "difference" not in base
    assert len({model["weights"] for model in benchmark["models"]}) == 4
    for model in checkpoints:
        for point, ours, theirs in zip(
            model["difference"], model["curve"], base["curve"], strict=True
        ):
            assert point["value"] == pytest.approx(ours["value"] - theirs["value"])


def test_stored_verdicts_are_what_the_verifier_says_of_the_stored_completions(runs: Path) -> None:
    import pyarrow.parquet as pq

    problems = {problem.id: problem for problem in countdown.problems("dev")}
    verdicts = [
        row
        for path in (runs / "store").rglob("verdicts/*/*.parquet")
        for row in pq.read_table(path).to_pylist()
    ]
    correct = sum(row["verdict"] == "correct" for row in verdicts)
    recounted = 0
    for path in (runs / "store").rglob("draws/*.parquet"):
        for row in pq.read_table(path).to_pylist():
            attempt = Attempt(
                problems[row["problem_id"]], row["completion"], row["finish_reason"] == "length"
            )
            verdict = get_verifier("countdown").verify([attempt])[0]
            recounted += verdict.outcome is Outcome.CORRECT
    assert len(verdicts) == 4 * 6 * 8
    assert recounted == correct


def test_second_call_trains_and_draws_nothing(runs: Path, benchmark: dict[str, Any]) -> None:
    files = {path: path.stat().st_mtime_ns for path in runs.rglob("*.parquet")}
    files |= {path: path.stat().st_mtime_ns for path in runs.rglob("*.safetensors")}
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("WANDB_MODE", "disabled")
        assert main(["quickstart", *SMALL, "--runs", str(runs)]) == 0
    assert {path: path.stat().st_mtime_ns for path in files} == files
    assert len(list(runs.rglob("*.parquet"))) == sum(p.suffix == ".parquet" for p in files)


def test_base_scores_every_models_completions_and_its_teachers(benchmark: dict[str, Any]) -> None:
    scored = {(row["completions_of"], row["scorer"]) for row in benchmark["likelihood"]}
    models = {model["name"] for model in benchmark["models"]}
    assert {source for source, scorer in scored if scorer == "base"} == models | {
        "traces of solver:countdown"
    }


def test_what_people_look_at_is_there(runs: Path) -> None:
    run = runs / "quickstart"
    assert "<svg" in (run / "pass-at-k.svg").read_text()
    page = (run / "report.html").read_text()
    assert "countdown-dev" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert {"recipe.yaml", "manifest.json", "metrics.jsonl"} <= {p.name for p in run.iterdir()}


def test_reader_that_has_enough_ends_the_command_quietly(runs: Path) -> None:
    command = [sys.executable, "-m", "rlvr", "report", str(runs / "quickstart")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.close()
    _, errors = process.communicate()
    # rich, which prints the table, ends the process with 1 where we would with our own code
    assert process.returncode in (1, EXIT_BROKEN_PIPE)
    assert errors == ""


def test_same_weights_under_two_run_seeds_show_no_difference() -> None:
    sampler = HFSampler()
    sampler.load(EMBEDDED["countdown-base"])
    problems = countdown.problems("dev")[:60]
    params = SamplingParams(temperature=1.0, top_p=1.0, max_completion_tokens=24)
    curves = []
    for run_seed in (1, 2):
        requests = [
            SampleRequest(p.id, p.question, draw_seed(run_seed, "same", p.id), 0, 32)
            for p in problems
        ]
        correct = dict.fromkeys((p.id for p in problems), 0)
        by_id = {p.id: p for p in problems}
        for completion in sampler.sample(requests, params):
            attempt = Attempt(by_id[completion.problem_id], completion.text)
            outcome = get_verifier("countdown").verify([attempt])[0].outcome
            correct[completion.problem_id] += outcome is Outcome.CORRECT
        counts = np.array(list(correct.values()))
        curves.append(Counts(FixedDesign(32), np.full_like(counts, 32), counts).curves())
    assert not np.array_equal(curves[0], curves[1])
    difference = paired_difference(curves[1], curves[0])
    assert (difference.low <= 0).all()
    assert (difference.high >= 0).all()
