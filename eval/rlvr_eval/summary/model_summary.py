"""Everything reported of one model, alone and against its base, as plain JSON values.

Per-problem curves go in, dictionaries come out: the curve with its interval, the paired difference,
the log-k area, the crossover, Delta_SE, the accuracy histogram, Cover@tau and the migration of
problems. The mathematics is that of inference, boundary and migration; what is decided here is only
which k are written down and under which name. The same functions serve all problems and each
stratum of them.
"""

from collections.abc import Sequence
from math import inf, isfinite, isnan, nan
from typing import Any

import numpy as np

from rlvr_eval.estimators.design import Counts, Ints
from rlvr_eval.estimators.which_ks import headline_ks, powers_of_two, reported_ks
from rlvr_eval.statistics.cover import cover_at
from rlvr_eval.statistics.curve_measures import (
    Crossover,
    accuracy_histogram,
    crossover,
    delta_se,
    log_k_area,
    log_k_area_difference,
)
from rlvr_eval.statistics.families import Units
from rlvr_eval.statistics.left_open import (
    DifferenceRange,
    DrawnCurves,
    difference_range,
    has_to_be_told,
)
from rlvr_eval.statistics.migration import migration_at
from rlvr_eval.statistics.population_intervals import (
    Interval,
    PairedDifference,
    paired_difference,
    population_interval,
)

Json = dict[str, Any]

_DELTA_SE_K = 256
HISTOGRAM_BINS = ("0", *(f"({i / 10:g}, {(i + 1) / 10:g}]" for i in range(10)))
COVER_TAUS = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)


def describe(counts: Counts, families: Ints | None, drawn: DrawnCurves) -> Json:
    """Describe one model alone.

    Args:
        families: as in `inference.population_interval`; their number is then told as well, and how
            many of equal size they are worth.
        drawn: its curves, which may end before n_max; those with undecided verdicts taken as right
            are told where that matters.
    """
    ks = reported_ks(drawn.k_max)
    at, curves = drawn.columns(ks), drawn.curves
    interval = population_interval(curves.take(at, axis=1), families=families)
    described = {
        "problems": len(curves),
        "curve": points(ks, interval),
        "area": one(log_k_area(curves, drawn.ks, families=families)),
        "histogram": accuracy_histogram(curves[:, 0]).tolist(),
        "cover": _cover(counts, families),
    }
    if drawn.upper is not None:
        upper_interval = population_interval(drawn.upper.take(at, axis=1), families=families)
        if has_to_be_told(interval, interval.value, upper_interval.value):
            described["curve_upper"] = points(ks, upper_interval)
    if families is None:
        return described
    units = Units.of(len(curves), families)
    return described | {
        "families": units.sizes.size,
        "effective_families": units.effective_number,
    }


def describe_pair(checkpoint: DrawnCurves, base: DrawnCurves, families: Ints | None = None) -> Json:
    """Describe one model against its base, from curves of the same problems with the same columns.

    The differences that undecided verdicts leave possible are told where that matters, and the
    tests hold for all of them.
    """
    ours, theirs, k_max = checkpoint.curves, base.curves, base.k_max
    left_open = difference_range(checkpoint, base)
    difference = paired_difference(ours, theirs, families=families)
    area = log_k_area_difference(ours, theirs, base.ks, families=families)
    ks = reported_ks(k_max)
    at, headline = base.columns(ks), headline_ks(k_max)
    described = {
        "paired_problems": len(theirs),
        "difference": points(ks, difference, at),
        "tests": _tests(difference, headline, base.columns(headline), left_open, families),
        "area_difference": one(area) | {"p_value": float(area.p_value)},
        "crossover": _crossover(crossover(difference, base.ks)),
        "delta_se": _delta_se(checkpoint, base, families),
        "migration": _migration(checkpoint, base, families),
    }
    if left_open is None:
        return described
    least, greatest = left_open.means()
    if has_to_be_told(_at(difference, at), least[at], greatest[at]):
        described["difference_range"] = [
            {"k": k, "least": low, "greatest": high}
            for k, low, high in zip(
                ks.tolist(), least[at].tolist(), greatest[at].tolist(), strict=True
            )
        ]
        described["crossover"] = _crossover(
            crossover(difference, base.ks),
            *(
                crossover(paired_difference(*extreme, families=families), base.ks)
                for extreme in (left_open.least, left_open.greatest)
            ),
        )
    return described


def points(ks: Ints, interval: Interval, at: Ints | None = None) -> list[Json]:
    """Write an interval over k as the list of points that summary.json promises."""
    chosen = slice(None) if at is None else at
    columns = (interval.value[chosen], interval.low[chosen], interval.high[chosen])
    return [
        {"k": k, "value": value, "low": low, "high": high}
        for k, value, low, high in zip(
            ks.tolist(), *(column.tolist() for column in columns), strict=True
        )
    ]


def at_k(listed: Sequence[Json], k: int) -> Json | None:
    """Find the point at this k; None where it was not written down."""
    return next((point for point in listed if point["k"] == k), None)


def one(interval: Interval, at: Any = ()) -> Json:
    """Write a single value with its interval."""
    return {
        "value": float(interval.value[at]),
        "low": float(interval.low[at]),
        "high": float(interval.high[at]),
    }


def _cover(counts: Counts, families: Ints | None) -> list[Json]:
    covered = cover_at(counts, np.array(COVER_TAUS), families=families)
    return [{"tau": tau} | one(covered, i) for i, tau in enumerate(COVER_TAUS)]


def _delta_se(checkpoint: DrawnCurves, base: DrawnCurves, families: Ints | None) -> Json:
    k = min(_DELTA_SE_K, base.k_max)
    gap = delta_se(base.curves, checkpoint.curves, k=k, families=families)
    return {"k": k} | one(gap)


def _tests(
    difference: PairedDifference,
    ks: Sequence[int],
    at: Ints,
    left_open: DifferenceRange | None,
    families: Ints | None,
) -> list[Json]:
    """Test for no difference; take the greatest p that undecided verdicts leave possible."""
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


def _migration(checkpoint: DrawnCurves, base: DrawnCurves, families: Ints | None) -> list[Json]:
    """Count expected problems at every power of two up to k_max / 2, and at that."""
    half = base.k_max // 2
    if not half:
        return []
    ks = np.union1d(powers_of_two(half), [half])
    at, twice = base.columns(ks), base.columns(2 * ks)
    found = migration_at(
        base.curves[:, at], checkpoint.curves[:, at], base.curves[:, twice], families=families
    )
    return [
        {"k": k, "churn": float(found.churn[i])}
        | {name: one(getattr(found, name), i) for name in ("kept", "lost", "gained", "neither")}
        for i, k in enumerate(ks.tolist())
    ]


def _at(interval: Interval, at: Ints) -> Interval:
    return Interval(interval.value[at], interval.low[at], interval.high[at])


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
