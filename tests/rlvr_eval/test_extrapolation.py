"""Beyond n_max: bounds that always hold, and models that find the truth where they apply."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import betaln

from rlvr_eval.estimators import Counts, Design, FixedDesign, SequentialDesign
from rlvr_eval.extrapolation import (
    MixingDistribution,
    ZeroInflatedBeta,
    bounds,
    fit_mixing_distribution,
    fit_zero_inflated_beta,
)
from rlvr_eval.inference import Interval, population_interval
from rlvr_eval.simulation import simulate_counts

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
    fit = fit_zero_inflated_beta(simulated(design, 4000))
    assert fit.share_unsolvable == pytest.approx(TRUTH.share_unsolvable, abs=0.05)
    assert fit.alpha == pytest.approx(TRUTH.alpha, rel=0.15)
    np.testing.assert_allclose(fit.pass_at_k(BEYOND), TRUTH.pass_at_k(BEYOND), atol=0.02)


def test_pass_at_k_of_the_beta_model_is_its_closed_form() -> None:
    """1 - B(a, b+k) / B(a, b) for the solvable share; for k = 1 that is a / (a + b)."""
    assert float(TRUTH.pass_at_k(1)) == pytest.approx(0.75 * 0.4 / 1.9)
    ratio = np.exp(betaln(0.4, 1.5 + 64) - betaln(0.4, 1.5))
    assert float(TRUTH.pass_at_k(64)) == pytest.approx(0.75 * (1 - ratio))


def test_the_nonparametric_fit_finds_the_shares_of_a_discrete_population() -> None:
    rng = np.random.default_rng(1)
    counts = simulate_counts(SequentialDesign(), np.repeat([0.0, 0.05, 0.9], [300, 500, 200]), rng)
    fit = fit_mixing_distribution(counts)
    np.testing.assert_allclose(fit.share_at_least([0.02, 0.5]), [0.7, 0.2], atol=0.02)
    assert fit.weight.sum() == pytest.approx(1.0)
    curve = population_interval(counts.curves())
    k = np.array([1, 16, 256])
    np.testing.assert_allclose(fit.pass_at_k(k), curve.value[k - 1], atol=0.01)


def test_the_nonparametric_fit_frees_cover_of_sampling_noise() -> None:
    """16 draws of p = 0.5 reach accuracy 0.6 in 23 % of cases; no problem does truly."""
    rng = np.random.default_rng(2)
    counts = simulate_counts(FixedDesign(16), np.full(2000, 0.5), rng)
    assert np.mean(counts.c / counts.n >= 0.6) > 0.2
    assert fit_mixing_distribution(counts).share_at_least(0.6) < 0.02


def test_nothing_solved_extrapolates_to_nothing() -> None:
    unsolved = Counts(FixedDesign(64), np.full(10, 64), np.zeros(10, int))
    np.testing.assert_array_equal(fit_zero_inflated_beta(unsolved).pass_at_k([64, 10**6]), 0.0)


@pytest.mark.parametrize("model", [ZeroInflatedBeta, MixingDistribution])
def test_models_are_labelled_as_models(model: type) -> None:
    assert model.label.startswith("model: ")
