"""Uncertainty about these problems only: what other completions of the same would have changed.

With qhat_k the estimate of (1-p)^k, V = qhat_k^2 - qhat_2k is an exactly unbiased estimate of the
variance of qhat_k, under every design here and for all 2k <= n_max, because qhat_2k estimates
(1-p)^2k, the square of the mean. For larger k no unbiased estimate exists; there the variance is
that of the design at the observed accuracy in place of p, which misses what c = 0 leaves open, and
is marked approximate.

This is not the uncertainty about problems of this kind: see `inference.population_interval`.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, xlog1py, xlogy

from rlvr_eval.design import LARGEST_CACHED_N_MAX, Counts, Design, Floats
from rlvr_eval.inference import Interval

_NO_SPREAD = 1e-24  # of a variance
_STOPS_AT_ONCE = 1024


@dataclass(frozen=True)
class ProblemSetInterval(Interval):
    """An interval for the problems at hand; `is_approximate` (n_max,) is True where 2k > n_max."""

    is_approximate: NDArray[np.bool_]


def problem_set_interval(counts: Counts, *, level: float = 0.95) -> ProblemSetInterval:
    """Mean pass@k over these problems, k = 1..n_max, with a normal interval for sampling noise.

    Where no noise was observed (every problem always or never solved within k draws), the ends are
    what unseen failures and successes could still change at the level's confidence.
    """
    curves = counts.curves()
    value, error = curves.mean(axis=0), np.sqrt(_mean_variance(counts, curves))
    low, high = value - _quantile(level) * error, value + _quantile(level) * error
    unseen_failure, unseen_success = _unseen(counts, level)
    has_no_spread = error**2 <= _NO_SPREAD
    low = np.where(has_no_spread, value - unseen_failure, low)
    high = np.where(has_no_spread, value + unseen_success, high)
    return ProblemSetInterval(
        value,
        np.maximum(low, np.minimum(value, 0.0)),
        np.minimum(high, np.maximum(value, 1.0)),
        2 * np.arange(1, value.size + 1) > value.size,
    )


def problem_set_difference(
    checkpoint: Counts, base: Counts, *, level: float = 0.95
) -> ProblemSetInterval:
    """Checkpoint minus base on these problems; both sampled independently, so variances add."""
    ours, theirs = (problem_set_interval(each, level=level) for each in (checkpoint, base))
    value = ours.value - theirs.value
    # half-widths of independent sums add in squares, each towards its own side
    low = value - np.hypot(ours.value - ours.low, theirs.high - theirs.value)
    high = value + np.hypot(ours.high - ours.value, theirs.value - theirs.low)
    return ProblemSetInterval(value, low, high, ours.is_approximate)


def within_variance(curves: Floats) -> Floats:
    """Unbiased sampling variance of each problem's pass@k, for 2k <= n_max.

    Args:
        curves: pass@k for k = 1..n_max, shape (problems, n_max).

    Returns:
        Shape (problems, n_max // 2). A single entry can be negative; sums over problems seldom are.
    """
    failures = 1.0 - curves
    half = failures.shape[1] // 2
    return np.asarray(failures[:, :half] ** 2 - failures[:, 1 : 2 * half : 2])


def mean_variance(counts: Counts) -> Floats:
    """Sampling variance of the mean over problems of pass@k: shape (n_max,), never negative."""
    return _mean_variance(counts, counts.curves())


def plug_in_variance(design: Design, p: Floats) -> Floats:
    """Variance of the design's estimate of pass@k at success probability p: (len(p), n_max)."""
    stops = design.stops()
    distinct, row = np.unique(p, return_inverse=True)
    mean_square = np.zeros((distinct.size, design.n_max))
    for start in range(0, stops.n.size, _STOPS_AT_ONCE):
        some = np.arange(start, min(start + _STOPS_AT_ONCE, stops.n.size))
        n, c = stops.n[some], stops.c[some]
        log_chance = xlogy(c, distinct[:, None]) + xlog1py(n - c, -distinct[:, None])
        chance = np.exp(stops.log_paths[some] + log_chance)
        mean_square += chance @ design.failure_rows(some) ** 2
    k = np.arange(1, design.n_max + 1)
    variance = mean_square - (1.0 - distinct[:, None]) ** (2 * k)
    variances: Floats = np.maximum(variance, 0.0)[row]
    return variances


def _mean_variance(counts: Counts, curves: Floats) -> Floats:
    problems, half = len(counts.n), counts.design.n_max // 2
    exact = within_variance(curves).sum(axis=0)
    if counts.design.n_max <= LARGEST_CACHED_N_MAX:
        plug_in = _plug_in_table(counts.design)[counts.design.stop_index(counts.n, counts.c)]
    else:
        plug_in = plug_in_variance(counts.design, np.clip(curves[:, 0], 0.0, 1.0))[:, half:]
    total = np.concatenate([exact, plug_in.sum(axis=0)])
    return np.asarray(np.maximum(total, 0.0) / problems**2)


@lru_cache(maxsize=8)
def _plug_in_table(design: Design) -> Floats:
    """`plug_in_variance` at the accuracy that each stop shows, for 2k > n_max."""
    stops = design.stops()
    accuracy = np.clip(design.pass_at_k_curve(stops.n, stops.c)[:, 0], 0.0, 1.0)
    return plug_in_variance(design, accuracy)[:, design.n_max // 2 :]


def _quantile(level: float) -> float:
    return float(ndtri(0.5 + level / 2))


def _unseen(counts: Counts, level: float) -> tuple[Floats, Floats]:
    """How much lower and higher the mean may be although no problem showed any spread.

    M0 problems never solved in n draws have a product of (1-p)**n of at least the tail probability;
    their mean pass@k is then largest when all p are equal. For those always solved likewise, with
    the failure of one draw standing in for that of k, which is conservative.
    """
    problems, n = len(counts.n), int(counts.n.min())
    k = np.arange(1, counts.design.n_max + 1)
    never = int(np.count_nonzero(counts.c == 0))
    otherwise = problems - never
    log_tail = np.log((1.0 - level) / 2)
    success = -np.expm1(log_tail * k / (n * max(never, 1))) * never / problems
    failure = -np.expm1(log_tail / (n * max(otherwise, 1))) * otherwise / problems
    return np.full_like(success, failure), success
