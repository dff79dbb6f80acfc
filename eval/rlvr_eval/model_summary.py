"""Everything reported of one model, alone and against its base, as plain JSON values.

Per-problem curves go in, dictionaries come out: the curve with its interval, the paired difference,
the log-k area, the crossover, Delta_SE, the accuracy histogram, Cover@tau and the migration of
problems. The mathematics is that of inference, boundary and migration; what is decided here is only
which k are written down and under which name. The same functions serve all problems and each
stratum of them.
"""

from collections.abc import Sequence
from math import inf, isfinite, isnan, isqrt, nan
from typing import Any

import numpy as np

from rlvr_eval.boundary import (
    Crossover,
    accuracy_histogram,
    crossover,
    delta_se,
    log_k_area,
    log_k_area_difference,
)
from rlvr_eval.cover import cover_at
from rlvr_eval.design import Counts, Floats, Ints
from rlvr_eval.families import Units
from rlvr_eval.inference import (
    Interval,
    PairedDifference,
    paired_difference,
    population_interval,
)
from rlvr_eval.left_open import (
    DifferenceRange,
    DrawnCurves,
    difference_range,
    has_to_be_told,
)
from rlvr_eval.migration import Migration, migration

Json = dict[str, Any]

# every k up to this is written; beyond, k is thinned evenly on its log axis
_ALL_K_UP_TO = 128
_THINNED_K = 96
_DELTA_SE_K = 256
HISTOGRAM_BINS = ("0", *(f"({i / 10:g}, {(i + 1) / 10:g}]" for i in range(10)))
COVER_TAUS = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)


def reported_ks(k_max: int) -> Ints:
    """The k at which curves are written down: 1, k_max and all powers of two always among them."""
    if k_max <= _ALL_K_UP_TO:
        return np.arange(1, k_max + 1)
    thinned = np.round(np.geomspace(1, k_max, _THINNED_K)).astype(np.int64)
    return np.unique(np.concatenate([thinned, powers_of_two(k_max), [k_max]]))


def powers_of_two(k_max: int) -> Ints:
    """1, 2, 4, .. up to k_max."""
    return np.asarray(2 ** np.arange(int(k_max).bit_length()), dtype=np.int64)


def headline_ks(k_max: int) -> tuple[int, ...]:
    """1, the power of two at the middle of the log axis or just below, and k_max: 1, 16, 256."""
    middle = 1 << (isqrt(k_max).bit_length() - 1)
    return tuple(sorted({1, middle, k_max}))


def describe(
    counts: Counts,
    families: Ints | None = None,
    *,
    curves: Floats | None = None,
    upper: Floats | None = None,
) -> Json:
    """One model alone.

    Args:
        families: as in `inference.population_interval`; their number is then told as well, and how
            many of equal size they are worth.
        curves: per-problem curves of shape (problems, k_max) where those of `counts` are at hand,
            or are to end before n_max.
        upper: the curves with undecided verdicts taken as right; told where that matters.
    """
    curves = counts.curves() if curves is None else curves
    ks = reported_ks(curves.shape[1])
    interval = population_interval(curves[:, ks - 1], families=families)
    described = {
        "problems": len(curves),
        "curve": points(ks, interval),
        "area": one(log_k_area(curves, families=families)),
        "histogram": accuracy_histogram(curves[:, 0]).tolist(),
        "cover": _cover(counts, families),
    }
    if upper is not None:
        upper_interval = population_interval(upper[:, ks - 1], families=families)
        if has_to_be_told(interval, interval.value, upper_interval.value):
            described["curve_upper"] = points(ks, upper_interval)
    if families is None:
        return described
    units = Units.of(len(curves), families)
    return described | {
        "families": units.sizes.size,
        "effective_families": units.effective_number,
    }


def describe_difference(
    checkpoint: Floats,
    base: Floats,
    families: Ints | None = None,
    *,
    left_open: DifferenceRange | None = None,
) -> Json:
    """One model against its base, from curves of the same problems, shape (problems, k_max).

    Args:
        left_open: the differences that undecided verdicts leave possible. They are told where that
            matters, and the tests hold for all of them.
    """
    ks = reported_ks(base.shape[1])
    difference = paired_difference(checkpoint, base, families=families)
    area = log_k_area_difference(checkpoint, base, families=families)
    k_max = base.shape[1]
    gap_k = min(_DELTA_SE_K, k_max)
    described = {
        "paired_problems": len(base),
        "difference": points(ks, difference, ks - 1),
        "tests": _tests(difference, headline_ks(k_max), left_open, families),
        "area_difference": one(area) | {"p_value": float(area.p_value)},
        "crossover": _crossover(crossover(difference)),
        "delta_se": {"k": gap_k} | one(delta_se(base, checkpoint, k=gap_k, families=families)),
        "migration": _migration(migration(base, checkpoint, families=families), k_max // 2),
    }
    if left_open is not None:
        least, greatest = left_open.means()
        if has_to_be_told(difference, least, greatest):
            described["difference_range"] = [
                {"k": k, "least": float(least[k - 1]), "greatest": float(greatest[k - 1])}
                for k in ks.tolist()
            ]
            described["crossover"] = _crossover(
                crossover(difference),
                *(
                    crossover(paired_difference(ours, theirs, families=families))
                    for ours, theirs in (left_open.least, left_open.greatest)
                ),
            )
    return described


def describe_pair(checkpoint: DrawnCurves, base: DrawnCurves, families: Ints | None = None) -> Json:
    """As `describe_difference`, with what undecided verdicts leave open."""
    left_open = difference_range(checkpoint, base)
    return describe_difference(checkpoint.curves, base.curves, families, left_open=left_open)


def points(ks: Ints, interval: Interval, at: Ints | None = None) -> list[Json]:
    """An interval over k as the list of points that summary.json promises."""
    chosen = slice(None) if at is None else at
    columns = (interval.value[chosen], interval.low[chosen], interval.high[chosen])
    return [
        {"k": k, "value": value, "low": low, "high": high}
        for k, value, low, high in zip(
            ks.tolist(), *(column.tolist() for column in columns), strict=True
        )
    ]


def at_k(listed: Sequence[Json], k: int) -> Json | None:
    """The point at this k, or None where it was not written down."""
    return next((point for point in listed if point["k"] == k), None)


def one(interval: Interval, at: Any = ()) -> Json:
    """A single value with its interval."""
    return {
        "value": float(interval.value[at]),
        "low": float(interval.low[at]),
        "high": float(interval.high[at]),
    }


def _cover(counts: Counts, families: Ints | None) -> list[Json]:
    covered = cover_at(counts, np.array(COVER_TAUS), families=families)
    return [{"tau": tau} | one(covered, i) for i, tau in enumerate(COVER_TAUS)]


def _tests(
    difference: PairedDifference,
    ks: Sequence[int],
    left_open: DifferenceRange | None,
    families: Ints | None,
) -> list[Json]:
    """p-values of no difference; the greatest of those that undecided verdicts leave possible."""
    at = np.array(ks) - 1
    p_values = difference.p_value[at]
    if left_open is not None:
        for ours, theirs in (left_open.least, left_open.greatest):
            end = paired_difference(ours[:, at], theirs[:, at], families=families)
            p_values = np.maximum(p_values, end.p_value)
        least, greatest = left_open.means()
        turns = (least * greatest)[at] <= 0
        p_values = np.where(turns, 1.0, p_values)
    return [{"k": k, "p_value": float(p)} for k, p in zip(ks, p_values, strict=True)]


def _crossover(found: Crossover, *left_open: Crossover) -> Json:
    """Write a crossover as JSON, which has no nan and no inf: null for both.

    Args:
        left_open: the crossovers at both extremes that undecided verdicts leave possible; the
            interval reaches over theirs as well. `is_open` says that it has no end.
    """
    all_of_them = (found, *left_open)
    low = min((each.low for each in all_of_them if not isnan(each.low)), default=nan)
    high = max((each.high for each in all_of_them if not isnan(each.high)), default=nan)
    return {
        "k": _finite(found.k),
        "low": _finite(low),
        "high": _finite(high),
        "is_open": high == inf,
        "censored": found.censored,
    }


def _migration(found: Migration, half: int) -> list[Json]:
    """Expected numbers of problems at every power of two up to n_max / 2, and at that."""
    ks = sorted({*powers_of_two(half).tolist(), half}) if half else []
    return [
        {"k": k, "churn": float(found.churn[k - 1])}
        | {name: one(getattr(found, name), k - 1) for name in ("kept", "lost", "gained", "neither")}
        for k in ks
    ]


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
