"""Intervals and tests over problems: how sure a pass@k, a difference or an area is.

The unit is the problem. An array of per-problem estimates, shape (problems, ...), becomes one value
with an interval for every entry of the trailing axes, usually k = 1..n_max; intervals are pointwise
in k. Two targets are told apart:

- `population_interval`: all problems of which these are a sample. Student t over problems. It holds
  the noise of sampling completions already; resampling completions on top would count it twice.
  `skewness_corrected_interval` is for quantities that few problems contribute to.
- `problem_set_interval` (in `within`): these problems only.

Checkpoint and base are compared on the same problems, `paired_difference`, never by two intervals.
Both must have been sampled independently. No bootstrap, and no posterior: at 30 problems the t
interval covered 0.97 in simulation, a bootstrap over completions 0.51, a Beta posterior 0.06.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, stdtr, stdtrit

Floats = NDArray[np.float64]

# estimates that differ by rounding alone have standard errors near 1e-17
_NO_SPREAD = 1e-12


@dataclass(frozen=True)
class Interval:
    """A value with the ends of its interval; three arrays of one shape, such as (n_max,)."""

    value: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class PairedDifference(Interval):
    """Checkpoint minus base, with the two-sided p-value of no difference, not adjusted."""

    p_value: Floats


def population_interval(
    estimates: ArrayLike,
    *,
    level: float = 0.95,
    families: ArrayLike | None = None,
    bounds: tuple[float, float] = (0.0, 1.0),
) -> Interval:
    """Mean over problems with a Student t interval for the population they come from.

    Where all problems give the same estimate v, t has no width; there the exact binomial says that
    with the level's confidence at most a share u of problems would differ, and the interval is what
    the mean can be then. At v = 0 and v = 1 that is Clopper and Pearson's.

    Args:
        estimates: shape (problems, ...), unbiased per problem; never clipped before.
        families: label of each problem; problems of one family are not independent (variants of
            one template). The variance is then robust to any correlation within a family.
        bounds: range of the quantity; interval ends are cut there, values are not.

    Returns:
        Arrays of the trailing shape. A single problem or family yields the whole range.
    """
    per_problem = np.asarray(estimates, dtype=np.float64)
    mean, error, units = _mean_and_error(per_problem, families)
    half_width = error * stdtrit(units - 1, 0.5 + level / 2) if units > 1 else error
    low, high = mean - half_width, mean + half_width
    is_collapsed = error <= _NO_SPREAD
    differing = 1.0 - ((1.0 - level) / 2) ** (1.0 / units) if units > 1 else 1.0
    low = np.where(is_collapsed, mean + differing * (bounds[0] - mean), low)
    high = np.where(is_collapsed, mean + differing * (bounds[1] - mean), high)
    return Interval(
        mean,
        np.maximum(low, np.minimum(mean, bounds[0])),
        np.minimum(high, np.maximum(mean, bounds[1])),
    )


def skewness_corrected_interval(
    estimates: ArrayLike,
    *,
    level: float = 0.95,
    families: ArrayLike | None = None,
    bounds: tuple[float, float] = (0.0, 1.0),
) -> Interval:
    """As `population_interval`, for quantities that few problems contribute to.

    Student's t then ends too low: of simulated gains with a mean of 0.036 it covered 0.80 at 30
    problems and 0.93 at 100. Hall's cubic transformation takes the skewness out of t (1992, Journal
    of the Royal Statistical Society B 54, pp. 221-228) and covered 0.94 and 0.96.
    """
    plain = population_interval(estimates, level=level, families=families, bounds=bounds)
    per_problem = np.asarray(estimates, dtype=np.float64)
    mean, error, units = _mean_and_error(per_problem, families)
    if units == 1:
        return plain
    has_spread = error > _NO_SPREAD
    # standard deviation of the units' shares in problems * mean
    deviation = np.where(has_spread, error, 1.0) * len(per_problem) / np.sqrt(units)
    residuals = _residuals(per_problem, families)
    skewness = np.einsum("i...,i...,i...->...", residuals, residuals, residuals)
    skewness = skewness / units / deviation**3
    quantile = float(stdtrit(units - 1, 0.5 + level / 2))
    low = mean - error * _with_skewness(quantile, skewness, units)
    high = mean - error * _with_skewness(-quantile, skewness, units)
    return Interval(
        mean,
        np.where(has_spread, np.maximum(low, np.minimum(mean, bounds[0])), plain.low),
        np.where(has_spread, np.minimum(high, np.maximum(mean, bounds[1])), plain.high),
    )


def paired_difference(
    checkpoint: ArrayLike,
    base: ArrayLike,
    *,
    level: float = 0.95,
    families: ArrayLike | None = None,
) -> PairedDifference:
    """Mean over problems of checkpoint minus base: paired t interval and two-sided p-value.

    Args:
        checkpoint, base: per-problem estimates in [0, 1] of the same problems in the same order,
            shape (problems, ...), from independent samples.
        families: as in `population_interval`.

    Raises:
        ValueError: if the shapes differ.
    """
    ours, theirs = np.asarray(checkpoint, np.float64), np.asarray(base, np.float64)
    if ours.shape != theirs.shape:
        raise ValueError(
            f"checkpoint has shape {ours.shape} and base {theirs.shape}: a paired difference needs "
            "the same problems in the same order and the same k"
        )
    differences = ours - theirs
    interval = population_interval(differences, level=level, families=families, bounds=(-1.0, 1.0))
    p_value = _p_value_of_zero(differences, families)
    return PairedDifference(interval.value, interval.low, interval.high, p_value)


def holm(p_values: ArrayLike) -> Floats:
    """p-values adjusted by Holm's step-down method, in their own order and shape.

    Rejecting those below alpha keeps the chance of any false rejection at alpha, whatever the
    dependence between the tests.
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, axis=None)
    scaled = p.flat[order] * np.arange(p.size, 0, -1)
    adjusted = np.empty(p.size)
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return adjusted.reshape(p.shape)


def benjamini_hochberg(p_values: ArrayLike) -> Floats:
    """p-values adjusted by Benjamini and Hochberg's step-up method, in their own order and shape.

    Rejecting those at or below alpha keeps the expected share of false rejections at alpha.
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, axis=None)[::-1]
    scaled = p.flat[order] * p.size / np.arange(p.size, 0, -1)
    adjusted = np.empty(p.size)
    adjusted[order] = np.minimum.accumulate(np.minimum(scaled, 1.0))
    return adjusted.reshape(p.shape)


def binomial_interval(successes: ArrayLike, trials: ArrayLike, *, level: float = 0.95) -> Interval:
    """Share of successes with Clopper and Pearson's exact interval."""
    x, n = np.broadcast_arrays(np.asarray(successes, float), np.asarray(trials, float))
    tail = (1.0 - level) / 2
    low = np.where(x > 0, betaincinv(np.maximum(x, 1.0), n - x + 1, tail), 0.0)
    high = np.where(x < n, betaincinv(x + 1, np.maximum(n - x, 1.0), 1.0 - tail), 1.0)
    return Interval(x / n, low, high)


def _mean_and_error(per_problem: Floats, families: ArrayLike | None) -> tuple[Floats, Floats, int]:
    """Mean over problems, its standard error, and the number of independent units."""
    problems = len(per_problem)
    if problems == 0:
        raise ValueError("no problem was given: the estimates are empty")
    residuals = _residuals(per_problem, families)
    units = len(residuals)
    correction = units / max(units - 1, 1)
    variance = correction * np.einsum("i...,i...->...", residuals, residuals) / problems**2
    return per_problem.mean(axis=0), np.sqrt(variance), units


def _residuals(per_problem: Floats, families: ArrayLike | None) -> Floats:
    """Distances to the mean, added up within each family: shape (units, ...)."""
    residuals = per_problem - per_problem.mean(axis=0)
    return residuals if families is None else _sums_by_family(residuals, np.asarray(families))


def _with_skewness(t: float, skewness: Floats, units: int) -> Floats:
    """The t statistic that Hall's cubic transformation takes to this value of Student's t."""
    tilt = skewness / 3 / np.sqrt(units)
    is_tilted = np.abs(tilt) > _NO_SPREAD
    divisor = np.where(is_tilted, tilt, 1.0)
    inverse = (np.cbrt(1.0 + 3.0 * divisor * (t - divisor / 2)) - 1.0) / divisor
    return np.asarray(np.where(is_tilted, inverse, t))


def _sums_by_family(residuals: Floats, families: NDArray[np.generic]) -> Floats:
    """Residuals added up within each family: shape (families, ...)."""
    if families.shape != residuals.shape[:1]:
        raise ValueError(f"{families.size} family labels for {len(residuals)} problems")
    _, family = np.unique(families, return_inverse=True)
    order = np.argsort(family, kind="stable")
    starts = np.flatnonzero(np.diff(family[order], prepend=-1))
    return np.asarray(np.add.reduceat(residuals[order], starts, axis=0))


def _p_value_of_zero(differences: Floats, families: ArrayLike | None) -> Floats:
    """Two-sided p-value that the mean difference is 0; without any spread, the sign test's."""
    mean, error, units = _mean_and_error(differences, families)
    is_collapsed = error <= _NO_SPREAD
    if units > 1:
        t = mean / np.where(is_collapsed, 1.0, error)
        p_value = 2.0 * stdtr(units - 1, -np.abs(t))
    else:
        p_value = np.ones_like(mean)
    without_spread = np.where(np.abs(mean) <= _NO_SPREAD, 1.0, 0.5 ** (units - 1))
    return np.asarray(np.where(is_collapsed, without_spread, p_value))
