"""What is reported of one checkpoint against its base, from per-problem pass@k curves.

The curves are arrays P of shape (problems, n_max) as `Design.pass_at_k_curve` gives them, of the
same problems in the same order, for a base and a checkpoint sampled independently; or of shape
(problems, ks) with the increasing `ks` of their columns. Everything here is a mean over problems
with an interval for the population of such problems, or derived from one. Axes between those two,
such as one of simulated runs, are carried along.

`migration` says which problems moved, `extrapolation` what may lie beyond n_max.
"""

from dataclasses import dataclass
from math import inf, log, nan

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rlvr_eval.estimators.design import Ints
from rlvr_eval.statistics.population_intervals import (
    Floats,
    Interval,
    PairedDifference,
    paired_difference,
    population_interval,
)

# counts c/n reach a bin's edge exactly, estimates of adaptive designs only up to rounding
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Crossover:
    """Where the base overtakes the checkpoint.

    Attributes:
        k: last k at which D(k), checkpoint minus base, turns from + to -, interpolated on log k;
            nan where D never does.
        censored: "" where k exists; "> k_max" where D is positive at k_max and never turned from
            + to -, so that the curves may cross later; "none" where the checkpoint is never above.
        low, high: smallest and largest k whose interval of D(k) contains 0; high is inf where that
            holds at k_max still. Where no interval contains 0: the two k around the crossover, or
            (k_max, inf) for "> k_max", or nan for "none".
    """

    k: float
    low: float
    high: float
    censored: str = ""

    def __str__(self) -> str:
        return self.censored or f"{self.k:.4g}"


def log_k_weights(k_max: int) -> Floats:
    """Compute w_k = 1 / (k H_K), k = 1..K: weights uniform on log k that sum to 1."""
    weights = 1.0 / np.arange(1, k_max + 1)
    return np.asarray(weights / weights.sum())


def _weights_at(curves: Floats, ks: Ints | None) -> Floats:
    """Compute `log_k_weights` of the columns; any other k adds its own to the nearest."""
    if ks is None or ks.size == ks[-1]:
        return log_k_weights(curves.shape[-1])
    borders = np.sqrt(ks[:-1] * ks[1:].astype(np.float64))
    nearest = np.searchsorted(borders, np.arange(1, ks[-1] + 1))
    return np.asarray(np.bincount(nearest, log_k_weights(int(ks[-1]))), dtype=np.float64)


def log_k_area(
    curves: Floats, ks: Ints | None = None, *, families: ArrayLike | None = None
) -> Interval:
    """Estimate the area under pass@k over log k, in [0, 1]: a curve as one number.

    Linear in the curve, so it is as unbiased as the curve is.
    """
    return population_interval(curves @ _weights_at(curves, ks), families=families)


def log_k_area_difference(
    checkpoint: Floats,
    base: Floats,
    ks: Ints | None = None,
    *,
    families: ArrayLike | None = None,
) -> PairedDifference:
    """Estimate the checkpoint's log-k area minus the base's, paired over problems."""
    weights = _weights_at(base, ks)
    return paired_difference(checkpoint @ weights, base @ weights, families=families)


def delta_se(
    base: Floats, checkpoint: Floats, *, k: int = 256, families: ArrayLike | None = None
) -> PairedDifference:
    """Estimate the sampling-efficiency gap: base pass@k minus checkpoint pass@1; lower is better.

    Yue et al. 2025 (arXiv:2504.13837), section 4.3, with k = 256.

    Raises:
        ValueError: if the base's curve does not reach k.
    """
    if not 1 <= k <= base.shape[-1]:
        raise ValueError(f"Delta_SE needs the base's pass@{k}, its curve ends at {base.shape[-1]}")
    return paired_difference(base[..., k - 1], checkpoint[..., 0], families=families)


def crossover(difference: PairedDifference, ks: Ints | None = None) -> Crossover:
    """Find where D(k), given for k = 1..k_max or these, last turns from + to -."""
    d = difference.value
    ks = np.arange(1, len(d) + 1) if ks is None else ks
    k_max = int(ks[-1])
    is_open = ks[(difference.low <= 0) & (difference.high >= 0)]
    low, high = (float(is_open[0]), float(is_open[-1])) if is_open.size else (nan, nan)
    if high == k_max:
        high = inf
    settled = np.flatnonzero(np.abs(d) > _ROUNDING)
    falls = np.flatnonzero((d[settled[:-1]] > 0) & (d[settled[1:]] < 0))
    if falls.size:
        above, below = settled[falls[-1]], settled[falls[-1] + 1]
        if not is_open.size:
            low, high = float(ks[above]), float(ks[below])
        return Crossover(_log_interpolated_zero(d, ks, int(above), int(below)), low, high)
    if settled.size and d[settled[-1]] > 0:
        return Crossover(nan, low if is_open.size else float(k_max), inf, "> k_max")
    return Crossover(nan, low, high, "none")


def _log_interpolated_zero(d: Floats, ks: Ints, above: int, below: int) -> float:
    """Return the k at which the line through D at two indices, on the axis log k, is 0."""
    share = d[above] / (d[above] - d[below])
    return float(ks[above] * np.exp(share * log(ks[below] / ks[above])))


def accuracy_histogram(accuracy: ArrayLike) -> NDArray[np.int64]:
    """Count problems by accuracy c/n, in 11 bins: exactly 0, then (0, 0.1], .., (0.9, 1].

    As in Fig. 5 of Yue et al. 2025. For adaptive designs pass the unbiased pass@1 of each problem.
    """
    tenths = np.ceil(np.asarray(accuracy, dtype=np.float64) * 10 - _ROUNDING).astype(np.int64)
    return np.bincount(np.clip(tenths, 0, 10), minlength=11)
