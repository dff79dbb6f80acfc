"""`rlvr compare`: run directories side by side, on what was stored of them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from rlvr.cli.main import main
from rlvr.runs.run_directory import Run
from rlvr_eval.plan.ledger import Ledger
from tests.rlvr_eval.simulated import evaluate, evaluation, model

BASE, BETTER = (0.1, 0.3, 0.5, 0.0), (0.8, 0.9, 1.0, 0.0)


@pytest.fixture
def runs(tmp_path: Path) -> list[str]:
    """Two runs from one base, whose last checkpoints differ."""
    base = evaluation(tmp_path, BASE)
    for name, p in (("grpo", BETTER), ("rloo", BASE)):
        checkpoint = model(tmp_path / name / "weights", p, name="checkpoint-50", step=50)
        evaluate(Run(tmp_path / name), base, replace(base, model=checkpoint))
    return [str(tmp_path / "grpo"), str(tmp_path / "rloo")]


def test_runs_stand_under_their_common_base(
    runs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *runs, "--json"]) == 0
    compared = json.loads(capsys.readouterr().out)["benchmarks"]["simulated"]
    rows = compared["rows"]
    assert [row["run"] for row in rows] == [None, "grpo", "rloo"]
    for row, path in zip(rows[1:], runs, strict=True):
        counts = Ledger(Run(Path(path))).outcomes()[1].counts
        assert row["curve"][0]["value"] == pytest.approx((counts.c / counts.n).mean())
        assert row["base"] == "base"
    assert "versus_first" in rows[2]


def test_table_names_every_run(runs: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", *runs]) == 0
    printed = capsys.readouterr().out
    assert "grpo" in printed
    assert "rloo" in printed
    assert "Delta_SE(16)" in printed


def test_checkpoint_that_a_run_lacks_is_refused(
    runs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *runs, "--step", "70"]) == 2
    assert "has no checkpoint at step 70; it has 50" in capsys.readouterr().err


def test_same_run_given_twice_is_refused(
    runs: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", runs[0], runs[0]]) == 2
    assert "given twice" in capsys.readouterr().err
