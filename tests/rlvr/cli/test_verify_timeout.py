"""The verifier's time limit: one key of a recipe, and an option of the same name."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from rlvr import verifiers
from rlvr.cli.main import main
from rlvr.core.errors import Faults
from rlvr.distill.pipeline import prepare
from rlvr.recipes import recipe as recipes
from rlvr.recipes.recipe import Recipe
from rlvr.runs.run_directory import Run
from rlvr.training.checks.settings import training_arguments
from rlvr.training.loop.train import build_trainer
from rlvr.training.methods import registry
from rlvr.weights.models import EMBEDDED
from rlvr_eval.draw.regrade import regrade
from rlvr_eval.plan.named_models_folder import settings_of
from rlvr_eval.plan.planning import plan, store_of
from tests.recorder import Recorder
from tests.rlvr.distill.recipes_for_tests import raw as distilling
from tests.rlvr.training.known_batch import raw_recipe
from tests.rlvr_eval.simulated import evaluate, evaluation, model

LIMIT_S = 7.5


@pytest.fixture
def limits_s(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What countdown's verifier is given, call by call."""
    monkeypatch.setitem(verifiers._CLASSES, "countdown", "tests.recorder:Recorder")
    Recorder.limits_s.clear()
    return Recorder.limits_s


def parsed(raw: Any) -> Recipe:
    return recipes.parse(raw | {"verify_timeout_s": LIMIT_S}, source="test")


def test_training_gives_its_verifier_the_recipes_time(
    tmp_path: Path, limits_s: list[float]
) -> None:
    recipe = parsed(raw_recipe("grpo"))
    run = Run(tmp_path / "run")
    args = training_arguments(recipe, registry.get("grpo"), run, source="test")
    trainer: Any = build_trainer(recipe, run, args, EMBEDDED["countdown-base"])
    trainer.task.total(["1"], [[1]], [0])
    assert limits_s == [LIMIT_S]


def test_distillation_does(tmp_path: Path, limits_s: list[float]) -> None:
    prepare(parsed(distilling(problems=2)), Run(tmp_path / "run"), stages=("teacher", "verify"))
    assert set(limits_s) == {LIMIT_S}


def test_evaluation_and_regrading_do(tmp_path: Path, limits_s: list[float]) -> None:
    run = Run(tmp_path / "run")
    raw = raw_recipe("grpo") | {"evaluation": {"benchmarks": "countdown-dev"}}
    run.start(parsed(raw))
    settings = settings_of(run)
    (planned,) = plan([model(tmp_path / "m", [0.5])], settings, store_of(run))
    assert planned.verify_timeout_s == LIMIT_S
    changed = settings_of(run, ["verify_timeout_s=9"])
    assert plan([planned.model], changed, store_of(run))[0].verify_timeout_s == 9

    evaluate(run, evaluation(tmp_path, [0.5], verifier="countdown", verify_timeout_s=LIMIT_S))
    assert set(limits_s) == {LIMIT_S}
    limits_s.clear()
    Recorder.version, before = "countdown@99", Recorder.version
    try:
        regrade(run, timeout_s=3.0)
    finally:
        Recorder.version = before
    assert set(limits_s) == {3.0}


def test_grade_has_an_option_of_the_same_name(
    limits_s: list[float], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line = {"id": 1, "gold": {"numbers": [1, 2], "target": 3}, "completion": "1 + 2 = 3"}
    for written, limit_s in ((["--verify-timeout-s", "0.5"], 0.5), ([], verifiers.TIMEOUT_S)):
        monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(line)))
        assert main(["grade", "-", "--task", "countdown", *written]) == 0
        assert limits_s.pop() == limit_s
    for wrong in ("0", "-1", "nan", "inf", "soon"):
        with pytest.raises(SystemExit):
            main(["grade", "-", "--task", "countdown", "--verify-timeout-s", wrong])
        assert f"'{wrong}' is not a time limit" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [0, -1, float("inf"), float("nan"), 1e9, "soon", None])
@pytest.mark.parametrize("section", ["", "evaluation"])
def test_a_time_limit_that_is_none_is_refused_by_its_key(wrong: Any, section: str) -> None:
    if section and wrong is None:
        return  # the recipe's
    raw = raw_recipe("grpo")
    target = raw.setdefault(section, {"benchmarks": "countdown-dev"}) if section else raw
    target["verify_timeout_s"] = wrong
    key = f"{section}.verify_timeout_s" if section else "verify_timeout_s"
    with pytest.raises(Faults, match=key):
        recipes.parse(raw, source="test")


def test_a_longer_time_is_a_way_on_for_a_run_that_has_begun(tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    run.start(recipes.parse(raw_recipe("grpo"), source="test"))
    run.start(parsed(raw_recipe("grpo")))
    assert run.recipe().verify_timeout_s == LIMIT_S
    # recipes of before have no such key
    old = yaml.safe_load((run.path / "recipe.yaml").read_text())
    del old["verify_timeout_s"]
    (run.path / "recipe.yaml").write_text(yaml.safe_dump(old))
    assert run.recipe().verify_timeout_s == verifiers.TIMEOUT_S
