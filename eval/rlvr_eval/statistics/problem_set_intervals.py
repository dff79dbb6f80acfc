"""Uncertainty about these problems only: what other completions of the same would have changed.

The value is the unbiased mean; its variance is the sum over problems of that of each estimate. What
a problem's estimate would vary by depends on its success probability p, which c successes in n
completions leave open, and most of all c = 0 and c = n: there the observed accuracy in place of p
gives no variance at all, and intervals at large k covered 45 to 89 % of the time. So the variance
is the largest within the middle third of what the counts leave open, of the posterior of p under
Jeffreys' prior Beta(1/2, 1/2) (Brown, Cai & DasGupta 2001, Statistical Science 16, pp. 101-133).
Only the variance is taken from there: posterior means in place of the estimates would add 30 points
to pass@n_max for every problem that cannot be solved.

Problems without any success make the interval wide at k near n_max, more than 95 % would need if
they are in truth unsolvable: the counts cannot tell. docs/coverage.md has the measured coverage.

This is not the uncertainty about problems of this kind: see `inference.population_interval`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, rel_entr, xlog1py, xlogy

from rlvr_eval.estimators.design import Counts, Design, Floats
from rlvr_eval.statistics.population_intervals import Interval

_STOPS_AT_ONCE = 1024
_GRID = 240  # success probabilities that a posterior is summed over
_NEGLIGIBLE = 50.0  # a chance of exp(-50), summed over all stops, is below rounding


@dataclass(frozen=True)
class ProblemSetInterval(Interval):
    """An interval for the problems at hand; `is_approximate` is True where 2k > n_max.

    There no unbiased estimate of the variance exists, and the width rests on what is taken for the
    problems that were never solved.
    """

    is_approximate: NDArray[np.bool_]


def problem_set_interval(
    counts: Counts, *, ks: Sequence[int] | None = None, level: float = 0.95
) -> ProblemSetInterval:
    """Return mean pass@k over these problems with a normal interval for sampling noise.

    The interval is never narrower than what unseen failures of the problems solved and unseen
    successes of those never solved could change at the level's confidence. Axes of the counts after
    that of problems, such as one of simulated runs, are carried along.

    Args:
        ks: at which k; all of 1..n_max by default.
    """
    draws = _draws(counts.design, ks)
    value = counts.design.pass_at_ks(counts.n, counts.c, draws).mean(axis=0)
    half_width = float(ndtri(0.5 + level / 2)) * np.sqrt(mean_variance(counts, ks))
    unseen_failure, unseen_success = _unseen(counts, draws, level)
    low = value - np.maximum(half_width, unseen_failure)
    high = value + np.maximum(half_width, unseen_success)
    return ProblemSetInterval(
        value,
        np.maximum(low, np.minimum(value, 0.0)),
        np.minimum(high, np.maximum(value, 1.0)),
        2 * draws > counts.design.n_max,
    )


def problem_set_difference(
    checkpoint: Counts, base: Counts, *, ks: Sequence[int] | None = None, level: float = 0.95
) -> ProblemSetInterval:
    """Return checkpoint minus base on these problems; sampled independently, so variances add."""
    ours, theirs = (problem_set_interval(each, ks=ks, level=level) for each in (checkpoint, base))
    value = ours.value - theirs.value
    # half-widths of independent sums add in squares, each towards its own side
    low = value - np.hypot(ours.value - ours.low, theirs.high - theirs.value)
    high = value + np.hypot(ours.high - ours.value, theirs.value - theirs.low)
    return ProblemSetInterval(value, low, high, ours.is_approximate)


def mean_variance(counts: Counts, ks: Sequence[int] | None = None) -> Floats:
    """Estimate the sampling variance of the mean pass@k over problems: shape (ks,)."""
    index = counts.design.stop_index(counts.n, counts.c)
    ended, row = np.unique(index, return_inverse=True)
    variance = _largest_variance(counts.design, ended, ks)
    total = variance[row.reshape(index.shape)].sum(axis=0)
    return np.asarray(total / len(counts.n) ** 2)


def design_variance(design: Design, p: Floats, ks: Sequence[int] | None = None) -> Floats:
    """Compute the variance of the design's estimate at success probability p: (len(p), ks)."""
    stops, draws = design.stops(), _draws(design, ks)
    mean_square = np.zeros((p.size, draws.size))
    for start in range(0, stops.n.size, _STOPS_AT_ONCE):
        some = slice(start, start + _STOPS_AT_ONCE)
        n, c, log_paths = stops.n[some], stops.c[some], stops.log_paths[some]
        near = _may_end_there(n, c, p)
        chance = np.exp(log_paths + _log_likelihood(n, c, p[near]).T)
        mean_square[near] += chance @ (1.0 - design.pass_at_ks(n, c, draws)) ** 2
    return np.asarray(np.maximum(mean_square - (1.0 - p[:, None]) ** (2 * draws), 0.0))


def _may_end_there(n: NDArray[np.int64], c: NDArray[np.int64], p: Floats) -> NDArray[np.intp]:
    """Return which p end at one of these stops with a probability above rounding.

    c successes in n draws have a chance of exp(-n KL(c/n, p)) at most, under any design.
    """
    if n[0] != n[-1]:
        return np.arange(p.size)
    share = np.clip(p, c.min() / n[0], c.max() / n[0])
    exponent = n[0] * (rel_entr(share, p) + rel_entr(1.0 - share, 1.0 - p))
    return np.flatnonzero(exponent < _NEGLIGIBLE)


def _largest_variance(design: Design, ended: NDArray[np.int64], ks: Sequence[int] | None) -> Floats:
    """Return the largest `design_variance` in the middle third of p's posterior: (ended, ks).

    Args:
        ended: the stops at which problems ended.
    """
    p, variance = _variance_by_p(design, None if ks is None else tuple(ks))
    stops = design.stops()
    # on an even grid of logit p, Jeffreys' prior has the density p**(1/2) (1-p)**(1/2)
    prior = 0.5 * (np.log(p) + np.log1p(-p))
    log_posterior = _log_likelihood(stops.n[ended], stops.c[ended], p) + prior
    posterior = np.exp(log_posterior - log_posterior.max(axis=1, keepdims=True)).cumsum(axis=1)
    first = (posterior >= posterior[:, -1:] / 3).argmax(axis=1)
    last = (posterior >= posterior[:, -1:] * 2 / 3).argmax(axis=1)
    middle_thirds = zip(first.tolist(), last.tolist(), strict=True)
    return np.stack([variance[one : other + 1].max(axis=0) for one, other in middle_thirds])


@lru_cache(maxsize=8)
def _variance_by_p(design: Design, ks: tuple[int, ...] | None) -> tuple[Floats, Floats]:
    """Compute `design_variance` at success probabilities that are even on the logit scale."""
    edge = np.log(50.0 * design.n_max)
    p = 1.0 / (1.0 + np.exp(-np.linspace(-edge, edge, _GRID)))
    return p, design_variance(design, p, ks)


def _log_likelihood(n: NDArray[np.int64], c: NDArray[np.int64], p: Floats) -> Floats:
    """Compute log p**c (1-p)**(n-c): shape (counts, len(p))."""
    return np.asarray(xlogy(c[:, None], p) + xlog1py((n - c)[:, None], -p))


def _draws(design: Design, ks: Sequence[int] | None) -> NDArray[np.int64]:
    return np.arange(1, design.n_max + 1) if ks is None else np.asarray(ks, dtype=np.int64)


def _unseen(counts: Counts, k: NDArray[np.int64], level: float) -> tuple[Floats, Floats]:
    """Bound how much lower and higher the mean may be by what no completion showed.

    M0 problems never solved in n draws have a product of (1-p)**n of at least the tail probability;
    their mean pass@k is then largest when all p are equal. For those always solved likewise, with
    the failure of one draw standing in for that of k, which is conservative.
    """
    problems, n = len(counts.n), int(counts.n.min())
    never = np.count_nonzero(counts.c == 0, axis=0)[..., None]
    otherwise = problems - never
    log_tail = np.log((1.0 - level) / 2)
    success = -np.expm1(log_tail * k / (n * np.maximum(never, 1))) * never / problems
    failure = -np.expm1(log_tail / (n * np.maximum(otherwise, 1))) * otherwise / problems
    return failure, success
