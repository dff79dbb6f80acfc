"""What completions weigh that another engine sampled, by length; it is told if it collapses."""

import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator

from rlvr.recipes import recipe as recipes
from rlvr.runs.run_directory import Run
from rlvr.training.checks.settings import training_arguments
from rlvr.training.loop.callbacks import MetricsLog
from rlvr.training.methods import registry
from rlvr.training.trainers.importance import LengthClass, by_length
from tests.rlvr.training.known_batch import known_trainer, raw_recipe

METHODS = ("grpo", "ppo", "rloo", "reinforce_pp", "remax", "dapo")


def classes(weights: torch.Tensor, is_token: torch.Tensor) -> dict[int, LengthClass]:
    return {found.tokens: found for found in by_length(weights, is_token, Accelerator(cpu=True))}


def test_classes_double_in_length_and_hold_their_own_completions_weights() -> None:
    is_token = (torch.arange(600) < torch.tensor([[1], [256], [257], [600]])).int()
    weights = torch.tensor([[2.0], [2.0], [1.0], [0.5]]).expand(-1, 600)
    found = classes(weights, is_token)
    assert {tokens: each.mean for tokens, each in found.items()} == {256: 2, 512: 1, 1024: 0.5}
    assert all(each.effective_share == pytest.approx(1) for each in found.values())


def test_weights_of_whole_completions_count_once_each() -> None:
    is_token = torch.ones(4, 10)
    found = classes(torch.tensor([[1.0], [1.0], [0.0], [0.0]]), is_token)[256]
    assert (found.mean, found.effective_share) == (0.5, 0.5)
    assert classes(torch.zeros(4, 1), is_token)[256].effective_share == 0


@pytest.mark.parametrize(("tokens", "whole"), [(200, 0.99), (1000, 0.75), (3000, 0.44)])
def test_length_bias_of_weights_for_whole_completions_is_seen_and_token_weights_have_none(
    tokens: int, whole: float
) -> None:
    """Log-probs that differ by a normal number of deviation 0.03 a token."""
    draw = torch.Generator().manual_seed(tokens)
    differences = torch.randn(1500, tokens, generator=draw) * 0.03 - 0.03**2 / 2
    is_token = torch.ones(1500, tokens)
    summed = differences.sum(1, keepdim=True).exp()
    masked = summed.masked_fill(summed > 3, 0)  # TRL's default
    (of_wholes,) = classes(masked, is_token).values()
    (of_tokens,) = classes(differences.exp().clamp(max=2), is_token).values()
    assert of_wholes.mean == pytest.approx(whole, abs=0.05)
    assert of_tokens.mean == pytest.approx(1, abs=0.001)
    assert of_tokens.effective_share > 0.99


@pytest.mark.parametrize("method", METHODS)
def test_weights_are_truncated_token_by_token_unless_the_recipe_says_otherwise(
    method: str,
) -> None:
    def built(options: dict[str, Any]) -> tuple[str, float]:
        recipe = recipes.parse(raw_recipe(method, {"use_vllm": True} | options), source="test")
        args = training_arguments(recipe, registry.get(method), Run(Path("unused")), source="test")
        return args.vllm_importance_sampling_mode, args.vllm_importance_sampling_clip_max

    assert built({}) == ("token_truncate", 2.0)
    other = {
        "vllm_importance_sampling_mode": "sequence_truncate",
        "vllm_importance_sampling_clip_max": 5.0,
    }
    assert built(other) == ("sequence_truncate", 5.0)


@pytest.mark.parametrize("method", ["grpo", "dapo"])
@pytest.mark.parametrize("claimed", [1.0, -5.0])
def test_weights_are_logged_and_their_collapse_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, method: str, claimed: float
) -> None:
    """A sampler whose log-probs are far above the trainer's, or below them."""
    trainer = known_trainer(raw_recipe(method, {"max_steps": 2}), tmp_path, right=1)
    _as_if_sampled_by_vllm(trainer, claimed)
    with caplog.at_level(logging.WARNING):
        trainer.train()
    first = trainer.state.log_history[0]
    mean = first["sampling/weight_mean/up_to_256_tokens"]
    assert mean == pytest.approx(first["sampling/importance_sampling_ratio/mean"], rel=1e-5)
    assert first["sampling/weight_effective_share/up_to_256_tokens"] <= 1
    batch = trainer._buffered_inputs[0]
    assert batch["importance_sampling_ratio"].shape == batch["completion_mask"].shape
    assert batch["importance_sampling_ratio"].amax() <= 2
    told = [record.message for record in caplog.records if "weigh" in record.message]
    assert len(told) == (mean < 0.5)
    assert (mean < 0.5) == (claimed == 1.0)


def _as_if_sampled_by_vllm(trainer: Any, logprob: float) -> None:
    """The trainer's part of sampling by vLLM, whose engine needs a GPU: its log-probs are made."""
    known = trainer.rollout_func

    def claimed(prompts: Any, trainer: Any) -> dict[str, Any]:
        trainer._last_loaded_step = trainer.state.global_step + 1
        rollout: dict[str, Any] = known(prompts, trainer)
        return rollout | {"logprobs": [[logprob] * len(ids) for ids in rollout["completion_ids"]]}

    trainer.rollout_func = claimed
    trainer._last_loaded_step = 0
    trainer.use_vllm = True


def test_step_repeats_what_its_own_rollout_logged_and_nothing_of_an_older_one(
    tmp_path: Path,
) -> None:
    from transformers import TrainerControl, TrainerState, TrainingArguments

    run = Run(tmp_path)
    log, state = MetricsLog(run), TrainerState(is_world_process_zero=True)
    long, short = ("sampling/weight_mean/up_to_512_tokens", "sampling/weight_mean/up_to_256_tokens")
    for step, logs in enumerate([{long: 0.9, "reward": 1.0}, {"loss": 0.1}, {short: 0.8}], 1):
        state.global_step = step
        log.on_log(TrainingArguments(str(tmp_path)), state, TrainerControl(), logs=logs)
    first, second, third = run.metrics()
    assert (first[long], second[long], second["reward"]) == (0.9, 0.9, 1.0)
    assert third[short] == 0.8
    assert long not in third
