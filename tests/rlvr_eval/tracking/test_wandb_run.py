"""The W&B run, read back from disk, says what summary.json says, and W&B holds nothing up."""

import json
import os
import signal
import socket
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from rlvr.core.files import write_json
from rlvr.runs.run_directory import Run
from rlvr_eval.summary.model_summary import Json, at_k
from rlvr_eval.summary.run_summary import summarise
from rlvr_eval.tracking.background_process import TrackedEvaluation
from rlvr_eval.tracking.wandb_metrics import scalars
from tests import simulated
from tests.wandb_offline import OfflineRun, read


@pytest.fixture
def offline() -> Iterator[None]:
    """W&B as it is where nobody is logged in."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("WANDB_")]:
            patch.delenv(name)
        patch.setenv("WANDB_MODE", "offline")
        yield


def evaluated(folder: Path, steps: tuple[int, ...]) -> Json:
    """A run directory with the summary of two benchmarks in it."""
    outcomes = [
        *simulated.run(steps=steps, problems=12),
        *simulated.run(steps=steps, problems=8, benchmark="other", kinds=("",), seed=1),
    ]
    summary = summarise(outcomes, {"name": folder.name})
    folder.mkdir(exist_ok=True)
    write_json(folder / "summary.json", summary)
    return summary


def log(folder: Path) -> OfflineRun:
    """Log the evaluation of a run directory, and read it back."""
    tracked = TrackedEvaluation(Run(folder), patience_s=300)
    tracked.refresh()
    assert tracked.outcome() == (
        f"W&B: logged offline; to send it: wandb sync {folder}/wandb/offline-run-*"
    )
    return read(Path(json.loads((folder / "wandb" / "evaluation.json").read_text())["folder"]))


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Json, OfflineRun]:
    """A summary and the W&B run it was logged as."""
    folder = tmp_path_factory.mktemp("runs") / "r"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WANDB_MODE", "offline")
        return evaluated(folder, (0, 50, 100)), log(folder)


def models(summary: Json, benchmark: str) -> list[Json]:
    found: list[Json] = summary["benchmarks"][benchmark]["models"]
    return found


def test_run_lies_in_its_training_runs_group_with_the_training_step_as_axis(
    logged: tuple[Json, OfflineRun],
) -> None:
    _, run = logged
    assert (run.group, run.job_type) == ("r", "evaluation")
    assert run.step_metrics["eval/*"] == "train/global_step"
    assert [row["train/global_step"] for row in run.rows] == [0, 50, 100]


@pytest.mark.parametrize("benchmark", ["countdown", "other"])
def test_every_scalar_read_back_is_the_one_in_the_summary(
    logged: tuple[Json, OfflineRun], benchmark: str
) -> None:
    summary, run = logged
    place = f"eval/{benchmark}"
    for row, model in zip(run.rows, models(summary, benchmark), strict=True):
        for k in (1, 2, 64, 256):
            assert row[f"{place}/pass@{k}"] == simulated.value(model["curve"], k)
        assert_same(row, f"{place}/pass@256", at_k(model["curve"], 256))
        assert_same(row, f"{place}/area", model["area"])
        assert row[f"{place}/undecided_rate"] == model["undecided_rate"]
        if model["step"] == 0:
            assert not any("D@" in name or "delta_se" in name for name in row)
            continue
        assert_same(row, f"{place}/D@1", at_k(model["difference"], 1))
        assert_same(row, f"{place}/D@256", at_k(model["difference"], 256))
        assert_same(row, f"{place}/delta_se", model["delta_se"])
        shown = model["crossover"]["k"] if model["crossover"]["is_shown"] else None
        assert row.get(f"{place}/crossover_k") == shown
        assert row[f"{place}/certified_lower"] == len(model["certified"]["lost"])


def test_what_undecided_verdicts_leave_open_is_logged_as_the_upper_end() -> None:
    summary = summarise([simulated.fixed(100, [5, 5, 5]), simulated.unclear(50)], {})
    base, checkpoint = models(summary, "countdown")
    logged = scalars("countdown", checkpoint, (1, 8, 100))
    for k in (1, 4, 8, 100):
        upper = simulated.value(checkpoint["curve_upper"], k)
        assert logged[f"eval/countdown/pass@{k}_upper"] == upper
        assert upper > logged[f"eval/countdown/pass@{k}"]
    assert not any(name.endswith("_upper") for name in scalars("countdown", base, (1, 8, 100)))


def test_strata_are_logged_beside_the_whole(logged: tuple[Json, OfflineRun]) -> None:
    summary, run = logged
    model = models(summary, "countdown")[-1]["strata"]["chain"]
    assert_same(run.rows[-1], "eval/countdown/chain/D@256", at_k(model["difference"], 256))


def test_chart_of_curves_gains_one_line_with_every_checkpoint(
    logged: tuple[Json, OfflineRun],
) -> None:
    summary, run = logged
    drawn = [run.table(row, "eval/countdown/curves_table") for row in run.rows]
    assert [len({point["lineKey"] for point in chart}) for chart in drawn] == [1, 2, 3]
    for before, after in pairwise(drawn):
        assert all(point in after for point in before)
    last = models(summary, "countdown")[-1]
    shown = {p["step"]: p["lineVal"] for p in drawn[-1] if "checkpoint-100" in p["lineKey"]}
    assert shown == {2**i: simulated.value(last["curve"], 2**i) for i in range(9)}


def test_tables_hold_histogram_migration_and_problems(logged: tuple[Json, OfflineRun]) -> None:
    summary, run = logged
    described, row = summary["benchmarks"]["countdown"], run.rows[-1]
    last = described["models"][-1]
    findings = run.table(row, "eval/countdown/findings")
    told = {(r["step"], r["kind"]): r["finding"] for r in findings}
    assert told[100, ""] == last["finding"]["text"]
    assert told[100, "chain"] == last["strata"]["chain"]["finding"]["text"]
    bins = [r for r in run.table(row, "eval/countdown/histogram") if r["step"] == 100]
    assert [r["problems"] for r in bins] == last["histogram"]
    assert [r["accuracy"] for r in bins] == described["histogram_bins"]
    moved = [r for r in run.table(row, "eval/countdown/migration") if r["step"] == 100]
    assert [(r["k"], r["lost"]) for r in moved] == [
        (at["k"], at["lost"]["value"]) for at in last["migration"]
    ]
    problems = run.table(row, "eval/countdown/problems")
    assert [r["problem"] for r in problems] == described["problem_ids"]
    assert [r["correct, 100 checkpoint-100"] for r in problems] == last["counts"]["c"]
    lost = {r["problem"] for r in problems if "100" in r["certified lower at"]}
    assert lost == set(last["certified"]["lost"])


@pytest.mark.usefixtures("offline")
def test_later_evaluation_takes_the_place_of_the_earlier_one(tmp_path: Path) -> None:
    evaluated(tmp_path / "r", (0, 50))
    first = log(tmp_path / "r")
    evaluated(tmp_path / "r", (0, 50, 100))
    second = log(tmp_path / "r")
    assert second.id == first.id
    assert [row["train/global_step"] for row in second.rows] == [0, 50, 100]
    kept = (tmp_path / "r" / "wandb").glob("offline-run-*")
    assert [path.name for path in kept] == [second.folder.name]
    again = TrackedEvaluation(Run(tmp_path / "r"))
    again.refresh()
    assert again.process is None, "the same summary is not logged twice"


@pytest.mark.usefixtures("offline")
def test_server_that_never_answers_holds_nothing_up_and_leaves_no_process(tmp_path: Path) -> None:
    evaluated(tmp_path / "r", (0,))
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.MonkeyPatch.context() as patch:
        patch.setenv("WANDB_MODE", "online")
        patch.setenv("WANDB_API_KEY", "0" * 40)
        patch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        tracked = TrackedEvaluation(Run(tmp_path / "r"), limit_s=5, patience_s=0.1)
        tracked.refresh()
        assert tracked.outcome().startswith("W&B: still logging")
        assert tracked.process is not None
        assert tracked.process.wait(60) == -signal.SIGALRM
        # a newer evaluation does not wait for the older one either
        tracked.refresh()
        older = tracked.process
        tracked.refresh()
        assert older.wait(60) == -signal.SIGKILL
        assert tracked.process is not older
        assert tracked.process.wait(60) == -signal.SIGALRM


@pytest.mark.usefixtures("offline")
def test_failure_is_told_in_one_line_and_raises_nothing(tmp_path: Path) -> None:
    run = Run(tmp_path / "r")
    run.path.mkdir()
    (run.path / "summary.json").write_text("not JSON")
    tracked = TrackedEvaluation(run, patience_s=300)
    tracked.refresh()
    told = tracked.outcome()
    assert told.startswith("W&B: the evaluation was not logged")
    assert "\n" not in told


@pytest.mark.usefixtures("offline")
def test_nothing_is_started_where_wandb_is_switched_off(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WANDB_MODE", "disabled")
        tracked = TrackedEvaluation(Run(tmp_path / "r"))
        tracked.refresh()
    assert tracked.process is None
    assert tracked.outcome() == ""
    assert not (tmp_path / "r").exists()


def assert_same(row: dict[str, Any], name: str, interval: Json | None) -> None:
    """The metric and its two ends are those of the interval, to the last digit."""
    assert interval is not None
    told = {"value": row[name], "low": row[f"{name}_low"], "high": row[f"{name}_high"]}
    assert told == {end: interval[end] for end in told}


def test_ends_of_a_model_with_fewer_draws_than_others_are_logged_with_their_intervals() -> None:
    models = [simulated.fixed(24, [3, 4, 5]), simulated.fixed(100, [9, 9, 9], 50)]
    summary = summarise(models, {}, beyond=False)["benchmarks"]["countdown"]
    base, checkpoint = (
        scalars("countdown", model, summary["headline_ks"]) for model in summary["models"]
    )
    assert {"eval/countdown/pass@24_low", "eval/countdown/pass@24_high"} <= base.keys()
    assert {"eval/countdown/D@24_low", "eval/countdown/pass@100_low"} <= checkpoint.keys()
