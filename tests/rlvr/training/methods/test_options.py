"""An option that a method never reads, or reads as something else, is a fault with its reason."""

import dataclasses
from typing import Any, get_type_hints

import pytest
from trl import GRPOConfig

from rlvr.recipes import recipe as recipes
from rlvr.training.checks.settings import trainer_faults
from rlvr.training.methods import options, registry
from tests.rlvr.training.known_batch import raw_recipe

METHODS = ("grpo", "ppo", "rloo", "reinforce_pp", "remax", "dapo")
VLLM = {"use_vllm": True}


def faults(method: str, trainer: dict[str, Any]) -> list[str]:
    """Of a recipe for another machine, or its vLLM would be missing here."""
    recipe = recipes.parse(raw_recipe(method, trainer), source="test")
    return trainer_faults(recipe, registry.get(method), 1)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("option", [{"scale_rewards": "none"}, {"scale_rewards": "batch"}])
def test_scaling_of_rewards_is_read_by_the_methods_that_take_trls_advantages(
    method: str, option: dict[str, Any]
) -> None:
    for given in (option, {"multi_objective_aggregation": "normalize_then_sum"}):
        (key,) = given
        found = faults(method, given)
        if method in ("grpo", "dapo"):
            assert found == []
        else:
            (fault,) = found
            assert fault.startswith(f"trainer.{key} is never read by method {method}: it")
            assert fault.endswith("; remove it")


@pytest.mark.parametrize("method", METHODS)
def test_vespo_needs_one_advantage_for_a_completion(method: str) -> None:
    (fault,) = faults(method, {"loss_type": "vespo"}) or [""]
    expected = {
        "ppo": "trainer.loss_type: vespo weighs a whole completion",
        "reinforce_pp": "trainer.loss_type: vespo weighs a whole completion",
        "dapo": "trainer.loss_type: vespo is not a mean over tokens",
    }
    assert fault.startswith(expected.get(method, ""))
    assert bool(fault) == (method in expected)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("option", "instead"),
    [
        ({"top_p": 0.95}, "write top_p: 1, or "),
        ({"top_k": 50}, "write top_k: 0, or "),
        ({"min_p": 0.05}, "remove it, or "),
        ({"repetition_penalty": 1.05}, "write repetition_penalty: 1, or "),
        ({"vllm_structured_outputs_regex": "[0-9]+"}, "remove it, or "),
        ({"generation_kwargs": {"top_p": 0.9}}, "remove it, or "),
        ({"generation_kwargs": {"min_tokens": 5}}, "remove it, or "),
    ],
)
def test_part_of_the_distribution_is_refused_under_vllm_alone(
    method: str, option: dict[str, Any], instead: str
) -> None:
    (fault,) = faults(method, VLLM | option)
    assert "importance weights are no correction" in fault
    assert f"{instead}vllm_importance_sampling_correction: false" in fault
    assert faults(method, VLLM | option | {"vllm_importance_sampling_correction": False}) == []
    if not any("vllm" in key for key in option):
        assert faults(method, option) == []


@pytest.mark.parametrize(
    "whole", [{}, {"top_p": 1.0, "top_k": 0}, {"top_p": 1, "top_k": -1, "min_p": 0.0}]
)
def test_whole_distribution_under_vllm_is_no_fault(whole: dict[str, Any]) -> None:
    assert faults("grpo", VLLM | whole) == []


@pytest.mark.parametrize(
    ("trainer", "fault"),
    [
        ({"loss_type": "dapoo"}, "trainer.loss_type: there is no 'dapoo'; did you mean 'dapo'?"),
        ({"scale_rewards": "std"}, "trainer.scale_rewards: there is no 'std'; write one of group"),
        ({"importance_sampling_level": "tokens"}, "trainer.importance_sampling_level: there is no"),
        ({"vllm_importance_sampling_mode": "token"}, "trainer.vllm_importance_sampling_mode: th"),
        ({"vllm_mode": "collocate"}, "trainer.vllm_mode: there is no 'collocate'; did you mean"),
        (
            {"loss_type": "cispo", "delta": 3.0, "epsilon_high": 5.0},
            "trainer.delta is never read w",
        ),
        ({"loss_type": "sapo", "epsilon": 0.2}, "trainer.epsilon is never read with loss_type: sa"),
        ({"loss_type": "vespo", "importance_sampling_level": "token"}, "trainer.importance_sampl"),
        ({"sapo_temperature_pos": 1.1}, "trainer.sapo_temperature_pos is never read with loss_ty"),
        ({"vespo_k_pos": 1.1}, "trainer.vespo_k_pos is never read with loss_type: dapo, but with"),
        ({"loss_type": "cispo"}, "trainer.loss_type: cispo bounds the ratio itself by epsilon_hi"),
        ({"use_bias_correction_kl": True}, "trainer.use_bias_correction_kl is read only with tra"),
        ({"ref_model_sync_steps": 9}, "trainer.ref_model_sync_steps is read only with trainer.sy"),
        ({"entropy_target": 0.3}, "trainer.entropy_target is read only with trainer.use_adaptive"),
        ({"chat_template_kwargs": {"x": 1}}, "trainer.chat_template_kwargs is never read: data.p"),
        ({"trust_remote_code": True}, "trainer.trust_remote_code is never read: models and tok"),
        ({"delta": 1.1}, "trainer.delta: 1.1 is not beyond the upper clip of 1.2, where it would"),
        ({"eval_strategy": "steps"}, "trainer.eval_strategy cannot be set: training evaluates n"),
        ({"load_best_model_at_end": True}, "trainer.load_best_model_at_end cannot be set: train"),
        ({"resume_from_checkpoint": "x"}, "trainer.resume_from_checkpoint cannot be set: a run "),
        (
            {"multi_objective_aggregation": "normalize_then_sum", "scale_rewards": "batch"},
            "trainer.scale_rewards is never read with multi_objective_aggregation",
        ),
        (
            {"steps_per_generation": 3, "gradient_accumulation_steps": 2}
            | {"save_strategy": "steps", "save_steps": 2},
            "trainer.save_steps: 2 falls between two generations (one lasts 3 steps)",
        ),
    ],
)
def test_option_that_does_nothing_is_a_fault(trainer: dict[str, Any], fault: str) -> None:
    (found,) = faults("grpo", trainer)
    assert found.startswith(fault)


DEMONSTRATIONS = {"generator": "countdown-chains", "count": 8}
PROBLEMS = {"problems": "countdown-train"}
PENALTY = {"overlong": {"buffer_tokens": 4}}


@pytest.mark.parametrize(
    ("method", "sections", "fault"),
    [
        ("grpo", {"data": PROBLEMS | {"demonstrations": DEMONSTRATIONS}}, "data.demonstrations is"),
        ("sft", {"data": PROBLEMS | {"demonstrations": DEMONSTRATIONS}}, "data.problems is never"),
        (
            "sft",
            {"data": {"verifier": "math", "demonstrations": DEMONSTRATIONS}},
            "data.verifier is never read",
        ),
        (
            "sft",
            {"data": {"demonstrations": DEMONSTRATIONS}, "rewards": PENALTY},
            "rewards: is never read by method sft",
        ),
        (
            "on_policy_distillation",
            {"data": PROBLEMS, "rewards": PENALTY},
            "rewards: is never read by method on_policy_distillation",
        ),
        (
            "on_policy_distillation",
            {"data": PROBLEMS | {"verifier": "math"}},
            "data.verifier is never read by method on_policy_distillation",
        ),
    ],
)
def test_section_that_a_method_never_reads_is_a_fault(
    method: str, sections: dict[str, Any], fault: str
) -> None:
    trainer = {"teacher_model_name_or_path": "x"} if method == "on_policy_distillation" else {}
    raw = raw_recipe(method, **sections) | {"trainer": trainer}
    (found,) = trainer_faults(recipes.parse(raw, source="test"), registry.get(method), 1)
    assert found.startswith(fault)


@pytest.mark.parametrize(
    "trainer",
    [
        {"loss_type": "cispo", "epsilon_high": 5.0},
        {"loss_type": "sapo", "sapo_temperature_pos": 1.1},
        {"loss_type": "vespo", "vespo_k_pos": 2.0},
        {"delta": 3.0, "epsilon": 0.2, "epsilon_high": 0.28},
        {"beta": 0.01, "use_bias_correction_kl": True},
        {"beta": 0.01, "sync_ref_model": True, "ref_model_sync_steps": 9},
        {"use_adaptive_entropy": True, "entropy_target": 0.3},
        {"scale_rewards": "none"},
    ],
)
def test_option_that_is_read_is_no_fault(trainer: dict[str, Any]) -> None:
    assert faults("grpo", trainer) == []


def test_every_option_named_here_is_one_of_trls() -> None:
    known = {field.name for field in dataclasses.fields(GRPOConfig)} & get_type_hints(
        GRPOConfig
    ).keys()
    named = {
        *options._CHOICES,
        *options._NEVER,
        *options._BY_LOSS,
        *options._ONLY_WITH,
        *options._ONLY_WITH.values(),
        *options._WHOLE,
    }
    assert named <= known
