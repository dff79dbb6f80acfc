"""Rewards, returns and advantages of single tokens: what PPO and Reinforce++ are made of.

All arrays have shape (completions, tokens); completions are padded on the right, and `is_token` is
1 where a token is the completion's own. What stands at padding is 0, before and after.
"""

import torch
from accelerate import Accelerator
from torch import Tensor

# of a sum's largest term: 32 units in its last place in float32
_ROUNDING = 2.0**-18


def at_last_token(rewards: Tensor, is_token: Tensor) -> Tensor:
    """Put rewards of whole completions, shape (completions,), at each one's last token."""
    last = is_token.sum(1, keepdim=True).long() - 1
    placed = torch.zeros_like(is_token, dtype=rewards.dtype)
    return placed.scatter(1, last.clamp(min=0), rewards[:, None]) * is_token


def discounted_returns(rewards: Tensor, *, gamma: float) -> Tensor:
    """Compute G_t = sum over s >= t of gamma^(s - t) r_s."""
    exact = rewards.double()  # thousands of float32 sums would differ in more than a last digit
    returns = torch.zeros_like(exact)
    after = torch.zeros_like(exact[:, 0])
    for t in reversed(range(rewards.shape[1])):
        after = returns[:, t] = exact[:, t] + gamma * after
    return returns.to(rewards.dtype)


def generalized_advantages(
    rewards: Tensor, values: Tensor, is_token: Tensor, *, gamma: float, gae_lambda: float
) -> Tensor:
    """Compute sum over l of (gamma lambda)^l delta_{t+l}, delta_t = r_t + gamma V_{t+1} - V_t.

    Schulman et al. 2016 (arXiv:1506.02438), eq. 16. The value after a completion's last token is
    0, whether it ended by itself or at its budget: nothing is earned beyond either.
    """
    values = values * is_token
    following = torch.cat([values[:, 1:], torch.zeros_like(values[:, :1])], dim=1)
    deltas = (rewards + gamma * following - values) * is_token
    return discounted_returns(deltas, gamma=gamma * gae_lambda)


def is_more_than_rounding(difference: Tensor, magnitude: Tensor | float) -> Tensor:
    """Return whether numbers differ by more than float32 rounds sums of terms of this magnitude.

    Rewards that are equal on paper differ in their last digit when they were summed from different
    terms, and no method may take that for a better completion.
    """
    return difference.abs() > _ROUNDING * magnitude


def whitened(
    values: Tensor,
    is_counted: Tensor,
    accelerator: Accelerator,
    *,
    magnitude: Tensor | float = 0.0,
) -> Tensor:
    """Center and scale by mean and standard deviation over all processes' counted tokens.

    Tokens that do not count get 0, and so do all of them where there is no spread: dividing by the
    deviation would make advantages of order 1 out of rounding.

    Args:
        magnitude: of the terms that this process's values are sums of, if it is more than that of
            the values themselves.
    """
    is_counted = is_counted.bool()
    known = torch.where(is_counted, values.double(), 0.0)
    total, count = accelerator.reduce(torch.stack([known.sum(), is_counted.sum().double()]), "sum")
    count = count.clamp(min=1)
    centred = torch.where(is_counted, known - total / count, 0.0)
    deviation = (accelerator.reduce((centred**2).sum(), "sum") / count).sqrt()
    own = torch.as_tensor(magnitude, dtype=torch.double, device=values.device)
    extremes = torch.stack([centred.abs().amax(), known.abs().amax().maximum(own)])
    farthest, largest = accelerator.gather(extremes[None]).amax(0)
    # a NaN is no small spread: it must reach the loss, whose guard stops the run
    if farthest.isfinite() and not is_more_than_rounding(farthest, largest):
        return torch.zeros_like(values)
    return (centred / deviation).to(values.dtype)


def explained_variance(
    values: Tensor, returns: Tensor, is_counted: Tensor, accelerator: Accelerator
) -> float:
    """Compute 1 - Var(returns - values) / Var(returns) over all processes' counted tokens.

    1 is a perfect critic, 0 one that knows no more than a constant; NaN if all returns are equal.
    """
    count = accelerator.reduce(is_counted.sum().double(), "sum").clamp(min=1)

    def mean(x: Tensor) -> Tensor:
        return accelerator.reduce((x * is_counted).sum(), "sum") / count

    def variance(x: Tensor) -> Tensor:
        return mean((x - mean(x)) ** 2)

    earned, valued = returns.double(), values.double()
    spread = variance(earned)
    if not is_more_than_rounding(spread.sqrt(), mean(earned**2).sqrt()):
        return float("nan")
    return float(1 - variance(earned - valued) / spread)
