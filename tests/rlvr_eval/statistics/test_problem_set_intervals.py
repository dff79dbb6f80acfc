"""The variance of a mean over these very problems is unbiased, and its interval covers."""

import numpy as np
import pytest

from rlvr_eval.estimators import ContinuationDesign, Counts, Design, FixedDesign, SequentialDesign
from rlvr_eval.estimators.simulation import simulate_counts
from rlvr_eval.statistics.population_intervals import population_interval
from rlvr_eval.statistics.problem_set_intervals import (
    design_variance,
    mean_variance,
    problem_set_difference,
    problem_set_interval,
)

SMALL = SequentialDesign((4, 8, 16), (3, 2))
DESIGNS = [FixedDesign(16), SMALL, ContinuationDesign(SMALL, 8, 0.4)]


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("p", [0.02, 0.3, 0.9])
def test_the_variance_of_a_design_is_that_over_all_its_stops(design: Design, p: float) -> None:
    stops = design.stops()
    chance = np.exp(stops.log_paths + stops.c * np.log(p) + (stops.n - stops.c) * np.log1p(-p))
    curves = design.pass_at_k_curve(stops.n, stops.c)
    k = np.arange(1, design.n_max + 1)
    true_variance = chance @ curves**2 - (1 - (1 - p) ** k) ** 2
    np.testing.assert_allclose(design_variance(design, np.array([p]))[0], true_variance, atol=1e-14)
    some = design_variance(design, np.array([p]), ks=[1, 16])[0]
    np.testing.assert_allclose(some, true_variance[[0, 15]], atol=1e-14)


@pytest.mark.parametrize("design", [FixedDesign(64), SequentialDesign((8, 16, 32, 64), (6, 4, 2))])
def test_intervals_for_the_problem_set_cover_95_percent_and_little_more(design: Design) -> None:
    rng = np.random.default_rng(1)
    p = rng.beta(0.5, 1.0, size=200)
    ours = p**0.7
    k = np.array([1, 4, 16, 32])
    covered, covered_difference = np.zeros(4), np.zeros(4)
    runs = 4000
    truth = np.mean(1 - (1 - p[:, None]) ** k, axis=0)
    gain = np.mean((1 - p[:, None]) ** k - (1 - ours[:, None]) ** k, axis=0)
    base = simulate_counts(design, np.tile(p, (runs, 1)), rng)
    checkpoint = simulate_counts(design, np.tile(ours, (runs, 1)), rng)
    for run in range(runs):
        interval = problem_set_interval(Counts(design, base.n[run], base.c[run]))
        covered += (interval.low[k - 1] <= truth) & (truth <= interval.high[k - 1])
        if run % 4 == 0:
            difference = problem_set_difference(
                Counts(design, checkpoint.n[run], checkpoint.c[run]),
                Counts(design, base.n[run], base.c[run]),
            )
            covered_difference += (difference.low[k - 1] <= gain) & (gain <= difference.high[k - 1])
    assert ((covered / runs >= 0.93) & (covered / runs <= 0.995)).all()
    assert (covered_difference / (runs / 4) >= 0.93).all()


def test_k_beyond_half_of_n_max_is_marked_approximate() -> None:
    interval = problem_set_interval(Counts(FixedDesign(9), np.full(3, 9), np.array([0, 4, 9])))
    np.testing.assert_array_equal(interval.is_approximate, [False] * 4 + [True] * 5)


def test_these_problems_are_known_better_than_their_population() -> None:
    rng = np.random.default_rng(2)
    counts = simulate_counts(FixedDesign(256), rng.beta(0.5, 1.0, size=100), rng)
    set_interval, population = problem_set_interval(counts), population_interval(counts.curves())
    width, population_width = set_interval.high - set_interval.low, population.high - population.low
    assert (width[:128] < 0.6 * population_width[:128]).all()


def test_no_observed_noise_leaves_what_unseen_successes_could_change() -> None:
    """One problem never solved in 16 draws: Clopper and Pearson's bound, and its k-th power."""
    unsolved = Counts(FixedDesign(16), np.array([16]), np.array([0]))
    interval = problem_set_interval(unsolved)
    exact = 1 - 0.025 ** (np.arange(1, 17) / 16)
    np.testing.assert_allclose(interval.high[:8], exact[:8])
    assert ((interval.high >= exact - 1e-12) & (interval.high <= exact + 0.02)).all()
    np.testing.assert_array_equal(interval.low, 0.0)
    solved = problem_set_interval(Counts(FixedDesign(16), np.array([16]), np.array([16])))
    assert solved.low[0] == pytest.approx(0.025 ** (1 / 16))
    np.testing.assert_array_equal(solved.high, 1.0)


def test_some_k_alone_give_what_all_of_them_give() -> None:
    counts = simulate_counts(SMALL, np.linspace(0, 1, 30), np.random.default_rng(4))
    every, some = problem_set_interval(counts), problem_set_interval(counts, ks=(2, 16))
    for name in ("value", "low", "high", "is_approximate"):
        np.testing.assert_allclose(getattr(some, name), getattr(every, name)[[1, 15]])


@pytest.mark.parametrize("p", [0.004, 0.05, 0.5, 0.97])
def test_the_variance_is_on_average_hardly_smaller_than_the_true_one(p: float) -> None:
    design, k = FixedDesign(256), np.array([1, 16, 128, 256])
    counts = simulate_counts(design, np.full((1, 4000), p), np.random.default_rng(7))
    found = np.mean(mean_variance(counts, k), axis=0)
    true = design_variance(design, np.array([p]), k)[0]
    assert (found > 0.9 * true).all()
    assert found[0] < 2.5 * true[0]


def test_problems_never_solved_are_not_taken_for_unsolvable() -> None:
    """Ten problems of p = 1/n: of four nothing is seen, and their variance was taken as 0."""
    rng, n, runs = np.random.default_rng(8), 64, 2000
    p = np.concatenate([np.full(10, 1 / n), np.linspace(0.1, 0.9, 20)])
    counts = simulate_counts(FixedDesign(n), np.tile(p[:, None], runs), rng)
    found = problem_set_interval(counts, ks=(n,))
    truth = np.mean(1 - (1 - p) ** n)
    assert np.mean((found.low[:, 0] <= truth) & (truth <= found.high[:, 0])) >= 0.93


def test_designs_too_large_for_a_table_have_the_same_interval() -> None:
    """At k = n a problem's estimate is 1 unless all n fail: variance q^n (1 - q^n)."""
    n, p = 3000, np.array([1e-3])
    all_fail = (1 - 1e-3) ** n
    variance = design_variance(FixedDesign(n), p, ks=[n])
    np.testing.assert_allclose(variance, all_fail * (1 - all_fail), rtol=1e-6)
    counts = Counts(FixedDesign(n), np.array([n, n]), np.array([2, 0]))
    found = problem_set_interval(counts, ks=(1, n))
    np.testing.assert_allclose(found.value, [1 / n, 0.5])
