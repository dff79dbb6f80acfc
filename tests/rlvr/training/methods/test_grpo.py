"""GRPO's advantages by hand, and what an update does."""

from pathlib import Path

import pytest
import torch

from tests.rlvr.training.known_batch import known_trainer, raw_recipe, update


def test_advantage_is_the_reward_centred_and_scaled_within_its_group(tmp_path: Path) -> None:
    made = update(known_trainer(raw_recipe("grpo"), tmp_path, right=1))

    # rewards 1 0 0 0: mean 1/4, standard deviation (n - 1) 1/2; TRL adds 1e-4 to it
    expected = [0.75 / 0.5001] * 2 + [-0.25 / 0.5001] * 6
    assert made.advantages.tolist() == pytest.approx(expected)


def test_dr_grpo_centres_and_does_not_scale(tmp_path: Path) -> None:
    options = {"loss_type": "dr_grpo", "scale_rewards": "none"}
    made = update(known_trainer(raw_recipe("grpo", options), tmp_path, right=1))
    assert made.advantages.tolist() == pytest.approx([0.75] * 2 + [-0.25] * 6)


def test_one_update_makes_right_completions_likelier_and_wrong_ones_less_likely(
    tmp_path: Path,
) -> None:
    made = update(known_trainer(raw_recipe("grpo"), tmp_path, right=2))
    assert made.is_right.tolist() == [True] * 4 + [False] * 4
    assert bool((made.change[:4] > 0).all())
    assert made.change[4:].mean() < 0


def test_kl_to_the_base_is_in_the_loss_where_the_recipe_asks_for_it(tmp_path: Path) -> None:
    trainer = known_trainer(raw_recipe("grpo", {"beta": 0.001}), tmp_path)
    trainer.train()
    logged = trainer.state.log_history[0]
    assert logged["kl"] == pytest.approx(0, abs=1e-6)  # before its first update, it is the base
    assert torch.isfinite(torch.tensor(logged["loss"]))
