"""Exact intervals of one problem's accuracy cover at least as often as stated, whatever p is."""

import numpy as np
import pytest

from rlvr_eval.estimators import ContinuationDesign, Counts, Design, FixedDesign, SequentialDesign
from rlvr_eval.statistics.exact import accuracy_interval, lower_tail, upper_tail
from rlvr_eval.statistics.population_intervals import binomial_interval

DESIGNS = [FixedDesign(40), SequentialDesign((4, 8, 16, 40), (4, 3, 1)), SequentialDesign()]


@pytest.mark.parametrize("design", DESIGNS)
def test_coverage_summed_over_all_stops_is_at_least_nominal(design: Design) -> None:
    stops = design.stops()
    interval = accuracy_interval(Counts(design, stops.n, stops.c))
    for p in (0.0003, 0.003, 0.02, 0.1, 0.25, 0.5, 0.8, 0.99):
        chance = np.exp(stops.log_paths + stops.c * np.log(p) + (stops.n - stops.c) * np.log1p(-p))
        is_covered = (interval.low <= p) & (p <= interval.high)
        assert chance @ is_covered >= 0.95


@pytest.mark.parametrize("design", DESIGNS)
def test_tails_are_sums_over_the_ordered_stops(design: Design) -> None:
    stops = design.stops()
    for p in (0.003, 0.2, 0.7):
        chance = np.exp(stops.log_paths + stops.c * np.log(p) + (stops.n - stops.c) * np.log1p(-p))
        order = np.lexsort((-stops.c, stops.n))  # from what speaks most for a large p
        expected = np.empty(stops.n.size)
        expected[order] = np.cumsum(chance[order])
        at = np.full(stops.n.size, p)
        np.testing.assert_allclose(upper_tail(design, stops.n, stops.c, at), expected, atol=1e-12)
        np.testing.assert_allclose(
            lower_tail(design, stops.n, stops.c, at), 1 - expected + chance, atol=1e-12
        )


def test_with_a_fixed_n_the_interval_is_clopper_and_pearsons() -> None:
    n, c = np.full(41, 40), np.arange(41)
    interval, expected = accuracy_interval(Counts(FixedDesign(40), n, c)), binomial_interval(c, n)
    np.testing.assert_allclose(interval.low, expected.low, atol=1e-12)
    np.testing.assert_allclose(interval.high, expected.high, atol=1e-12)
    assert interval.low[0] == 0.0
    assert interval.high[-1] == 1.0


def test_dropping_by_a_toss_leaves_no_order_to_invert() -> None:
    design = ContinuationDesign(SequentialDesign(), 256, 0.5)
    with pytest.raises(ValueError, match="no exact interval"):
        accuracy_interval(Counts(design, np.array([256]), np.array([0])))
