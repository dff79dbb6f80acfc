"""Beyond n_max: bounds that always hold, and models that find the truth where they apply."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import betaln

from rlvr_eval.estimators import Counts, Design, FixedDesign, SequentialDesign
from rlvr_eval.estimators.simulation import simulate_counts
from rlvr_eval.statistics.extrapolation import (
    PowerLaw,
    Table,
    ZeroInflatedBeta,
    bounds,
    fit_power_law,
    fit_zero_inflated_beta,
    predictions,
    tabulate,
)
from rlvr_eval.statistics.population_intervals import Interval, population_interval
from rlvr_eval.summary.fixed_problem_set import describe_beyond
from tests.regimes import REGIMES

TRUTH = ZeroInflatedBeta(0.25, 0.4, 1.5)
BEYOND = np.array([1024, 2048, 4096])


def simulated(design: Design, problems: int) -> Counts:
    rng = np.random.default_rng(0)
    solvable = rng.random(problems) >= TRUTH.share_unsolvable
    p = np.where(solvable, rng.beta(TRUTH.alpha, TRUTH.beta, problems), 0.0)
    return simulate_counts(design, p, rng)


@given(arrays(np.float64, 6, elements=st.floats(0, 1)), st.integers(1, 50), st.integers(1, 40))
def test_bounds_hold_for_any_problems_at_all(p: np.ndarray, n_max: int, times: int) -> None:
    at_n_max = np.asarray(np.mean(1 - (1 - p) ** n_max))
    low, high = bounds(Interval(at_n_max, at_n_max, at_n_max), n_max, n_max * times)
    truth = np.mean(1 - (1 - p) ** (n_max * times))
    assert low - 1e-12 <= truth <= high + 1e-12


def test_bounds_are_reached_by_problems_all_alike() -> None:
    at_n_max = np.asarray(1 - 0.99**64)
    low, high = bounds(Interval(at_n_max, at_n_max, at_n_max), 64, [64, 640])
    np.testing.assert_allclose(high, 1 - 0.99 ** np.array([64, 640]))
    np.testing.assert_allclose(low, at_n_max)


def test_estimates_within_n_max_are_not_replaced_by_bounds() -> None:
    half = np.asarray(0.5)
    with pytest.raises(ValueError, match="k below n_max = 64"):
        bounds(Interval(half, half, half), 64, [32, 128])


def test_bounds_from_the_interval_hold_the_truth() -> None:
    at_n_max = population_interval(simulated(FixedDesign(256), 300).curves()[:, -1])
    low, high = bounds(at_n_max, 256, BEYOND)
    truth = TRUTH.pass_at_k(BEYOND)
    assert ((low < truth) & (truth < high)).all()


@pytest.mark.parametrize(
    "design", [FixedDesign(256), SequentialDesign((32, 64, 128, 256), (8, 4, 2))]
)
def test_the_beta_model_recovers_what_it_assumes_under_any_design(design: Design) -> None:
    fit = fit_zero_inflated_beta(tabulate(simulated(design, 4000))[0])
    assert fit.share_unsolvable == pytest.approx(TRUTH.share_unsolvable, abs=0.05)
    assert fit.alpha == pytest.approx(TRUTH.alpha, rel=0.15)
    np.testing.assert_allclose(fit.pass_at_k(BEYOND), TRUTH.pass_at_k(BEYOND), atol=0.02)


def test_pass_at_k_of_the_beta_model_is_its_closed_form() -> None:
    """1 - B(a, b+k) / B(a, b) for the solvable share; for k = 1 that is a / (a + b)."""
    assert float(TRUTH.pass_at_k(1)) == pytest.approx(0.75 * 0.4 / 1.9)
    ratio = np.exp(betaln(0.4, 1.5 + 64) - betaln(0.4, 1.5))
    assert float(TRUTH.pass_at_k(64)) == pytest.approx(0.75 * (1 - ratio))


def test_the_power_law_recovers_what_it_assumes() -> None:
    """Counts at their means under log pass@k = -2 k**-0.3 at one accuracy each."""
    law = PowerLaw(np.log(2.0), 0.3)
    ks = np.array([8, 16, 32, 64, 128, 256])
    one = np.ones(1)
    found = fit_power_law(Table(256 * one, one, one, ks, law.pass_at_k(ks)[None, :]))
    assert (found.log_scale, found.exponent) == pytest.approx((law.log_scale, law.exponent))
    np.testing.assert_allclose(law.pass_at_k([1]), np.exp(-2.0))


def test_intervals_of_a_model_hold_the_truth_where_its_shape_is_right() -> None:
    held = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        p = np.where(rng.random(150) < 0.25, 0.0, rng.beta(TRUTH.alpha, TRUTH.beta, 150))
        counts = simulate_counts(FixedDesign(128), p, rng)
        found = predictions(counts, np.array([2048]))["model: zero-inflated beta-binomial"]
        assert found.low <= found.value <= found.high
        held += bool(found.low[0] <= TRUTH.pass_at_k(2048) <= found.high[0])
    assert held >= 16


def test_the_range_of_the_models_holds_truths_that_single_models_miss() -> None:
    """With unsolvable problems the beta overshoots; without, the one with zeros falls short."""
    held = {"range": 0, "model: beta-binomial": 0}
    p = REGIMES["ordinary mix"].base
    truth = float(np.mean(1 - (1 - p) ** 1600))
    for seed in range(12):
        rng = np.random.default_rng(seed)
        counts = simulate_counts(FixedDesign(100), p[rng.integers(p.size, size=128)], rng)
        (found,) = [each for each in describe_beyond(counts) if each["k"] == 1600]
        low, high = found["range"]
        held["range"] += low <= truth <= high
        low, high = found["model_intervals"]["model: beta-binomial"]
        held["model: beta-binomial"] += low <= truth <= high
        assert found["low"] <= found["range"][0] <= found["range"][1] <= found["high"]
    assert held["range"] >= 10
    assert held["model: beta-binomial"] < 9


def test_families_are_resampled_as_a_whole() -> None:
    counts = simulated(FixedDesign(64), 40)
    repeated = Counts(counts.design, np.repeat(counts.n, 5), np.repeat(counts.c, 5))
    ks = np.array([1024])
    alone, together = (
        predictions(repeated, ks, families=families)["model: power law"]
        for families in (None, np.repeat(np.arange(40), 5))
    )
    assert float(together.high[0] - together.low[0]) > 1.5 * float(alone.high[0] - alone.low[0])


@pytest.mark.parametrize("c", [0, 1, 64])
@pytest.mark.parametrize("problems", [1, 10])
def test_counts_all_alike_are_extrapolated_without_a_fault(c: int, problems: int) -> None:
    counts = Counts(FixedDesign(64), np.full(problems, 64), np.full(problems, c))
    for each in describe_beyond(counts):
        for value in (*each["models"].values(), *each["range"]):
            assert 0 <= value <= 1
        assert each["range"][0] <= each["range"][1]


def test_nothing_solved_extrapolates_to_nothing() -> None:
    unsolved = Counts(FixedDesign(64), np.full(10, 64), np.zeros(10, int))
    np.testing.assert_array_equal(
        fit_zero_inflated_beta(tabulate(unsolved)[0]).pass_at_k([64, 10**6]), 0.0
    )
