"""Intervals and tests over problems: how sure a pass@k, a difference or an area is.

The unit is the problem, or the family of problems that are variants of one another. An array of
per-problem estimates, shape (problems, ...), becomes one value with an interval for every entry of
the trailing axes, usually k = 1..n_max; intervals are pointwise in k. Two targets are told apart:

- `population_interval`: all problems of which these are a sample. It holds the noise of sampling
  completions already; resampling completions on top would count it twice.
- `problem_set_interval` (in `within`): these problems only.

Checkpoint and base are compared on the same problems, `paired_difference`, never by two intervals.
Both must have been sampled independently.

Student's t over the problems fails where few of them move: on a set of which 97 % are always solved
it covered 54 to 88 % of the time, because the sample often lacks the problems that decide the mean,
and then shows no spread either. So two pseudo-problems join the sample, one at each bound of the
quantity, as Agresti and Coull add successes and failures to a proportion (1998, The American
Statistician 52, pp. 119-126); mean, variance and degrees of freedom for Student's t are those of
all. What is unseen then counts as about one problem at either end: with no success among 160
problems pass@1 lies in [0, 1.9 %], and with two lucky ones in [0, 1.9 %] too. The value itself
stays the plain mean of the problems.

For a difference the bounds -1 and 1 would be too wide: two models that agree on a hundred problems
of middling difficulty will hardly disagree entirely on the next. There the pseudo-problems change
by -s and s, where s is the change to be expected, relative to the room that a problem leaves for
one. With a and b of a problem's two estimates, its room is 1 - |a + b - 1|, the most that the two
can differ when their mean is known: 1 in the middle, 0 where both are always or never solved; and

    s**2 = (1/2 + sum of (a - b)**2) / (1/2 + sum of room**2),

in which the halves stand for half a problem of full room that changed entirely. Where nothing had
room to move, s is 1; where many problems had and none moved, it is small.

docs/coverage.md has the measured coverage, and the regimes in which an interval is wider than its
95 % would need. No bootstrap, and no posterior: of 30 problems, a bootstrap over completions
covered 0.51, a Beta posterior 0.06.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, stdtr, stdtrit

from rlvr_eval.statistics.families import Units, degrees_of_freedom, residual_factors

Floats = NDArray[np.float64]

# estimates that differ by rounding alone have standard errors near 1e-17
_NO_SPREAD = 1e-12
# problems (or families) of full room that changed entirely: where a difference's scale starts
_PRIOR_UNITS = 0.5


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
    """Return the mean over problems with an interval for the population they come from.

    Args:
        estimates: shape (problems, ...), unbiased per problem; never clipped before.
        families: label of each problem; problems of one family are not independent (variants of
            one template). See `families` for what that changes.
        bounds: range of the quantity, where the pseudo-problems stand; interval ends are cut there,
            values are not. Without finite bounds there are no pseudo-problems, and the interval is
            Student's; where all estimates are equal it has no ends.

    Returns:
        Arrays of the trailing shape.
    """
    per_problem = np.asarray(estimates, dtype=np.float64)
    units = Units.of(len(per_problem), families)
    if np.isfinite(bounds).all():
        return _with_pseudo_problems(per_problem, units, level, bounds, bounds)[0]
    return _students(per_problem, units, level)


def paired_difference(
    checkpoint: ArrayLike,
    base: ArrayLike,
    *,
    level: float = 0.95,
    families: ArrayLike | None = None,
) -> PairedDifference:
    """Return the mean over problems of checkpoint minus base, and a two-sided p-value.

    The p-value is below 1 - level exactly where the interval excludes 0.

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
    units = Units.of(len(ours), families)
    changes = ours - theirs
    scale = _expected_change(changes, ours + theirs, _PRIOR_UNITS * units.typical_size)
    interval, t, freedom = _with_pseudo_problems(
        changes, units, level, (-scale, scale), (-1.0, 1.0)
    )
    p_value = np.asarray(2.0 * stdtr(freedom, -np.abs(t)))
    return PairedDifference(interval.value, interval.low, interval.high, p_value)


def holm(p_values: ArrayLike) -> Floats:
    """Adjust p-values by Holm's step-down method, in their own order and shape.

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
    """Adjust p-values by Benjamini and Hochberg's step-up method, in their own order and shape.

    Rejecting those at or below alpha keeps the expected share of false rejections at alpha.
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, axis=None)[::-1]
    scaled = p.flat[order] * p.size / np.arange(p.size, 0, -1)
    adjusted = np.empty(p.size)
    adjusted[order] = np.minimum.accumulate(np.minimum(scaled, 1.0))
    return adjusted.reshape(p.shape)


def binomial_interval(successes: ArrayLike, trials: ArrayLike, *, level: float = 0.95) -> Interval:
    """Estimate a share of successes with Clopper and Pearson's exact interval."""
    x, n = np.broadcast_arrays(np.asarray(successes, float), np.asarray(trials, float))
    tail = (1.0 - level) / 2
    low = np.where(x > 0, betaincinv(np.maximum(x, 1.0), n - x + 1, tail), 0.0)
    high = np.where(x < n, betaincinv(x + 1, np.maximum(n - x, 1.0), 1.0 - tail), 1.0)
    return Interval(x / n, low, high)


def _with_pseudo_problems(
    per_problem: Floats,
    units: Units,
    level: float,
    pseudo: tuple[ArrayLike, ArrayLike],
    bounds: tuple[float, float],
) -> tuple[Interval, Floats, float]:
    """Estimate with two pseudo-problems: the interval, t of a mean of 0, degrees of freedom.

    With families, a pseudo-problem is a family of the typical size.
    """
    size = units.typical_size
    low, high = (np.asarray(each, dtype=np.float64) for each in pseudo)
    sizes = np.append(units.sizes, (size, size))
    factors = residual_factors(sizes)
    total = per_problem.sum(axis=0)
    centre = (total + size * (low + high)) / sizes.sum()
    # squares about 0, then moved to the centre: what cancels is small beside the pseudo-problems
    sums, weights = units.sums(per_problem), factors[:-2] * units.sizes
    weighted = weights[0] * total if np.ptp(weights) == 0 else np.tensordot(weights, sums, (0, 0))
    squares = _weighted_squares(sums, factors[:-2]) + centre * (
        centre * (weights @ units.sizes) - 2.0 * weighted
    )
    squares += factors[-1] * size**2 * ((low - centre) ** 2 + (high - centre) ** 2)
    error = np.sqrt(squares) / sizes.sum()
    freedom = degrees_of_freedom(sizes)
    half_width = error * stdtrit(freedom, 0.5 + level / 2)
    mean = total / len(per_problem)
    interval = Interval(
        mean,
        np.minimum(np.maximum(centre - half_width, bounds[0]), mean),
        np.maximum(np.minimum(centre + half_width, bounds[1]), mean),
    )
    return interval, centre / error, freedom


def _students(per_problem: Floats, units: Units, level: float) -> Interval:
    """Compute Student's interval; unbounded where nothing shows the spread."""
    mean = per_problem.mean(axis=0)
    if units.sizes.size == 1:
        return Interval(mean, np.full_like(mean, -np.inf), np.full_like(mean, np.inf))
    residuals, factors = units.sums(per_problem - mean), residual_factors(units.sizes)
    error = np.sqrt(_weighted_squares(residuals, factors)) / units.sizes.sum()
    quantile = stdtrit(degrees_of_freedom(units.sizes), 0.5 + level / 2)
    half_width = np.where(error <= _NO_SPREAD, np.inf, quantile * error)
    return Interval(mean, mean - half_width, mean + half_width)


def _weighted_squares(residuals: Floats, factors: Floats) -> Floats:
    """Sum over units, the first axis, of factor * residual**2."""
    if np.ptp(factors) == 0:
        return np.asarray(factors[0] * np.einsum("i...,i...->...", residuals, residuals))
    return np.asarray(np.einsum("i,i...,i...->...", factors, residuals, residuals))


def _expected_change(changes: Floats, totals: Floats, prior: float) -> Floats:
    """Estimate a pseudo-problem's change, `s` of the module's text, from each a - b and a + b."""
    room = np.asarray(totals - 1.0)
    np.subtract(1.0, np.abs(room, out=room), out=room)
    changed, possible = (np.einsum("i...,i...->...", each, each) for each in (changes, room))
    # estimates under a design that drops problems can leave [0, 1]
    return np.asarray(np.minimum(np.sqrt((prior + changed) / (prior + possible)), 1.0))
