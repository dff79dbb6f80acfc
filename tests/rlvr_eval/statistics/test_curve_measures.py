"""Areas, crossovers, histograms and Delta_SE: known answers, algebra and coverage."""

from math import inf, isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr_eval.estimators import Design, FixedDesign, SequentialDesign
from rlvr_eval.estimators.simulation import simulate_counts
from rlvr_eval.statistics.curve_measures import (
    accuracy_histogram,
    crossover,
    delta_se,
    log_k_area,
    log_k_area_difference,
    log_k_weights,
)
from rlvr_eval.statistics.population_intervals import (
    PairedDifference,
    paired_difference,
    population_interval,
)


def difference(value: list[float], half_width: float = 0.05) -> PairedDifference:
    d = np.array(value)
    return PairedDifference(d, d - half_width, d + half_width, np.ones(d.shape))


def test_weights_of_the_area_are_those_of_the_harmonic_series() -> None:
    """H_3 = 11/6, so w = 6/11, 3/11, 2/11."""
    np.testing.assert_allclose(log_k_weights(3), [6 / 11, 3 / 11, 2 / 11])


def test_the_area_of_a_flat_curve_is_its_height_and_areas_are_linear() -> None:
    rng = np.random.default_rng(0)
    base, checkpoint = rng.random((2, 20, 64))
    assert log_k_area(np.full((20, 64), 0.3)).value == pytest.approx(0.3)
    gap = log_k_area_difference(checkpoint, base)
    assert gap.value == pytest.approx(log_k_area(checkpoint).value - log_k_area(base).value)
    assert gap.value == pytest.approx(log_k_weights(64) @ paired_difference(checkpoint, base).value)


def test_intervals_of_the_area_cover_95_percent() -> None:
    rng, design, runs = np.random.default_rng(1), SequentialDesign(), 4000
    population = np.concatenate([np.zeros(20), np.linspace(0.0, 1.0, 81) ** 4])
    stops = design.stops()
    area_of_stop = design.pass_at_k_curve(stops.n, stops.c) @ log_k_weights(1024)
    p = population[rng.integers(population.size, size=(200, runs))]
    counts = simulate_counts(design, p, rng)
    interval = population_interval(area_of_stop[design.stop_index(counts.n, counts.c)])
    curves = 1 - (1 - population[:, None]) ** np.arange(1, 1025)
    truth = float(np.mean(curves @ log_k_weights(1024)))
    assert 0.93 <= np.mean((interval.low <= truth) & (truth <= interval.high)) <= 0.97


# a fifth unsolvable, and a checkpoint that is sharper but no longer solves the rarest
POPULATION = np.concatenate([np.zeros(20), np.linspace(0.0, 0.8, 80) ** 2])
SHARPENED = np.where(POPULATION < 0.03, 0.0, np.minimum(1.8 * POPULATION, 1.0))


@pytest.mark.parametrize(
    "design", [FixedDesign(64), SequentialDesign((8, 16, 32, 64), (4, 4, 2))], ids=str
)
@pytest.mark.parametrize("quantity", ["area difference", "Delta_SE"])
def test_intervals_of_paired_quantities_cover_95_percent(quantity: str, design: Design) -> None:
    rng, runs = np.random.default_rng(4), 2000
    drawn = rng.integers(POPULATION.size, size=(100, runs))
    base = simulate_counts(design, POPULATION[drawn], rng).curves()
    checkpoint = simulate_counts(design, SHARPENED[drawn], rng).curves()
    k = np.arange(1, 65)
    before, after = (1 - (1 - p[:, None]) ** k for p in (POPULATION, SHARPENED))
    if quantity == "area difference":
        found = log_k_area_difference(checkpoint, base)
        truth = np.mean((after - before) @ log_k_weights(64))
    else:
        found = delta_se(base, checkpoint, k=64)
        truth = np.mean(before[:, 63] - after[:, 0])
    assert found.value.shape == (runs,)
    assert 0.93 <= np.mean((found.low <= truth) & (truth <= found.high)) <= 0.97


def test_the_crossover_is_interpolated_on_log_k() -> None:
    """From +0.1 at k = 2 to -0.1 at k = 3: halfway on log k, at the square root of 6."""
    found = crossover(difference([0.3, 0.1, -0.1, -0.3]))
    assert found.k == pytest.approx(6**0.5)
    assert (found.low, found.high, found.censored) == (2, 3, "")


def test_the_last_turn_from_plus_to_minus_counts() -> None:
    found = crossover(difference([0.2, -0.2, -0.3, 0.2, 0.2, -0.2, -0.4]))
    assert 5 < found.k < 6


def test_an_exact_tie_between_both_signs_is_crossed_through() -> None:
    assert crossover(difference([0.3, 0.2, 0.0, -0.2])).k == pytest.approx(8**0.5)


def test_curves_that_have_not_crossed_yet_are_censored_at_k_max() -> None:
    found = crossover(difference([0.3, 0.2, 0.2, 0.1]))
    assert (str(found), found.low, found.high) == ("> k_max", 4, inf)
    assert isnan(found.k)
    closing = crossover(difference([0.3, 0.2, 0.03, 0.0]))
    assert (str(closing), closing.low, closing.high) == ("> k_max", 3, inf)


def test_a_checkpoint_that_is_never_above_has_no_crossover() -> None:
    found = crossover(difference([-0.3, -0.2, -0.1]))
    assert str(found) == "none"
    assert isnan(found.low)
    assert str(crossover(difference([0.0, 0.0]))) == "none"


def test_a_difference_that_stays_unclear_leaves_the_crossover_open_to_the_right() -> None:
    found = crossover(difference([0.3, 0.2, 0.01, -0.02]))
    assert (found.low, found.high) == (3, inf)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=40))
def test_a_crossover_lies_between_a_gain_and_a_loss(values: list[float]) -> None:
    found = crossover(difference(values))
    if not found.censored:
        below, above = int(np.floor(found.k)), int(np.ceil(found.k))
        assert 1 <= found.k <= len(values)
        assert max(values[:above]) > 0 > min(values[below - 1 :])
    else:
        assert found.censored in ("> k_max", "none")


def test_intervals_of_the_crossover_hold_the_true_one() -> None:
    """A sharper but narrower checkpoint; the true crossover from the true curves."""
    rng, design, runs = np.random.default_rng(2), FixedDesign(64), 600
    population = np.concatenate([np.zeros(15), np.linspace(0.0, 0.6, 85) ** 2])
    sharpened = np.where(population < 0.06, 0.0, np.minimum(2.0 * population, 1.0))
    k = np.arange(1, 65)
    true_d = np.mean((1 - population[:, None]) ** k - (1 - sharpened[:, None]) ** k, axis=0)
    truth = crossover(difference(true_d.tolist()))
    assert 2 < truth.k < 60
    covered = 0
    for _ in range(runs):
        drawn = rng.integers(population.size, size=200)
        base = simulate_counts(design, population[drawn], rng).curves()
        checkpoint = simulate_counts(design, sharpened[drawn], rng).curves()
        found = crossover(paired_difference(checkpoint, base))
        covered += found.low - 1 < truth.k < found.high + 1
    assert covered / runs >= 0.93


def test_histogram_puts_every_edge_into_the_bin_that_it_closes() -> None:
    """Bins {0}, (0, 0.1], .., (0.9, 1], also where pass@1 = 1 - (n-c)/n is off by rounding."""
    np.testing.assert_array_equal(accuracy_histogram(np.arange(11) / 10), np.ones(11))
    pass_at_1 = FixedDesign(10).pass_at_k(np.full(11, 10), np.arange(11), 1)
    np.testing.assert_array_equal(accuracy_histogram(pass_at_1), np.ones(11))
    just_above = accuracy_histogram([1 / 1024, 103 / 1024, 1023 / 1024])
    np.testing.assert_array_equal(just_above, [0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1])


@given(st.integers(1, 2000), st.data())
def test_histogram_agrees_with_whole_number_arithmetic(n: int, data: st.DataObject) -> None:
    c = data.draw(st.integers(0, n))
    histogram = accuracy_histogram([c / n])
    assert histogram.sum() == 1
    assert int(histogram.argmax()) == -(-10 * c // n)


@pytest.mark.parametrize(
    ("base_at_256", "best_at_1", "published"),
    [(0.672, 0.314, 0.358), (0.691, 0.281, 0.410), (0.962, 0.756, 0.206)],
)
def test_delta_se_of_the_best_algorithm_follows_from_the_papers_table_2(
    base_at_256: float, best_at_1: float, published: float
) -> None:
    """Yue et al. 2025, Table 2 and Fig. 8: Omni-MATH train (DAPO), test (RLOO), MATH500 (DAPO)."""
    base, checkpoint = np.zeros((40, 256)), np.full((40, 256), 0.99)
    base[:, 255], checkpoint[:, 0] = base_at_256, best_at_1
    assert delta_se(base, checkpoint).value == pytest.approx(published, abs=1e-12)


def test_delta_se_is_paired_and_needs_a_base_curve_that_reaches_k() -> None:
    rng = np.random.default_rng(3)
    curves = FixedDesign(64).pass_at_k_curve(np.full(50, 64), rng.integers(0, 65, 50))
    gap = delta_se(curves, curves, k=64)
    expected = paired_difference(curves[:, 63], curves[:, 0])
    assert (gap.value, gap.low, gap.high) == (expected.value, expected.low, expected.high)
    with pytest.raises(ValueError, match="pass@256, its curve ends at 64"):
        delta_se(curves, curves)
