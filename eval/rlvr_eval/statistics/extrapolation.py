"""pass@k beyond n_max, where nothing unbiased exists: bounds, and models labelled as such.

What n_max draws do not show, no formula brings back: a problem with p = 1e-6 and one with p = 0
look alike at n_max = 1024 and differ at k = 10**6. `bounds` holds whatever the problems are like.
The models do not. Each assumes a shape, is fitted to the counts, and pass@k is read off it:

- zero-inflated beta: a share of problems with p = 0, the others with p from a beta distribution;
- beta: the same without the share, so that every problem is solved in the end;
- power law: log pass@k = -a k**-b, the scaling that Brown et al. 2024 (arXiv:2407.21787) found for
  repeated sampling, fitted to the last part of the curve.

`predictions` gives each with an interval from refitting it to resampled problems. That interval is
for a shape that holds; the shape is the greater risk. Where problems are truly unsolvable, the beta
and the power law overshoot, and where all are solvable but rare, the zero-inflated beta falls short
of the truth. So the range over all models is what to go by, and it too may miss: see
docs/extrapolation.md for how often it did. The likelihood of a stop is p**c (1-p)**(n-c) up to a
constant, so every design can be fitted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaln, expit, log_expit, logit, psi

from rlvr_eval.estimators.design import Counts, Floats, Ints
from rlvr_eval.statistics.families import Units
from rlvr_eval.statistics.population_intervals import Interval

_RESAMPLES = 40
_LEVEL = 0.95
_FITTED_PART = 32  # the power law is fitted from n_max / 32 on

# (logit of the unsolvable share, log alpha, log beta): where fits start, and how far they may go
_STARTS = ((-1.0, -1.0, 0.0), (-4.0, -1.5, 0.0), (0.0, 0.0, 2.0))
_LIMITS = ((-15.0, 15.0), (-7.0, 7.0), (-7.0, 9.0))
_NO_ZEROS = -30.0  # logit of the unsolvable share where there is none


def bounds(at_n_max: Interval, n_max: int, k: ArrayLike) -> tuple[Floats, Floats]:
    """Bound the mean pass@k compatible with pass@n_max, for k >= n_max: (lowest, highest).

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


class Model(Protocol):
    """A shape fitted to counts."""

    def pass_at_k(self, k: ArrayLike) -> Floats:
        """Predict the mean pass@k, shape of k; k may exceed n_max."""


@dataclass(frozen=True)
class ZeroInflatedBeta:
    """A share of problems with p = 0, the others with p from Beta(alpha, beta)."""

    share_unsolvable: float
    alpha: float
    beta: float

    def pass_at_k(self, k: ArrayLike) -> Floats:
        """Predict the mean pass@k, shape of k; k may exceed n_max."""
        draws = np.asarray(k, dtype=np.float64)
        log_failure = betaln(self.alpha, self.beta + draws) - betaln(self.alpha, self.beta)
        return np.asarray((1.0 - self.share_unsolvable) * -np.expm1(log_failure))


@dataclass(frozen=True)
class PowerLaw:
    """log pass@k = -exp(log_scale) k**-exponent."""

    log_scale: float
    exponent: float

    def pass_at_k(self, k: ArrayLike) -> Floats:
        """Predict pass@k, shape of k; k may exceed n_max."""
        draws = np.asarray(k, dtype=np.float64)
        return np.exp(-np.exp(self.log_scale - self.exponent * np.log(draws)))


class Table(NamedTuple):
    """Distinct counts, how many problems have each, and their pass@k at `ks` for the power law."""

    n: Floats
    c: Floats
    problems: Floats
    ks: Ints
    passes: Floats  # (counts, ks)


def tabulate(counts: Counts) -> tuple[Table, Ints]:
    """Build the table of a model's counts; also return each problem's row in it."""
    pairs, row, problems = np.unique(
        np.stack([counts.n, counts.c]), axis=1, return_inverse=True, return_counts=True
    )
    n_max = counts.design.n_max
    ks = np.unique(np.geomspace(max(1, n_max // _FITTED_PART), n_max, 6).round().astype(np.int64))
    passes = counts.design.pass_at_ks(pairs[0], pairs[1], ks)
    n, c = pairs.astype(np.float64)
    return Table(n, c, problems.astype(np.float64), ks, passes), row.reshape(-1)


def fit_zero_inflated_beta(table: Table, near: Model | None = None) -> ZeroInflatedBeta:
    """Fit by maximum likelihood, from `near` on where a fit to like counts is at hand.

    Where nothing was ever solved, every problem is unsolvable.
    """
    return _fit_beta(table, _LIMITS, near)


def fit_beta(table: Table, near: Model | None = None) -> ZeroInflatedBeta:
    """Fit by maximum likelihood, without unsolvable problems."""
    return _fit_beta(table, ((_NO_ZEROS, _NO_ZEROS), *_LIMITS[1:]), near)


def fit_power_law(table: Table, near: Model | None = None) -> PowerLaw:
    """Fit by least squares of log(-log pass@k) on log k; flat where the curve leaves no slope."""
    curve = table.problems @ table.passes / table.problems.sum()
    is_within = (curve > 0) & (curve < 1)
    if not is_within.any():
        return PowerLaw(np.inf if curve[-1] <= 0 else -np.inf, 0.0)
    x, y = np.log(table.ks[is_within]), np.log(-np.log(curve[is_within]))
    x_mean, y_mean = x.mean(), y.mean()
    squares = float(((x - x_mean) ** 2).sum())
    slope = float((x - x_mean) @ (y - y_mean)) / squares if squares else 0.0
    exponent = max(0.0, -slope)
    return PowerLaw(float(y_mean + exponent * x_mean), exponent)


_MODELS: dict[str, Callable[[Table, Model | None], Model]] = {
    "model: zero-inflated beta-binomial": fit_zero_inflated_beta,
    "model: beta-binomial": fit_beta,
    "model: power law": fit_power_law,
}


def predictions(
    counts: Counts, ks: Ints, *, families: Ints | None = None, seed: int = 0
) -> dict[str, Interval]:
    """Predict pass@k by every model under its label, with intervals over resampled problems.

    Args:
        ks: at which k, beyond n_max.
        families: as in `inference.population_interval`; families are resampled as a whole.
    """
    table, row = tabulate(counts)
    rng = np.random.default_rng(seed)
    resampled = [_resample(table, row, families, rng) for _ in range(_RESAMPLES)]
    tails = ((1 - _LEVEL) / 2, (1 + _LEVEL) / 2)
    found = {}
    for label, fit in _MODELS.items():
        fitted = fit(table, None)
        value = fitted.pass_at_k(ks)
        refitted = np.stack([fit(each, fitted).pass_at_k(ks) for each in resampled])
        low, high = np.quantile(refitted, tails, axis=0)
        found[label] = Interval(value, np.minimum(low, value), np.maximum(high, value))
    return found


def _resample(table: Table, row: Ints, families: Ints | None, rng: np.random.Generator) -> Table:
    """Draw as many problems (or families) with replacement."""
    units = Units.of(row.size, families)
    times = rng.multinomial(units.sizes.size, np.full(units.sizes.size, 1 / units.sizes.size))
    of_problem = times if families is None else times[np.unique(families, return_inverse=True)[1]]
    weights = np.bincount(row, weights=of_problem, minlength=table.n.size).astype(np.float64)
    drawn = weights > 0
    return Table(table.n[drawn], table.c[drawn], weights[drawn], table.ks, table.passes[drawn])


def _fit_beta(
    table: Table, limits: tuple[tuple[float, float], ...], near: Model | None
) -> ZeroInflatedBeta:
    from scipy.optimize import minimize

    if not table.c.any():
        return ZeroInflatedBeta(1.0, 1.0, 1.0)
    lowest, highest = np.array(limits).T
    starts = [np.clip(np.array(start), lowest, highest) for start in _starts(near)]
    fits = [
        minimize(_cost, start, args=(table,), jac=True, method="L-BFGS-B", bounds=limits)
        for start in starts
    ]
    logit_share, log_alpha, log_beta = min(fits, key=lambda fit: float(fit.fun)).x
    return ZeroInflatedBeta(
        float(expit(logit_share)), float(np.exp(log_alpha)), float(np.exp(log_beta))
    )


def _starts(near: Model | None) -> Sequence[tuple[float, float, float]]:
    if isinstance(near, ZeroInflatedBeta) and 0 < near.share_unsolvable < 1:
        return [(float(logit(near.share_unsolvable)), log(near.alpha), log(near.beta))]
    return _STARTS


def _cost(parameters: Floats, table: Table) -> tuple[float, Floats]:
    """Compute negative log-likelihood and its gradient at (logit share, log alpha, log beta)."""
    n, c = table.n, table.c
    logit_share, (alpha, beta) = parameters[0], np.exp(parameters[1:])
    solvable = log_expit(-logit_share) + betaln(alpha + c, beta + n - c) - betaln(alpha, beta)
    unsolvable = np.where(c == 0, log_expit(logit_share), -np.inf)
    log_likelihood = np.logaddexp(solvable, unsolvable)
    is_solvable = np.exp(solvable - log_likelihood)
    both = psi(alpha + beta) - psi(alpha + beta + n)
    gradient = (
        1.0 - is_solvable - expit(logit_share),
        is_solvable * alpha * (psi(alpha + c) - psi(alpha) + both),
        is_solvable * beta * (psi(beta + n - c) - psi(beta) + both),
    )
    weights = table.problems
    return -float(weights @ log_likelihood), -np.array([weights @ each for each in gradient])
