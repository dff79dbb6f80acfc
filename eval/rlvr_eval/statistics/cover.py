"""Cover@tau (arXiv:2510.08325): the share of problems solved with probability at least tau.

It tells capability from lucky guesses. The value is the share of problems whose observed accuracy
reaches tau. That is not unbiased: noise of sampling moves problems across tau both ways, and at
tau = 1 nothing tells p = 1 from p = 0.9999. So the interval does not rest on the value. It uses
two thresholds, chosen from design and tau alone, on the evidence E that a problem's counts give for
a large p (see `exact`), which makes P(E >= e | p) increase with p:

- above: P(E >= e | tau) = a, at most 2 %. A share G of problems with p >= tau gives
  P(E >= e) <= G + (1 - G) a, so that G >= (P(E >= e) - a) / (1 - a);
- below: P(E >= e | tau) = b, at least 98 %. Then P(E >= e) >= G b, so that G <= P(E >= e) / b.

With exact limits for the two observable shares, the interval holds for any problems whatever. It
covers in 97 to 100 % of cases rather than 95, the more the more problems lie near tau. At tau = 1
its lower end is 0.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlog1py, xlogy

from rlvr_eval.estimators.design import Counts, Design, Floats, Ints
from rlvr_eval.statistics.population_intervals import (
    Interval,
    binomial_interval,
    population_interval,
)

_ERROR = 0.02
# accuracies c/n reach tau exactly, estimates of adaptive designs only up to rounding
_ROUNDING = 1e-9


def cover_at(counts: Counts, tau: ArrayLike, *, families: ArrayLike | None = None) -> Interval:
    """Return the share of problems with success probability at least tau, for each tau.

    Args:
        tau: thresholds in (0, 1], any shape.
        families: as in `inference.population_interval`.

    Axes of the counts after that of problems are carried along, behind those of tau.

    Raises:
        ValueError: if a tau is outside (0, 1].
    """
    thresholds = np.asarray(tau, dtype=np.float64)
    if not ((thresholds > 0) & (thresholds <= 1)).all():
        raise ValueError(f"tau must lie in (0, 1], not {thresholds}")
    accuracy = counts.design.pass_at_k(counts.n, counts.c, 1)
    evidence = _evidence(counts.design)[counts.design.stop_index(counts.n, counts.c)]
    found = [
        _one(np.asarray(accuracy), evidence, counts.design, each, families)
        for each in thresholds.ravel().tolist()
    ]
    ends = map(np.stack, zip(*found, strict=True))
    return Interval(*(each.reshape(thresholds.shape + each.shape[1:]) for each in ends))


def _one(
    accuracy: Floats, evidence: Ints, design: Design, tau: float, families: ArrayLike | None
) -> tuple[Floats, Floats, Floats]:
    """Estimate value, low and high at one tau."""
    above, error, below, kept = _thresholds(design, tau)
    value = np.asarray(np.mean(accuracy >= tau - _ROUNDING, axis=0))
    low = (_share(evidence >= above, families).low - error) / (1.0 - error)
    high = _share(evidence >= below, families).high / kept
    return value, np.clip(low, 0.0, value), np.clip(high, value, 1.0)


def _share(is_so: NDArray[np.bool_], families: ArrayLike | None) -> Interval:
    """Estimate the share of problems, exactly where each stands alone."""
    if families is None:
        return binomial_interval(is_so.sum(axis=0), len(is_so))
    return population_interval(is_so, families=families)


@lru_cache(maxsize=8)
def _evidence(design: Design) -> Ints:
    """Rank of every stop by how much it speaks for a large p: shape (stops,).

    An earlier look before a later one, then more correct ones before fewer; last of all a problem
    that was dropped without success.
    """
    stops = design.stops()
    is_dropped = (stops.c == 0) & (stops.n < design.n_max)
    order = np.lexsort((stops.c, -stops.n, ~is_dropped))
    rank = np.empty(order.size, dtype=np.int64)
    rank[order] = np.arange(order.size)
    return rank


@lru_cache(maxsize=64)
def _thresholds(design: Design, tau: float) -> tuple[int, float, int, float]:
    """Return lowest rank seldom reached at p = tau, highest mostly reached, and their chances."""
    stops = design.stops()
    log_chance = stops.log_paths + xlogy(stops.c, tau) + xlog1py(stops.n - stops.c, -tau)
    chance = np.zeros(stops.n.size + 1)
    chance[_evidence(design)] = np.exp(log_chance)
    reached = chance[::-1].cumsum()[::-1]  # P(rank >= r | tau), r = 0 .. stops
    above = int(np.argmax(reached <= _ERROR))
    below = int(np.flatnonzero(reached >= 1.0 - _ERROR)[-1])
    return above, float(reached[above]), below, float(reached[below])
