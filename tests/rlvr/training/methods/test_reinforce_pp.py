"""Reinforce++'s advantages by hand, and what an update does."""

from pathlib import Path

import pytest
import torch

from tests.rlvr.training.known_batch import FailingVerifier, known_trainer, raw_recipe, update


def test_advantage_is_the_reward_whitened_over_all_tokens_of_the_batch(tmp_path: Path) -> None:
    made = update(known_trainer(raw_recipe("reinforce_pp"), tmp_path, right=1))

    lengths = made.is_token.sum(1).double()
    rewards = made.is_right.double()
    mean = (rewards * lengths).sum() / lengths.sum()
    spread = ((rewards - mean) ** 2 * lengths).sum() / lengths.sum()
    expected = ((rewards - mean) / spread.sqrt())[:, None] * made.is_token
    assert torch.allclose(made.advantages.double(), expected, atol=1e-5)


def test_with_discount_early_tokens_get_less_of_the_reward(tmp_path: Path) -> None:
    raw = raw_recipe("reinforce_pp", reinforce_pp={"gamma": 0.5})
    made = update(known_trainer(raw, tmp_path, right=1))

    lengths = made.is_token.sum(1)
    returns = torch.zeros_like(made.advantages)
    for row, length in enumerate(lengths.tolist()):
        for t in range(length):
            returns[row, t] = float(made.is_right[row]) * 0.5 ** (length - 1 - t)
    counted = returns[made.is_token.bool()]
    expected = (returns - counted.mean()) / counted.std(correction=0) * made.is_token
    assert torch.allclose(made.advantages, expected, atol=1e-5)


def test_kl_penalty_of_a_policy_that_is_still_the_reference_is_nothing(tmp_path: Path) -> None:
    raw = raw_recipe("reinforce_pp", reinforce_pp={"kl_coefficient": 0.1})
    trainer = known_trainer(raw, tmp_path, right=1)
    plain = update(known_trainer(raw_recipe("reinforce_pp"), tmp_path, right=1))
    made = update(trainer)
    assert torch.allclose(made.advantages, plain.advantages, atol=1e-4)
    logged = trainer.state.log_history[0]
    assert logged["reward_kl"] == pytest.approx(0, abs=1e-6)
    assert "kl" not in logged  # none in the loss: it would count twice


def test_kl_penalty_lowers_the_reward_of_tokens_the_policy_has_come_to_prefer(
    tmp_path: Path,
) -> None:
    raw = raw_recipe(
        "reinforce_pp",
        {"max_steps": 2, "num_iterations": 1, "learning_rate": 1e-3},
        reinforce_pp={"kl_coefficient": 0.5},
    )
    trainer = known_trainer(raw, tmp_path, right=1)
    trainer.train()
    batch = trainer._buffered_inputs[0]
    is_token = batch["completion_mask"]
    kl = (batch["old_per_token_logps"] - batch["ref_per_token_logps"]) * is_token
    assert kl.abs().max() > 1e-3

    final = trainer.of_this_process(trainer.rewards)
    rewards = trainer.token_rewards(batch)
    assert rewards.sum().item() == pytest.approx((final.sum() - 0.5 * kl.sum()).item(), abs=1e-4)
    assert trainer.state.log_history[1]["reward_kl"] == pytest.approx(
        (kl.sum() / is_token.sum()).item(), abs=1e-6
    )


def test_undecided_completion_is_neither_in_the_mean_nor_in_the_loss(tmp_path: Path) -> None:
    raw = raw_recipe("reinforce_pp", rewards={"max_undecided_share": 0.5})
    trainer = known_trainer(raw, tmp_path, right=1)
    inner = trainer.task._verifier
    trainer.task._verifier = FailingVerifier(
        inner, lambda attempt: inner.verify([attempt])[0].outcome == "correct"
    )
    made = update(trainer)
    # only wrong completions are left, all alike: nothing to learn from them either
    assert made.advantages.abs().max() == 0


def test_one_update_makes_right_completions_likelier_and_wrong_ones_less_likely(
    tmp_path: Path,
) -> None:
    made = update(known_trainer(raw_recipe("reinforce_pp"), tmp_path, right=2))
    assert bool((made.change[:4] > 0).all())
    assert made.change[4:].mean() < 0
