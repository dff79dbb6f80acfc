"""Comparisons of given models as files: what they say, and that `rlvr eval` carries them out."""

import itertools
import json
import re
import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from rlvr.answers import prompts
from rlvr.cli.main import main
from rlvr.core.errors import Faults, UserError
from rlvr.tasks import problems
from rlvr.tiny.model import BASE
from rlvr_eval.plan.models_file import read

EVALUATIONS = Path(__file__).resolve().parents[3] / "recipes" / "evaluations"


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


ALL = sorted(EVALUATIONS.glob("*.yaml"))
# base, RL of it, benchmarks: arXiv:2504.13837, table 1, but for its visual row
TABLE_1 = {
    "simplerl-qwen2.5-7b": ("Qwen2.5-7B", "SimpleRL-Zoo"),
    "simplerl-qwen2.5-14b": ("Qwen2.5-14B", "SimpleRL-Zoo"),
    "simplerl-qwen2.5-32b": ("Qwen2.5-32B", "SimpleRL-Zoo"),
    "simplerl-llama-3.1-8b": ("Llama-3.1-8B", "SimpleRL-Zoo"),
    "oat-zero": ("Qwen2.5-Math-7B", "Oat-Zero"),
    "dapo-qwen2.5-32b": ("Qwen2.5-32B", "DAPO"),
    "code-r1": ("Qwen2.5-7B-Instruct-1M", "CodeR1"),
    "deepcoder": ("DeepSeek-R1-Distill-Qwen-14B", "DeepCoder"),
}
MATHEMATICS = {"gsm8k", "math500", "minerva", "olympiadbench", "aime24", "amc23"}

every_file = pytest.mark.parametrize("path", ALL, ids=[path.stem for path in ALL])


def benchmarks_of(path: Path) -> set[str]:
    return {source.name for source in read(path).settings.benchmarks}


@every_file
def test_n_and_sampling_are_those_of_the_study(path: Path) -> None:
    """Section 3: 128 draws; 1024 for AIME24, AMC23 and Llama on OlympiadBench."""
    given = read(path)
    settings = given.settings
    for name in benchmarks_of(path):
        llama = path.stem.startswith("simplerl-llama") and name == "olympiadbench"
        assert settings.design == f"fixed:{1024 if llama else problems.get(name).n}"
    assert (settings.sampling.temperature, settings.sampling.top_p) == (0.6, 0.95)
    # a model of 4,096 tokens has no room for the study's 16,384
    is_short = str(given.base).endswith("Qwen2.5-Math-7B")
    budget = 32_768 if path.stem == "deepcoder" else 3000 if is_short else 16_384
    assert settings.sampling.max_completion_tokens == budget


@every_file
def test_prompt_is_one_that_exists_for_all_of_a_files_models(path: Path) -> None:
    assert read(path).settings.prompt in {None, *prompts.NAMES}


@every_file
def test_file_opens_with_its_source_its_hardware_and_its_command(path: Path) -> None:
    head = path.read_text().split("\nbase:")[0].split("\nmodels:")[0]
    assert "arXiv:2504.13837" in head
    assert re.search(r"^# Hardware: \d+ GPUs?", head, re.MULTILINE)
    assert (
        f"recipes/evaluations/{path.name}" in head + "recipes/evaluations/figure-7-distilled.yaml"
    )


@every_file
def test_every_value_says_where_it_comes_from(path: Path) -> None:
    section = path.read_text().partition("\nevaluation:\n")[2].splitlines()
    for before, line in itertools.pairwise(["", *section]):
        assert "#" in line or before.lstrip().startswith("#"), line


@pytest.mark.parametrize("name", TABLE_1)
def test_every_start_model_of_table_1_is_evaluated_beside_its_rl(name: str) -> None:
    base, method = TABLE_1[name]
    for path in EVALUATIONS.glob(f"{name}*.yaml"):
        given = read(path)
        assert str(given.base).endswith(f"/{base}")
        assert [method in model for model in given.models] == [True]


@pytest.mark.parametrize("name", [name for name in TABLE_1 if name.startswith("simplerl")])
def test_both_files_of_a_model_hold_each_benchmark_once(name: str) -> None:
    large, few = (benchmarks_of(EVALUATIONS / f"{name}{end}.yaml") for end in ("", "-competitions"))
    assert large | few == MATHEMATICS
    assert not large & few


def test_programs_are_evaluated_on_the_studys_three_sets() -> None:
    expected = {"livecodebench", "humaneval+", "mbpp+"}
    assert benchmarks_of(EVALUATIONS / "code-r1.yaml") == expected
    assert benchmarks_of(EVALUATIONS / "deepcoder.yaml") == {"livecodebench"}


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
        ("- a\n", "expected a mapping of keys, found a list"),
        ("a: [\n", "not valid YAML"),
    ],
)
def test_file_of_another_kind_is_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        read(write(tmp_path, text))


def test_wrong_keys_are_named_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(Faults) as of_file:
        read(write(tmp_path, "bse: a\nmodels: [b]\nevaluation: {benchmarks: minerva}\n"))
    assert ("unknown-key", "bse") in of_file.value.codes
    with pytest.raises(Faults) as of_section:
        read(write(tmp_path, "models: [b]\nevaluation: {benchmarks: minerva, desing: x}\n"))
    assert of_section.value.codes == {("unknown-key", "evaluation.desing")}


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.yaml: no such file"):
        read(tmp_path / "none.yaml")
