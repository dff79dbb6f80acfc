"""The temperature probe: ordinary evaluations, apart from the run's own."""

import io
import shutil
from pathlib import Path

import pytest

from rlvr.core.errors import UserError
from rlvr.runs.run_directory import Run
from rlvr_eval.plan.ledger import Ledger
from rlvr_eval.probes.temperature import probe
from rlvr_eval.report.rebuild import report
from rlvr_eval.summary.format import RunSummary
from rlvr_eval.summary.model_summary import Json
from tests.rlvr_eval import tiny_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = tiny_run.evaluated(tmp_path_factory.mktemp("runs"))
    probe(run, tiny_run.settings(run), tiny_run.crew(), temperatures=[1.5, 1.0])
    return run


@pytest.fixture(scope="module")
def summary(run: Run) -> Json:
    return report(run, stream=io.StringIO())


def test_base_and_checkpoint_stand_side_by_side_at_every_temperature(summary: Json) -> None:
    RunSummary.model_validate(summary)
    found = summary["benchmarks"]["countdown-dev"]["temperature"]
    assert [at["temperature"] for at in found] == [1.0, 1.5]
    for at in found:
        assert [model["step"] for model in at["models"]] == [0, tiny_run.STEP]
        assert "difference" in at["models"][1]


def test_at_the_runs_own_temperature_the_numbers_are_the_runs_own(summary: Json) -> None:
    benchmark = summary["benchmarks"]["countdown-dev"]
    for here, there in zip(benchmark["temperature"][0]["models"], benchmark["models"], strict=True):
        assert here["curve"] == there["curve"]


def test_what_was_drawn_is_not_drawn_again(run: Run) -> None:
    own = {str(Ledger(run).draws(entry).folder) for entry in Ledger(run).entries()}
    ledger = Ledger(run, "probes/temperature/1")
    assert {str(ledger.draws(entry).folder) for entry in ledger.entries()} == own
    for entry in ledger.entries():
        assert len(list((ledger.draws(entry).folder / "draws").glob("*.parquet"))) == 1


def test_negative_temperature_is_refused(run: Run) -> None:
    with pytest.raises(UserError, match="temperature -1"):
        probe(run, tiny_run.settings(run), tiny_run.crew(), temperatures=[-1])


def test_lost_draws_of_a_probe_cost_its_numbers_and_not_the_report(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = tiny_run.evaluated(tmp_path, problems=2, draws=2)
    probe(run, tiny_run.settings(run), tiny_run.crew(), temperatures=[2.0])
    ledger = Ledger(run, "probes/temperature/2")
    shutil.rmtree(ledger.draws(ledger.entries()[0]).folder)
    benchmark = report(run, stream=io.StringIO())["benchmarks"]["countdown-dev"]
    assert "temperature" not in benchmark
    assert len(benchmark["models"]) == 2
    assert "probes/temperature/2 is left out" in caplog.text
