"""The worked examples of docs/extending.md, run as a user runs them."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rlvr.cli.main import main
from rlvr.runs.run_directory import Run

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
MOST_LINES = 25


@pytest.fixture(autouse=True)
def beside_the_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("WANDB_MODE", "disabled")


def trained(name: str, runs: Path) -> tuple[Path, dict[str, Any]]:
    """The run directory of an example's recipe after training, and the metrics of its last step."""
    recipe = f"examples/{name}/recipe.yaml"
    assert main(["train", recipe, "--runs", str(runs)]) == 0
    run = runs / name.replace("_", "-")
    return run, json.loads((run / "metrics.jsonl").read_text().splitlines()[-1])


def summary_of(run: Path) -> dict[str, Any]:
    assert main(["eval", str(run), "--processes", "1"]) == 0
    return dict(json.loads((run / "summary.json").read_text()))


def test_every_file_of_an_example_is_short() -> None:
    files = [path for path in EXAMPLES.glob("*/*") if path.is_file() and "__" not in str(path)]
    assert len(files) >= 8
    assert {p.name: n for p in files if (n := len(p.read_text().splitlines())) > MOST_LINES} == {}


def test_own_problems_are_trained_on_under_their_own_name(tmp_path: Path) -> None:
    run, _ = trained("own_problems", tmp_path)
    identity = json.loads((run / "manifest.json").read_text())["problems"]
    assert list(identity) == ["puzzles"]
    assert identity["puzzles"].startswith("blake2b:")


def test_own_verifier_rewards_and_evaluates(tmp_path: Path) -> None:
    run, metrics = trained("own_verifier", tmp_path)
    assert 0 < metrics["verdicts/correct"] < 1
    assert metrics["verdicts/error"] == 0
    summary_of(run)
    entries = [json.loads(path.read_text())[0] for path in (run / "evaluations").glob("*.json")]
    assert {entry["verifier"].partition("@")[0] for entry in entries} == {
        "examples%2Fown_verifier%2Flast_number.py:reaches_target"
    }


def test_own_reward_is_logged_apart(tmp_path: Path) -> None:
    _, metrics = trained("own_reward", tmp_path)
    assert 0.5 < metrics["rewards/brevity/mean"] <= 1
    expected = metrics["rewards/correctness/mean"] + 0.1 * metrics["rewards/brevity/mean"]
    assert metrics["reward"] == pytest.approx(expected)


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example packages, installed as their users install them."""
    folder = tmp_path_factory.mktemp("packages")
    copies = [folder / name for name in ("own_method", "own_sampler", "own_teacher")]
    for copy in copies:  # an installation leaves files among the sources
        shutil.copytree(EXAMPLES / copy.name, copy)
    uv = Path(sys.executable).parent / "uv"
    command: list[str | Path] = [uv, "pip", "install", "--quiet", "--no-deps"]
    command += ["--no-build-isolation", "--python", sys.executable, "--target", folder / "site"]
    subprocess.run([*command, *copies], check=True)
    return folder / "site"


def test_own_method_is_trained_with_by_its_name(
    packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(packages)
    run, metrics = trained("own_method", tmp_path)
    assert Run(run).recipe().method_section == {"factor": 0.5}
    assert metrics["grad_norm"] > 0
    assert "by the method `batch_mean`" in (run / "README.md").read_text()


def test_own_sampler_draws_by_its_name(
    packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(packages)
    command = ["eval", "examples/own_sampler/models.yaml", "--processes", "2"]
    assert main([*command, "--out", str(tmp_path)]) == 0
    (entry,) = json.loads(next((tmp_path / "evaluations").glob("*.json")).read_text())
    assert entry["draw_key"]["sampler"] == "one-by-one/1"


def test_own_teacher_is_asked_by_its_name(
    packages: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(packages)
    recipe = "examples/own_teacher/recipe.yaml"
    assert main(["distill", recipe, "--runs", str(tmp_path)]) == 0
    told = json.loads(next(tmp_path.rglob("teacher.json")).read_text())
    assert told["teacher"] == "first-plans"
    assert next(tmp_path.rglob("sft.json")).is_file()


def test_own_prompt_is_in_the_recipe_and_in_the_draw_key(tmp_path: Path) -> None:
    run, _ = trained("own_prompt", tmp_path)
    text = (EXAMPLES / "own_prompt" / "prompt.txt").read_text()
    summary_of(run)
    entry = json.loads(next((run / "evaluations").glob("base-*.json")).read_text())[0]
    assert json.loads(entry["draw_key"]["prompt"]) == {"text": text}
    assert "prompt text@" in (run / "report.html").read_text()
