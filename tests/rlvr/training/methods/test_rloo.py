"""RLOO's leave-one-out advantages by hand, and what an update does."""

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rlvr.core.records import Attempt
from rlvr.training.methods.rloo import leave_one_out
from tests.rlvr.training.known_batch import FailingVerifier, known_trainer, raw_recipe, update

NAN = float("nan")


def test_baseline_is_the_mean_of_the_other_completions() -> None:
    advantages = leave_one_out(torch.tensor([[1.0, 0.0, 0.0, 0.0], [1.0, 1.0, 0.5, 0.0]]))
    # 1 - 0, 0 - 1/3; and 1 - (1 + .5 + 0)/3, .5 - (1 + 1 + 0)/3, 0 - 2.5/3
    by_hand = [[1, -1 / 3, -1 / 3, -1 / 3], [0.5, 0.5, -1 / 6, -2.5 / 3]]
    assert torch.allclose(advantages, torch.tensor(by_hand))


def test_undecided_completion_is_in_nobodys_baseline_and_learns_nothing() -> None:
    advantages = leave_one_out(torch.tensor([[1.0, NAN, 0.0, 0.0]]))
    assert advantages.tolist()[0] == pytest.approx([1, 0, -0.5, -0.5])


def test_completion_without_decided_siblings_learns_nothing() -> None:
    groups = torch.tensor([[1.0, NAN, NAN, NAN], [NAN, NAN, NAN, NAN]])
    assert leave_one_out(groups).tolist() == [[0.0] * 4] * 2


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=9))
def test_it_is_the_centred_reward_times_n_over_n_minus_1(rewards: list[float]) -> None:
    group = torch.tensor([rewards], dtype=torch.float64)
    centred = group - group.mean()
    n = len(rewards)
    assert torch.allclose(leave_one_out(group), centred * n / (n - 1), atol=1e-9)


def test_trainer_uses_them_and_keeps_an_undecided_completion_out(tmp_path: Path) -> None:
    trainer = known_trainer(raw_recipe("rloo", rewards={"max_undecided_share": 0.5}), tmp_path)
    inner = trainer.task._verifier
    failed: set[str] = set()

    def fails_on(attempt: Attempt) -> bool:
        """The first wrong completion of each prompt."""
        is_first = attempt.problem.id not in failed
        if is_first and inner.verify([attempt])[0].outcome == "wrong":
            failed.add(attempt.problem.id)
            return True
        return False

    trainer.task._verifier = FailingVerifier(inner, fails_on)
    made = update(trainer)

    assert made.advantages[:2].tolist() == pytest.approx([1, 1])
    assert sorted(made.advantages[2:].tolist()) == pytest.approx([-0.5] * 4 + [0, 0])


def test_one_update_makes_right_completions_likelier_and_wrong_ones_less_likely(
    tmp_path: Path,
) -> None:
    made = update(known_trainer(raw_recipe("rloo"), tmp_path, right=2))
    assert bool((made.change[:4] > 0).all())
    assert made.change[4:].mean() < 0
