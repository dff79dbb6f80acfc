"""pass@k beyond n_max, where nothing unbiased exists: bounds, and models labelled as such.

What n_max draws do not show, no formula brings back: a problem with p = 1e-6 and one with p = 0
look alike at n_max = 1024 and differ at k = 10**6. `bounds` holds whatever the problems are like.
The models do not: they assume a shape of the distribution of p over problems, fit it to (n, c) by
maximum likelihood, and read pass@k off it. Their spread, not any one of them, is the message.

The likelihood of a stop is p**c (1-p)**(n-c) up to a constant, so every design can be fitted.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaln, expit, log_expit, xlog1py, xlogy

from rlvr_eval.design import Counts, Floats
from rlvr_eval.inference import Interval

_EM_STEPS = 3000
_EM_TOLERANCE = 1e-9  # of the mean log-likelihood
_GRID_PER_SIDE = 120

# (logit of the unsolvable share, log alpha, log beta): where fits start, and how far they may go
_STARTS = ((-1.0, -1.0, 0.0), (-4.0, -1.5, 0.0), (0.0, 0.0, 2.0))
_LIMITS = ((-15.0, 15.0), (-7.0, 7.0), (-7.0, 9.0))


def bounds(at_n_max: Interval, n_max: int, k: ArrayLike) -> tuple[Floats, Floats]:
    """Lowest and highest mean pass@k compatible with pass@n_max, for k >= n_max.

    pass@k does not fall with k, which gives the lower bound; by Jensen's inequality the mean of
    (1-p)**k is at least the mean of (1-p)**n_max to the power k / n_max, reached when all problems
    are alike, which gives the upper one. Applied to the ends of the interval of pass@n_max, both
    hold with its confidence.

    Raises:
        ValueError: if some k < n_max, where the estimate itself exists.
    """
    draws = np.asarray(k, dtype=np.float64)
    if (draws < n_max).any():
        raise ValueError(f"k below n_max = {n_max} is estimated without a model; ask for larger k")
    low = np.full(draws.shape, np.clip(at_n_max.low, 0.0, 1.0))
    return low, 1.0 - (1.0 - np.clip(at_n_max.high, 0.0, 1.0)) ** (draws / n_max)


@dataclass(frozen=True)
class ZeroInflatedBeta:
    """Model: a share of problems with p = 0, the others with p from Beta(alpha, beta)."""

    share_unsolvable: float
    alpha: float
    beta: float

    label = "model: zero-inflated beta-binomial"

    def pass_at_k(self, k: ArrayLike) -> Floats:
        """Mean pass@k under the model, shape of k; k may exceed n_max."""
        draws = np.asarray(k, dtype=np.float64)
        log_failure = betaln(self.alpha, self.beta + draws) - betaln(self.alpha, self.beta)
        return np.asarray((1.0 - self.share_unsolvable) * -np.expm1(log_failure))


@dataclass(frozen=True)
class MixingDistribution:
    """Model: p takes the values `p` with shares `weight`; the nonparametric maximum likelihood."""

    p: Floats
    weight: Floats

    label = "model: nonparametric maximum likelihood"

    def pass_at_k(self, k: ArrayLike) -> Floats:
        """Mean pass@k under the model, shape of k; k may exceed n_max."""
        draws = np.asarray(k, dtype=np.float64)
        return np.asarray(-np.expm1(xlog1py(draws[..., None], -self.p)) @ self.weight)

    def share_at_least(self, tau: ArrayLike) -> Floats:
        """Share of problems with p >= tau under the model: Cover@tau freed of sampling noise."""
        return np.asarray((self.p >= np.asarray(tau)[..., None]) @ self.weight)


def fit_zero_inflated_beta(counts: Counts) -> ZeroInflatedBeta:
    """Maximum likelihood fit; where nothing was ever solved, every problem is unsolvable."""
    from scipy.optimize import minimize

    n, c, problems = _distinct(counts)
    if not c.any():
        return ZeroInflatedBeta(1.0, 1.0, 1.0)

    def cost(parameters: Floats) -> float:
        logit_share, (alpha, beta) = parameters[0], np.exp(parameters[1:])
        solvable = log_expit(-logit_share) + betaln(alpha + c, beta + n - c) - betaln(alpha, beta)
        unsolvable = np.where(c == 0, log_expit(logit_share), -np.inf)
        return -float(problems @ np.logaddexp(solvable, unsolvable))

    fits = [minimize(cost, start, method="L-BFGS-B", bounds=_LIMITS) for start in _STARTS]
    logit_share, log_alpha, log_beta = min(fits, key=lambda fit: float(fit.fun)).x
    return ZeroInflatedBeta(
        float(expit(logit_share)), float(np.exp(log_alpha)), float(np.exp(log_beta))
    )


def fit_mixing_distribution(counts: Counts) -> MixingDistribution:
    """Nonparametric maximum likelihood on a grid of p, by expectation maximisation.

    What it puts below about 1 / n_max is decided by the grid and not by the data.
    """
    n, c, problems = _distinct(counts)
    p = _grid(counts.design.n_max)
    log_likelihood = xlogy(c[:, None], p) + xlog1py((n - c)[:, None], -p)
    likelihood = np.exp(log_likelihood - log_likelihood.max(axis=1, keepdims=True))
    share = problems / problems.sum()
    weight = np.full(p.size, 1.0 / p.size)
    last = -np.inf
    for _ in range(_EM_STEPS):
        mixed = likelihood @ weight
        weight = weight * ((share / mixed) @ likelihood)
        mean_log = float(share @ np.log(mixed))
        if mean_log - last < _EM_TOLERANCE:
            break
        last = mean_log
    return MixingDistribution(p, weight / weight.sum())


def _distinct(counts: Counts) -> tuple[Floats, Floats, Floats]:
    """Distinct (n, c) and how many problems have each."""
    pairs, problems = np.unique(np.stack([counts.n, counts.c]), axis=1, return_counts=True)
    return pairs[0].astype(float), pairs[1].astype(float), problems.astype(float)


def _grid(n_max: int) -> Floats:
    """0 and 1, and between them values spread evenly on log p and log (1-p) from 0.01 / n_max."""
    side = np.geomspace(0.01 / n_max, 0.5, _GRID_PER_SIDE)
    return np.concatenate([[0.0], side, 1.0 - side[-2::-1], [1.0]])
