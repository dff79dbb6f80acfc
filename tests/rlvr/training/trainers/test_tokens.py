"""Rewards, returns and advantages of tokens against sums written out by hand."""

import math

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from hypothesis import given
from hypothesis import strategies as st

from rlvr.training.trainers.tokens import (
    at_last_token,
    discounted_returns,
    explained_variance,
    generalized_advantages,
    whitened,
)

IS_TOKEN = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]])


def test_reward_stands_at_the_last_token_of_its_completion() -> None:
    placed = at_last_token(torch.tensor([1.0, -0.5]), IS_TOKEN)
    assert placed.tolist() == [[0, 0, 0, 1], [0, -0.5, 0, 0]]


def test_reward_of_an_empty_completion_stands_nowhere() -> None:
    assert at_last_token(torch.tensor([1.0]), torch.zeros(1, 3)).tolist() == [[0, 0, 0]]


def test_returns_are_discounted_sums_of_what_follows() -> None:
    returns = discounted_returns(torch.tensor([[1.0, 0.0, 2.0]]), gamma=0.5)
    assert returns.tolist() == [[1.5, 1.0, 2.0]]


def test_generalized_advantages_by_hand() -> None:
    rewards = torch.tensor([[0.0, 0.0, 1.0, 0.0]])
    values = torch.tensor([[0.5, 0.25, 0.75, 9.0]])
    is_token = torch.tensor([[1, 1, 1, 0]])

    advantages = generalized_advantages(rewards, values, is_token, gamma=0.9, gae_lambda=0.5)

    # delta = r + 0.9 V' - V: -0.275, 0.425, 0.25; each adds 0.45 of the next one's advantage
    third = 1 - 0.75
    second = 0.9 * 0.75 - 0.25 + 0.45 * third
    first = 0.9 * 0.25 - 0.5 + 0.45 * second
    assert advantages.tolist()[0] == pytest.approx([first, second, third, 0])


@given(
    st.lists(st.tuples(st.floats(-2, 2), st.floats(-2, 2)), min_size=1, max_size=7),
    st.floats(0.1, 1),
    st.floats(0, 1),
    st.integers(0, 3),
)
def test_generalized_advantages_are_the_weighted_mean_of_all_n_step_advantages(
    steps: list[tuple[float, float]], gamma: float, gae_lambda: float, padding: int
) -> None:
    rewards = np.array([reward for reward, _ in steps])
    values = np.array([value for _, value in steps] + [0.0])
    length = len(steps)

    def n_step(t: int, n: int) -> float:
        """r_t + .. + gamma^(n-1) r_{t+n-1} + gamma^n V_{t+n} - V_t."""
        gained = sum(gamma**i * rewards[t + i] for i in range(n))
        return float(gained + gamma**n * values[t + n] - values[t])

    def weighted(t: int) -> float:
        """(1 - lambda) sum over n of lambda^(n-1) A^(n), the last one taking what is left."""
        left = length - t
        shorter = sum(
            (1 - gae_lambda) * gae_lambda ** (n - 1) * n_step(t, n) for n in range(1, left)
        )
        return float(shorter + gae_lambda ** (left - 1) * n_step(t, left))

    def padded(x: np.ndarray) -> torch.Tensor:
        return torch.tensor(np.concatenate([x, np.full(padding, 0.0)]))[None]

    is_token = padded(np.ones(length))
    advantages = generalized_advantages(
        padded(rewards), padded(values[:-1]), is_token, gamma=gamma, gae_lambda=gae_lambda
    )
    expected = [weighted(t) for t in range(length)] + [0.0] * padding
    assert advantages[0].tolist() == pytest.approx(expected, abs=1e-9)


def test_whitened_tokens_have_mean_0_and_variance_1_and_the_others_are_0() -> None:
    values = torch.tensor([[3.0, 3.0, 3.0, 3.0], [0.0, 0.0, 99.0, 99.0]])
    white = whitened(values, IS_TOKEN, Accelerator(cpu=True))
    # six tokens, four of 3 and two of 0: mean 2, variance (4 * 1 + 2 * 4) / 6 = 2
    high, low = 1 / math.sqrt(2), -2 / math.sqrt(2)
    assert white.tolist() == [pytest.approx([high] * 4), pytest.approx([low, low, 0, 0])]


@pytest.mark.parametrize("reward", [0.0, 1.0, 0.1, 0.2, 1.1, -0.3, 0.7, 1e-30, -1e20])
@pytest.mark.parametrize("shape", [(2, 3), (64, 24), (256, 333)])
def test_whitening_equal_values_leaves_nothing_to_learn(
    reward: float, shape: tuple[int, int]
) -> None:
    values = torch.full(shape, reward)
    assert whitened(values, torch.ones(shape), Accelerator(cpu=True)).abs().max() == 0


@pytest.mark.parametrize(
    "terms",
    [
        [(1.0, -0.9), (0.1, 0.0)],  # a right completion at the end of its budget, a wrong short one
        [(0.7, 0.1, 0.2), (1.0, 0.0, 0.0), (0.2, 0.1, 0.7)],
        [(-0.3, 0.2), (-0.1, 0.0), (0.2, -0.3)],
    ],
)
def test_whitening_sums_that_differ_by_rounding_leaves_nothing_to_learn(
    terms: list[tuple[float, ...]],
) -> None:
    parts = torch.tensor(terms)
    sums = parts.sum(1, keepdim=True).expand(-1, 5).clone()
    sums[0, 0] = sums[0, 0].nextafter(torch.tensor(9.0))
    white = whitened(
        sums, torch.ones_like(sums), Accelerator(cpu=True), magnitude=parts.abs().sum(1).max()
    )
    assert white.abs().max() == 0


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_whitening_keeps_the_one_token_in_a_million_that_earned_something(scale: float) -> None:
    values = torch.zeros(1000, 1000)
    values[3, 4] = scale
    white = whitened(values, torch.ones_like(values), Accelerator(cpu=True))
    assert white[3, 4].item() == pytest.approx(1e3, rel=1e-5)
    assert white[0, 0].item() == pytest.approx(-1e-3, rel=1e-5)


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_number_that_is_none_is_not_taken_for_no_spread(broken: float) -> None:
    """Advantages of 0 would hide from the guard of the loss that a model has gone to pieces."""
    values = torch.tensor([[0.5, broken, 0.25]])
    assert whitened(values, torch.ones(1, 3), Accelerator(cpu=True)).isnan().any()
    at_padding = whitened(values, torch.tensor([[1.0, 0, 1]]), Accelerator(cpu=True))
    assert at_padding.tolist() == [[1, 0, -1]]


def test_numbers_at_padding_are_whitened_by_nothing() -> None:
    values = torch.tensor([[1.0, 1.0, 1.0, 1.0], [2.0, 2.0, math.nan, math.inf]])
    white = whitened(values, IS_TOKEN, Accelerator(cpu=True))
    assert white[1].tolist() == [pytest.approx(math.sqrt(2))] * 2 + [0, 0]


def test_returns_of_ten_thousand_tokens_are_exact_to_a_last_digit() -> None:
    rewards = torch.full((1, 10_000), 0.1)
    exact = math.fsum(rewards[0].tolist())
    assert discounted_returns(rewards, gamma=1.0)[0, 0].item() == pytest.approx(exact, rel=6e-8)


def test_explained_variance_of_a_perfect_and_of_a_constant_critic() -> None:
    returns = torch.tensor([[1.0, 1.0, 0.0, 1.0], [0.0, 0.0, 7.0, 7.0]])
    on_cpu = Accelerator(cpu=True)
    assert explained_variance(returns, returns, IS_TOKEN, on_cpu) == pytest.approx(1)
    constant = torch.full_like(returns, 0.3)
    assert explained_variance(constant, returns, IS_TOKEN, on_cpu) == pytest.approx(0, abs=1e-6)
    assert math.isnan(explained_variance(returns, constant, IS_TOKEN, on_cpu))
    nearly = constant.clone()
    nearly[0, 0] = nearly[0, 0].nextafter(torch.tensor(1.0))
    assert math.isnan(explained_variance(returns, nearly, IS_TOKEN, on_cpu))
