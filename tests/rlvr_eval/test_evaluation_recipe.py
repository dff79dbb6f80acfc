"""Comparisons of given models as files: what they say, and that `rlvr eval` carries them out."""

import json
import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from rlvr.__main__ import main
from rlvr.errors import Faults, UserError
from rlvr.tiny.model import BASE
from rlvr_eval.evaluation_recipe import read

EVALUATIONS = Path(__file__).resolve().parents[2] / "recipes" / "evaluations"


def write(folder: Path, text: str) -> Path:
    path = folder / "two.yaml"
    path.write_text(text)
    return path


def another_model(folder: Path) -> Path:
    """The embedded base with one tensor doubled."""
    shutil.copytree(BASE, folder / "another")
    path = folder / "another" / "model.safetensors"
    tensors = load_file(path)
    last = sorted(tensors)[-1]
    save_file({**tensors, last: 2 * tensors[last]}, path, metadata={"format": "pt"})
    return folder / "another"


def test_figure_7_is_base_rl_instruct_and_distilled_on_minerva() -> None:
    first = read(EVALUATIONS / "figure-7.yaml")
    fourth = read(EVALUATIONS / "figure-7-distilled.yaml")
    assert first.base == "Qwen/Qwen2.5-Math-7B"
    assert [*first.models, *fourth.models] == [
        "sail/Qwen2.5-Math-7B-Oat-Zero",
        "Qwen/Qwen2.5-Math-7B-Instruct",
        "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B",
    ]
    for given in (first, fourth):
        assert [source.name for source in given.settings.benchmarks] == ["minerva"]
        assert given.settings.design == "fixed:128"
        assert (given.settings.sampling.temperature, given.settings.sampling.top_p) == (0.6, 0.95)


def test_models_of_a_file_are_evaluated_side_by_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WANDB_MODE", "disabled")
    write(
        tmp_path,
        f"base: {BASE}\nmodels: [{another_model(tmp_path)}]\n"
        "evaluation: {benchmarks: {name: countdown-dev, limit: 3}, design: 'fixed:2', "
        "sampler: hf, sampling: {max_completion_tokens: 4}}\n",
    )
    assert main(["eval", "two.yaml", "--processes", "1", "run_seed=3"]) == 0
    summary = json.loads((tmp_path / "runs" / "two" / "summary.json").read_text())
    rows = summary["benchmarks"]["countdown-dev"]["models"]
    assert [(row["step"], row["problems"]) for row in rows] == [(0, 3), (1, 3)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("models: [a]\n", "expected the keys models and evaluation"),
        ("- a\n", "expected the keys models and evaluation"),
        ("a: [\n", "not valid YAML"),
    ],
)
def test_file_of_another_kind_is_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        read(write(tmp_path, text))


def test_wrong_keys_are_named_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(Faults, match="unknown key 'bse'; did you mean 'base'"):
        read(write(tmp_path, "bse: a\nmodels: [b]\nevaluation: {benchmarks: minerva}\n"))
    with pytest.raises(Faults, match=r"unknown key 'evaluation\.desing'; did you mean 'design'"):
        read(write(tmp_path, "models: [b]\nevaluation: {benchmarks: minerva, desing: x}\n"))


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.yaml: no such file"):
        read(tmp_path / "none.yaml")
