"""The core, installed alone into an empty environment, does all that needs no model."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COUNTS = "problem,n,c\n" + "".join(f"{at},64,{at % 9}\n" for at in range(30))
ANSWER = json.dumps({"id": 0, "gold": "7", "completion": "so \\boxed{7}"})


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of commands of an environment into which the core alone was installed."""
    folder = tmp_path_factory.mktemp("core")
    uv = Path(sys.executable).with_name("uv")
    python = folder / "bin/python"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, "-e", ROOT], check=True)
    return python.parent


def rlvr(core: Path, *arguments: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    environment = {**os.environ, "WANDB_MODE": "disabled", "COLUMNS": "200"}
    command = [str(core / "rlvr"), *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)


def test_it_imports_reports_compares_shows_and_grades(core: Path, tmp_path: Path) -> None:
    (tmp_path / "base.csv").write_text(COUNTS)
    (tmp_path / "rl.csv").write_text(COUNTS)
    (tmp_path / "answers.jsonl").write_text(ANSWER)
    (tmp_path / "samples.jsonl").write_text(
        "".join(f'{{"problem": "1+1?", "gold": "2", "completion": "{at}"}}\n' for at in (2, 3))
    )
    imported = ("--out", "runs/a", "--benchmark", "mine")
    for words, printed in (
        (("import", "base.csv", *imported, "--step", "0"), "next: rlvr report"),
        (("import", "rl.csv", *imported, "--step", "10"), "next: rlvr report"),
        (("report", "runs/a"), "report: runs/a/report.html"),
        (("compare", "runs/a"), "pass@1"),
        (
            ("import", "samples.jsonl", "--out", "runs/b", "--benchmark", "own", "--task", "math"),
            "",
        ),
        (("show", "runs/b", "1+1?"), "correct"),
        (("grade", "answers.jsonl", "--task", "math"), '"verdict": "correct"'),
        (("doctor",), "torch"),
    ):
        done = rlvr(core, *words, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert printed in done.stdout
    script = "import importlib.util as u; print([n for n in ('torch', 'trl') if u.find_spec(n)])"
    found = subprocess.run([core / "python", "-c", script], capture_output=True, text=True)
    assert found.stdout == "[]\n"


@pytest.mark.parametrize("verb", ["quickstart", "train", "eval", "distill"])
def test_it_says_how_to_install_what_a_verb_lacks(core: Path, tmp_path: Path, verb: str) -> None:
    words = [verb] if verb == "quickstart" else [verb, str(ROOT / "recipes/quickstart/grpo.yaml")]
    done = rlvr(core, *words, cwd=tmp_path)
    assert done.returncode == 2
    extra = "hf" if verb == "eval" else "train"
    assert "torch" in done.stderr
    assert f"-e '{ROOT}[{extra}]'" in done.stderr
    assert list(tmp_path.iterdir()) == []
