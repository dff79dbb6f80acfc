"""The notebook, its cells run one after another as Jupyter runs them."""

import json
from pathlib import Path
from typing import Any

import pytest

import rlvr
from rlvr.cli.main import main

NOTEBOOK = Path(__file__).resolve().parents[2] / "examples/boundary.ipynb"


def cells() -> list[str]:
    """The source of every code cell."""
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the cells have named, after the last of them."""
    names: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("notebook"))
        patch.setenv("WANDB_MODE", "disabled")
        patch.setenv("MPLBACKEND", "Agg")
        for cell in cells():
            exec(compile(cell, NOTEBOOK.name, "exec"), names)
        names["folder"] = Path.cwd()
    return names


def test_its_training_is_finished_and_shown(
    found: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(found["folder"])
    run = found["run"]
    assert run.is_finished
    assert [each.step for each in run.checkpoints] == [run.recipe.trainer["max_steps"]]
    assert [row["step"] for row in run.rows() if "reward" in row][-1] == 10
    assert "1 checkpoints, finished" in run._repr_html_()


def test_its_evaluation_is_what_the_command_reports(
    found: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(found["folder"])
    evaluation = found["evaluation"]
    assert isinstance(evaluation, rlvr.Evaluation)
    assert evaluation.unreadable == {}
    names = [model["name"] for model in evaluation.data["benchmarks"]["countdown-test"]["models"]]
    assert len(names) == 2
    capsys.readouterr()
    assert main(["report", "runs/boundary", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == evaluation.data
    overrides = ["benchmarks={name: countdown-test, limit: 60}", "design=fixed:32"]
    assert main(["eval", "runs/boundary", *overrides, "--json"]) == 0  # nothing is left to draw
    assert json.loads(capsys.readouterr().out) == evaluation.data


def test_a_training_stopped_at_a_checkpoint_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rlvr import tiny

    monkeypatch.setenv("WANDB_MODE", "disabled")
    trainer = {"max_steps": 2, "save_steps": 1, "steps_per_generation": 1}
    trainer["per_device_train_batch_size"] = 16
    steps = []
    for until in ("save", "end"):
        run = rlvr.train(tiny.RECIPES / "grpo.yaml", runs=tmp_path, until=until, trainer=trainer)
        steps.append((run.is_finished, run.checkpoints[-1].step))
    assert steps == [(False, 1), (True, 2)]
    assert run.recipe.trainer["num_generations"] == 8
