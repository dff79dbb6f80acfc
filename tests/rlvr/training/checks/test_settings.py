"""A recipe's faults are named all at once, each with what to write instead."""

from pathlib import Path
from typing import Any

import pytest

from rlvr.core.errors import Fault, Faults
from rlvr.recipes import recipe as recipes
from rlvr.runs.run_directory import Run
from rlvr.training.checks.settings import training_arguments
from rlvr.training.methods import registry
from tests.rlvr.training.known_batch import raw_recipe


def faults(raw: Any) -> list[Fault]:
    try:
        recipe = recipes.parse(raw, source="r.yaml")
        training_arguments(
            recipe, registry.get(recipe.method), Run(Path("unused")), source="r.yaml"
        )
    except Faults as error:
        return list(error.faults)
    return []


@pytest.mark.parametrize("method", ["grpo", "ppo", "rloo", "reinforce_pp", "remax", "dapo"])
def test_the_recipe_that_the_other_tests_train_has_no_fault(method: str) -> None:
    assert faults(raw_recipe(method)) == []


def test_all_faults_of_the_trainer_are_named_at_once() -> None:
    options = {"num_generation": 8, "learning_rate": "fast", "seed": 1, "output_dir": "x"}
    found = faults(raw_recipe("ppo", options))
    assert {(fault.code, fault.key) for fault in found} == {
        ("unknown-key", "trainer.num_generation"),
        ("invalid-value", "trainer.learning_rate"),
        ("reserved-key", "trainer.seed"),
        ("reserved-key", "trainer.output_dir"),
    }


def test_section_of_another_method_is_named_beside_other_faults() -> None:
    found = faults(raw_recipe("rloo", ppo={"gamma": 1}, dapo={}) | {"sead": 1})
    assert [(fault.code, fault.key) for fault in found] == [
        ("unknown-key", "sead"),
        ("misplaced-section", "ppo"),
        ("misplaced-section", "dapo"),
    ]


@pytest.mark.parametrize(
    ("method", "section", "fault"),
    [
        ("ppo", {"gae_lamda": 0.9}, "unknown key 'ppo.gae_lamda'; did you mean 'gae_lambda'?"),
        ("ppo", {"gamma": 0}, "ppo.gamma: Input should be greater than 0, found 0"),
        ("dapo", {"max_rounds": 0}, "dapo.max_rounds: Input should be greater than or equal to 1"),
        ("reinforce_pp", {"kl": 1}, "unknown key 'reinforce_pp.kl'; known keys: gamma, kl_coeffic"),
    ],
)
def test_fault_in_a_methods_own_section_is_named(
    method: str, section: dict[str, Any], fault: str
) -> None:
    found = faults(raw_recipe(method, **{method: section}))
    assert len(found) == 1
    assert found[0].startswith(fault)


@pytest.mark.parametrize(
    ("rewards", "fault"),
    [
        ({"formt": {}}, "unknown key 'rewards.formt'; did you mean 'format'?"),
        ({"format": {"style": "xml"}}, "rewards.format.style: Input should be 'tags' or 'box'"),
        ({"overlong": {}}, "missing key 'rewards.overlong.buffer_tokens'"),
        (
            {"overlong": {"buffer_tokens": 25}},
            "rewards.overlong.buffer_tokens: 25 is more than trainer.max_completion_length; "
            "write at most 24",
        ),
    ],
)
def test_fault_in_the_rewards_is_named(rewards: dict[str, Any], fault: str) -> None:
    found = faults(raw_recipe("grpo", rewards=rewards))
    assert len(found) == 1
    assert found[0].startswith(fault)


def test_weights_of_rewards_have_one_place() -> None:
    assert faults(raw_recipe("grpo", {"reward_weights": [1.0, 2.0]})) == [
        "trainer.reward_weights cannot be set: write rewards.format.weight and so on"
    ]


def test_kl_needs_weights_to_stay_near() -> None:
    raw = raw_recipe("reinforce_pp", reinforce_pp={"kl_coefficient": 0.1})
    found = faults(raw | {"initialize": "random"})
    assert len(found) == 1
    assert "a KL penalty needs pretrained weights" in found[0]


def test_checkpoint_between_two_generations_is_refused_with_the_nearest_that_is_not() -> None:
    options = {"save_strategy": "steps", "save_steps": 3, "steps_per_generation": 2}
    assert "write 4" in faults(raw_recipe("dapo", options))[0]


def test_resolved_recipe_of_every_method_reads_back_as_it_was(tmp_path: Path) -> None:
    for method in ("ppo", "dapo", "reinforce_pp", "remax"):
        recipe = recipes.parse(raw_recipe(method), source="r.yaml")
        file = tmp_path / "recipe.yaml"
        file.write_text(recipes.dump(recipe))
        assert recipes.load(file) == recipe
