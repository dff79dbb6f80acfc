"""Rewards, returns and advantages of single tokens: what PPO and Reinforce++ are made of.

All arrays have shape (completions, tokens); completions are padded on the right, and `is_token` is
1 where a token is the completion's own. What stands at padding is 0, before and after.
"""

import torch
from accelerate import Accelerator
from torch import Tensor


def at_last_token(rewards: Tensor, is_token: Tensor) -> Tensor:
    """Rewards of whole completions, shape (completions,), given at each one's last token."""
    last = is_token.sum(1, keepdim=True).long() - 1
    placed = torch.zeros_like(is_token, dtype=rewards.dtype)
    return placed.scatter(1, last.clamp(min=0), rewards[:, None]) * is_token


def discounted_returns(rewards: Tensor, *, gamma: float) -> Tensor:
    """G_t = sum over s >= t of gamma^(s - t) r_s."""
    returns = torch.zeros_like(rewards)
    after = torch.zeros_like(rewards[:, 0])
    for t in reversed(range(rewards.shape[1])):
        after = returns[:, t] = rewards[:, t] + gamma * after
    return returns


def generalized_advantages(
    rewards: Tensor, values: Tensor, is_token: Tensor, *, gamma: float, gae_lambda: float
) -> Tensor:
    """A_t = sum over l of (gamma lambda)^l delta_{t+l}, delta_t = r_t + gamma V_{t+1} - V_t.

    Schulman et al. 2016 (arXiv:1506.02438), eq. 16. The value after a completion's last token is
    0, whether it ended by itself or at its budget: nothing is earned beyond either.
    """
    values = values * is_token
    following = torch.cat([values[:, 1:], torch.zeros_like(values[:, :1])], dim=1)
    deltas = (rewards + gamma * following - values) * is_token
    return discounted_returns(deltas, gamma=gamma * gae_lambda)


def whitened(values: Tensor, is_counted: Tensor, accelerator: Accelerator) -> Tensor:
    """Centred and scaled by the mean and standard deviation over all processes' counted tokens.

    Tokens that do not count get 0.
    """
    is_counted = is_counted.to(values.dtype)
    total = accelerator.reduce(torch.stack([(values * is_counted).sum(), is_counted.sum()]), "sum")
    centred = (values - total[0] / total[1].clamp(min=1)) * is_counted
    squares = accelerator.reduce((centred**2).sum(), "sum")
    return centred / ((squares / total[1].clamp(min=1)).sqrt() + 1e-8)


def explained_variance(
    values: Tensor, returns: Tensor, is_counted: Tensor, accelerator: Accelerator
) -> float:
    """1 - Var(returns - values) / Var(returns) over all processes' counted tokens.

    1 is a perfect critic, 0 one that knows no more than a constant; NaN if all returns are equal.
    """

    def moments(x: Tensor) -> Tensor:
        x = x.double() * is_counted
        sums = torch.stack([x.sum(), (x**2).sum(), is_counted.sum().double()])
        return accelerator.reduce(sums, "sum")

    def variance(x: Tensor) -> Tensor:
        total, squares, count = moments(x)
        return squares / count - (total / count) ** 2

    spread = variance(returns)
    return float(1 - variance(returns - values) / spread) if spread > 0 else float("nan")
