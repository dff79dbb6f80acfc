"""The built wheel holds every file that its packages read: it works away from a checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    uv = Path(sys.executable).parent / "uv"
    # by way of the source distribution, so that nothing is built among the sources
    command = [uv, "build", "--quiet", "--out-dir", folder, ROOT]
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
    assert {"rlvr/tiny/base/model.safetensors", "rlvr_eval/page/style.css"} <= wanted
    assert wanted <= inside


def test_its_embedded_default_works_with_no_checkout_in_sight(wheel: Path, tmp_path: Path) -> None:
    """Unpacked and put first on the path, in a folder that holds nothing else."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    script = (
        "import rlvr, rlvr.problems, rlvr.recipe, rlvr.tiny, rlvr.models\n"
        "print(rlvr.__file__)\n"
        "recipe = rlvr.recipe.load(rlvr.tiny.RECIPES / 'grpo.yaml')\n"
        "print(rlvr.models.resolve(recipe.model, None), len(rlvr.problems.load('countdown-test')))"
    )
    (tmp_path / "empty").mkdir()
    found = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path / "empty",
        env=os.environ | {"PYTHONPATH": str(tmp_path / "installed")},
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    assert found[0].startswith(str(tmp_path / "installed"))
    folder, problems = found[1].rsplit(" ", 1)
    assert folder.startswith(str(tmp_path / "installed"))
    assert (Path(folder) / "model.safetensors").is_file()
    assert int(problems) == 400
