"""Recipes: every fault is named at once, with what to write instead."""

from pathlib import Path

import pytest
import yaml

from rlvr.core.errors import Faults, UserError
from rlvr.recipes import recipe as recipes
from rlvr.tiny import RECIPES

GRPO = RECIPES / "grpo.yaml"


def write(folder: Path, text: str) -> Path:
    path = folder / "a.yaml"
    path.write_text(text)
    return path


def test_all_faults_are_named_in_one_message(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        model: embedded:countdown-base
        method: grop
        sed: 1
        data: {problems: countdown-train, promt: plain}
        evaluation: {benchmarks: countdown-test, sampling: {temperature: -1}}
        """,
    )
    with pytest.raises(Faults) as caught:
        recipes.load(path)
    message = str(caught.value)
    assert caught.value.codes == {
        ("unknown-key", "sed"),
        ("unknown-key", "data.promt"),
        ("invalid-value", "method"),
        ("invalid-value", "evaluation.sampling.temperature"),
    }
    assert all(line.startswith(f"{path}: ") for line in message.splitlines())
    assert "'grop'" in message
    assert "-1" in message


def test_missing_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(Faults) as caught:
        recipes.load(write(tmp_path, "method: sft\ndata: {}\n"))
    assert caught.value.codes == {("missing-key", "model")}


@pytest.mark.parametrize(
    ("text", "message"),
    [("a: [", "not valid YAML"), ("- a\n- b\n", "expected a mapping of keys, found a list")],
)
def test_file_that_is_no_recipe_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        recipes.load(write(tmp_path, text))


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.yaml: no such recipe file"):
        recipes.load(tmp_path / "none.yaml")


def test_overrides_replace_values_at_any_depth() -> None:
    recipe = recipes.load(GRPO, ["seed=7", "trainer.learning_rate=1e-6", "evaluation.run_seed=2"])
    assert recipe.seed == 7
    assert float(recipe.trainer["learning_rate"]) == 1e-6
    assert recipe.evaluation is not None
    assert recipe.evaluation.run_seed == 2


@pytest.mark.parametrize("override", ["seed", "=3", "model.x=1"])
def test_override_that_cannot_be_applied_is_quoted(override: str) -> None:
    with pytest.raises(UserError, match=override.split("=")[0] or "=3"):
        recipes.load(GRPO, [override])


def test_dumped_recipe_reads_back_to_an_equal_one(tmp_path: Path) -> None:
    recipe = recipes.load(GRPO)
    assert recipes.load(write(tmp_path, recipes.dump(recipe))) == recipe


def test_name_defaults_to_the_files(tmp_path: Path) -> None:
    raw = yaml.safe_load(GRPO.read_text())
    del raw["name"]
    assert recipes.load(write(tmp_path, yaml.safe_dump(raw))).name == "a"


def test_writing_a_recipe_warns_of_nothing(recwarn: pytest.WarningsRecorder) -> None:
    recipe = recipes.load(RECIPES / "grpo.yaml", ["evaluation.looks=[64,256]"])
    assert recipes.parse(recipe.model_dump(mode="json"), source="dumped") == recipe
    recipe.model_dump_json()
    assert [str(each.message) for each in recwarn] == []
