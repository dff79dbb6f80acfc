"""The k at which a curve is evaluated, written down and tested.

Curves hold a column for each of `evaluated_ks`. Areas and crossovers are taken over all of these,
points are written at `reported_ks`, tests made at `headline_ks`; each is part of the one before.
"""

from math import isqrt

import numpy as np

from rlvr_eval.estimators.design import Ints

# every k up to this is evaluated; beyond, evenly on the log axis, neighbours 0.1 % apart, because
# all k of a million draws of a hundred problems would take gigabytes
_EVALUATED_UP_TO = 1 << 14
_LOG_STEP = 1e-3
# every k up to this is written; beyond, k is thinned evenly on its log axis
_WRITTEN_UP_TO = 128
_THINNED_K = 96


def evaluated_ks(k_max: int) -> Ints:
    """Return the k of a curve's columns: every k up to 16,384, then as many as a figure can show.

    For the migration of problems, half of k_max is among them, and the double of that.
    """
    if k_max <= _EVALUATED_UP_TO:
        return np.arange(1, k_max + 1)
    steps = int(np.ceil(np.log(k_max / _EVALUATED_UP_TO) / _LOG_STEP))
    beyond = np.geomspace(_EVALUATED_UP_TO, k_max, steps + 1).round().astype(np.int64)
    half = k_max // 2
    every = (np.arange(1, _EVALUATED_UP_TO), beyond, reported_ks(k_max), [half, 2 * half])
    return np.unique(np.concatenate(every))


def reported_ks(k_max: int) -> Ints:
    """Return the k at which curves are written down: 1, k_max and all powers of two among them."""
    if k_max <= _WRITTEN_UP_TO:
        return np.arange(1, k_max + 1)
    thinned = np.round(np.geomspace(1, k_max, _THINNED_K)).astype(np.int64)
    return np.unique(np.concatenate([thinned, powers_of_two(k_max), [k_max]]))


def powers_of_two(k_max: int) -> Ints:
    """Return 1, 2, 4, .. up to k_max."""
    return np.asarray(2 ** np.arange(int(k_max).bit_length()), dtype=np.int64)


def headline_ks(k_max: int) -> tuple[int, ...]:
    """Return 1, the power of two at or below the middle of the log axis, and k_max: 1, 16, 256."""
    middle = 1 << (isqrt(k_max).bit_length() - 1)
    return tuple(sorted({1, middle, k_max}))
