"""`rlvr eval` with models by name: where it writes, what it asks for, and how it goes on."""

import json
from pathlib import Path

import pytest

from rlvr.cli.main import main
from rlvr.core.errors import Faults, UserError
from rlvr.recipes import recipe as recipes
from rlvr.runs.run_directory import Run
from rlvr.weights.models import EMBEDDED
from rlvr_eval.draw.regrade import regrade
from rlvr_eval.plan.ledger import Ledger
from rlvr_eval.plan.named_models_folder import (
    Given,
    is_given,
    read_given,
    settings_of,
    write_given,
)
from rlvr_eval.plan.planning import models_of

TINY = str(EMBEDDED["countdown-base"])
MEASURED = recipes.evaluation({"benchmarks": "math500", "design": "fixed:8"}, source="test")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path / "run")


def test_what_was_named_is_read_back(run: Run) -> None:
    given = Given("Qwen/Qwen2.5-7B", ("out", "other@main"), MEASURED)
    write_given(run, given)
    assert is_given(run)
    assert read_given(run) == given
    assert settings_of(run) == MEASURED


def test_overrides_change_the_settings_of_one_call(run: Run) -> None:
    write_given(run, Given(TINY, (), MEASURED))
    changed = settings_of(run, ["design=fixed:64", "sampling.temperature=1.0"])
    assert (changed.design, changed.sampling.temperature) == ("fixed:64", 1.0)
    assert settings_of(run) == MEASURED


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("desing=fixed:8", "unknown key 'evaluation.desing'; did you mean 'design'"),
        ("keep_text=some", "evaluation.keep_text: String should match pattern"),
        ("sampling.temperature=-1", "evaluation.sampling.temperature: "),
    ],
)
def test_a_wrong_override_is_named(override: str, message: str, run: Run) -> None:
    write_given(run, Given(TINY, (), MEASURED))
    with pytest.raises(Faults, match=message):
        settings_of(run, [override])


def test_a_training_run_is_not_taken_for_models_by_name(run: Run) -> None:
    run.path.mkdir()
    (run.path / "recipe.yaml").write_text("name: run\n")
    with pytest.raises(UserError, match="is a training run; choose another --out"):
        write_given(run, Given(TINY, (), MEASURED))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["eval"], "name a run directory, or models"),
        (["eval", "runs/x", "--base", TINY], "name a run directory, or models"),
        (["eval", "--base", TINY], "say what to measure on: --benchmark"),
        (["eval", "nowhere"], "not a run directory"),
        (["eval", "--base", TINY, "--benchmark", "maths"], "unknown benchmark 'maths'"),
        (["eval", "--base", "./nowhere", "--benchmark", "countdown-test"], "no such folder"),
    ],
)
def test_a_command_that_says_too_little_is_told_what_to_say(
    words: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    assert message in capsys.readouterr().err


def test_a_named_model_is_evaluated_reported_extended_and_regraded(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The real sampler on the embedded base; each command goes on where the one before ended."""
    monkeypatch.setenv("WANDB_MODE", "disabled")
    settings = [
        "benchmarks=[{name: countdown-test, limit: 3}]",
        "sampling.max_completion_tokens=24",
        "sampler=hf",
        "keep_text=sample:1",
    ]
    named = ["eval", "--base", TINY, "--benchmark", "countdown-test", "--out", str(run.path)]
    assert main([*named, *settings, "--processes", "1", "--design", "fixed:2", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["run"]["models"] == [TINY]
    assert summary["benchmarks"]["countdown-test"]["models"][0]["design"] == "fixed:2"

    assert main(["eval", str(run.path), "--processes", "1", "--design", "fixed:4"]) == 0
    (outcomes,) = Ledger(run).outcomes()
    assert outcomes.completions == 12
    rows = Ledger(run).draws(Ledger(run).entries()[0]).completions(outcomes.problem_ids[0])
    assert [row["completion"] is not None for row in rows] == [True, False, False, False]
    assert [model.name for model in models_of(run)] == ["base"]

    assert main(["eval", str(run.path), "--regrade"]) == 0
    assert "0 of 12 verdicts changed" in capsys.readouterr().err
    assert not regrade(run)[0].changed
