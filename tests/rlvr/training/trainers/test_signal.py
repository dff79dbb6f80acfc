"""A rollout in which no completion is better than another moves nothing, whatever its rewards."""

from pathlib import Path
from typing import Any

import pytest
import torch

from tests.rlvr.training.known_batch import GROUP, known_trainer, raw_recipe

METHODS = ("grpo", "ppo", "rloo", "reinforce_pp", "remax")


def _advantages(trainer: Any) -> torch.Tensor:
    trainer.train()
    advantages: torch.Tensor = trainer._buffered_inputs[0]["advantages"]
    return advantages


@pytest.mark.parametrize("weight", [0.1, 0.7])
@pytest.mark.parametrize("method", METHODS)
def test_equal_rewards_that_are_no_binary_fraction_teach_nothing(
    tmp_path: Path, method: str, weight: float
) -> None:
    """All right, all equally long: 1 minus the same penalty for every completion."""
    raw = raw_recipe(method, rewards={"overlong": {"buffer_tokens": 23, "weight": weight}})
    trainer = known_trainer(raw, tmp_path, right=GROUP)
    if method == "remax":  # its greedy completions are as right and as long as the others
        trainer._greedy_rewards = lambda rows: {row["problem"]: _same(trainer, row) for row in rows}
    assert _advantages(trainer).abs().max() < 1e-7
    assert not trainer.has_signal()
    assert 0 < trainer.rewards[0] < 1
    logged = trainer.state.log_history[0]
    assert (logged["reward_group_std"], logged["frac_reward_zero_std"]) == (0, 1)


def _same(trainer: Any, row: Any) -> float:
    rollout = trainer.rollout_func([row["prompt"]], trainer)
    ids = rollout["completion_ids"]
    texts = trainer.processing_class.batch_decode(ids, skip_special_tokens=True)
    return float(trainer.task.total(texts, ids, [row["problem"]])[0])


@pytest.mark.parametrize("method", ["grpo", "dapo"])
def test_rewards_scaled_one_by_one_make_nothing_of_a_last_digit(
    tmp_path: Path, method: str
) -> None:
    """normalize_then_sum scales within the group, and what comes of it over the batch."""
    raw = raw_recipe(
        method,
        {"multi_objective_aggregation": "normalize_then_sum"},
        rewards={"overlong": {"buffer_tokens": 23, "weight": 0.1}},
    )
    trainer = known_trainer(raw, tmp_path, right=1 if method == "dapo" else GROUP)
    advantages = _advantages(trainer)
    assert trainer.has_signal() == (method == "dapo")
    assert bool(advantages.any()) == (method == "dapo")


def test_equal_rewards_that_beat_the_greedy_completion_are_a_signal_for_remax(
    tmp_path: Path,
) -> None:
    trainer = known_trainer(raw_recipe("remax"), tmp_path, right=GROUP)
    trainer._greedy_rewards = lambda rows: {row["problem"]: 0.0 for row in rows}
    assert _advantages(trainer).tolist() == [1.0] * 8
    assert trainer.has_signal()
