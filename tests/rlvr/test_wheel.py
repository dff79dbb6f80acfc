"""The built wheel holds every file that its packages read: it works away from a checkout."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.rlvr_eval.test_loop import SMALL

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    uv = Path(sys.executable).parent / "uv"
    # by way of the source distribution, so that nothing is built among the sources
    command: list[str | Path] = [uv, "build", "--quiet", "--out-dir", folder, ROOT]
    subprocess.run(command, check=True)
    (built,) = folder.glob("*.whl")
    return built


def tracked(place: str) -> set[str]:
    """Files under version control below a folder, without Python's own and without links."""
    listed = subprocess.run(
        ["git", "ls-files", place], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    return {os.path.relpath(ROOT / name, ROOT / place) for name in listed}


def test_every_file_of_both_packages_is_in_it(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    wanted = {f"rlvr/{name}" for name in tracked("rlvr")} | tracked("eval")
    assert {"rlvr/tiny/base/model.safetensors", "rlvr_eval/report/page/style.css"} <= wanted
    assert wanted <= inside


@pytest.fixture
def installed(wheel: Path, tmp_path: Path) -> dict[str, str]:
    """Variables under which Python finds the unpacked wheel first, and no checkout."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    return {**os.environ, "PYTHONPATH": str(tmp_path / "installed"), "WANDB_MODE": "disabled"}


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


def test_its_embedded_default_works_with_no_checkout_in_sight(
    installed: dict[str, str], empty: Path
) -> None:
    script = (
        "import rlvr, rlvr.tasks.problems, rlvr.recipes.recipe, rlvr.tiny, rlvr.weights.models\n"
        "print(rlvr.__file__)\n"
        "recipe = rlvr.recipes.recipe.load(rlvr.tiny.RECIPES / 'grpo.yaml')\n"
        "problems = rlvr.tasks.problems.load('countdown-test')\n"
        "print(rlvr.weights.models.resolve(recipe.model, None), len(problems))"
    )
    found = subprocess.run(
        [sys.executable, "-c", script],
        cwd=empty,
        env=installed,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    assert found[0].startswith(installed["PYTHONPATH"])
    folder, problems = found[1].rsplit(" ", 1)
    assert folder.startswith(installed["PYTHONPATH"])
    assert (Path(folder) / "model.safetensors").is_file()
    assert int(problems) == 400


def test_its_quickstart_runs_in_an_empty_folder(installed: dict[str, str], empty: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rlvr", "quickstart", *SMALL],
        cwd=empty,
        env=installed,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "report: runs/quickstart/report.html" in done.stdout
    assert "problems of countdown-dev at the first" in " ".join(done.stdout.split())
    assert {path.name for path in empty.iterdir()} == {"runs"}
    run = empty / "runs" / "quickstart"
    assert "countdown-dev" in (run / "report.html").read_text()
    models = json.loads((run / "summary.json").read_text())["benchmarks"]["countdown-dev"]["models"]
    assert [model["step"] for model in models] == [0, 2, 4, 2]
