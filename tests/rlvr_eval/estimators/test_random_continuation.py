"""Dropping problems by a toss stays unbiased, whatever control value was fixed beforehand."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from scipy.special import xlog1py, xlogy

from rlvr_eval.estimators import ContinuationDesign, SequentialDesign
from rlvr_eval.estimators.simulation import simulate_counts

PROBABILITIES = [Fraction(0), Fraction(1, 7), Fraction(1, 2), Fraction(9, 10), Fraction(1)]
SMALL = ContinuationDesign(SequentialDesign((2, 4, 8, 10), (3, 2, 1)), 4, 0.25)


@pytest.mark.parametrize("look", [2, 4, 8])
@pytest.mark.parametrize("control", [0.0, 0.3, 1.0, None])
def test_enumerating_all_samples_and_tosses_gives_the_true_pass_at_k(
    look: int, control: float | None
) -> None:
    design = ContinuationDesign(SMALL.design, look, 0.25)
    predicted = None if control is None else np.full(10, control)
    expectation = {p: np.zeros(10) for p in PROBABILITIES}
    for sample, continues in product(product([False, True], repeat=10), [True, False]):
        stop = design.replay(sample, continues=continues)
        curve = design.pass_at_k_curve(stop.n, stop.c, predicted)
        toss = Fraction(1, 4) if continues else Fraction(3, 4)
        for p in PROBABILITIES:
            chance = toss * p ** sum(sample) * (1 - p) ** (10 - sum(sample))
            expectation[p] += float(chance) * curve
    k = np.arange(1, 11)
    for p in PROBABILITIES:
        np.testing.assert_allclose(expectation[p], 1 - (1 - float(p)) ** k, atol=1e-13)


def test_simulated_estimates_at_1024_are_unbiased_under_a_control_per_problem() -> None:
    design, rng = ContinuationDesign(SequentialDesign(), 256, 0.3), np.random.default_rng(4)
    problems = 10_000
    control = rng.random((problems, 1)) * np.linspace(0.1, 0.6, 1024)
    for p in (0.0005, 0.002, 0.004):
        counts = simulate_counts(design, np.full(problems, p), rng)
        estimates = design.pass_at_k_curve(counts.n, counts.c, control)
        for k in (1, 64, 256, 257, 512, 1024):
            error = estimates[:, k - 1].std() / np.sqrt(problems)
            assert abs(estimates[:, k - 1].mean() - (1 - (1 - p) ** k)) < 4.5 * max(error, 1e-9)


def test_hard_problems_cost_fewer_completions_and_a_good_control_less_noise() -> None:
    design, rng = ContinuationDesign(SequentialDesign(), 256, 0.3), np.random.default_rng(5)
    p = np.full(20_000, 0.0004)
    counts, full = simulate_counts(design, p, rng), simulate_counts(design.design, p, rng)
    assert counts.n.mean() < 0.6 * full.n.mean()
    truth = 1 - (1 - 0.0004) ** np.arange(1, 1025)
    given_failures = 1 - (1 - truth) / (1 - 0.0004) ** 256
    with_control = design.pass_at_k_curve(counts.n, counts.c, given_failures)
    without = design.pass_at_k_curve(counts.n, counts.c)
    assert with_control[:, -1].std() < without[:, -1].std()


def test_probability_one_is_the_sequential_design() -> None:
    design = ContinuationDesign(SMALL.design, 4, 1.0)
    stops = SMALL.design.stops()
    np.testing.assert_allclose(
        design.pass_at_k_curve(stops.n, stops.c),
        SMALL.design.pass_at_k_curve(stops.n, stops.c),
        atol=1e-15,
    )


def test_the_first_draws_of_a_dropped_problem_are_known_to_have_failed() -> None:
    curve = SMALL.pass_at_k_curve(4, 0, np.full(10, 0.7))
    np.testing.assert_array_equal(curve, [0, 0, 0, 0, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7])


def test_chances_of_all_stops_add_up_to_one() -> None:
    stops = SMALL.stops()
    for p in (0.01, 0.4, 0.95):
        chance = np.exp(stops.log_paths + stops.c * np.log(p) + (stops.n - stops.c) * np.log1p(-p))
        assert chance.sum() == pytest.approx(1.0, abs=1e-12)
        curve = chance @ SMALL.pass_at_k_curve(stops.n, stops.c)
        np.testing.assert_allclose(curve, 1 - (1 - p) ** np.arange(1, 11), atol=1e-13)


def test_the_toss_is_the_same_whenever_asked_and_comes_up_as_often_as_stated() -> None:
    keys = [f"7|weights|math/{problem}" for problem in range(4000)]
    tosses = [SMALL.continues(key) for key in keys]
    assert tosses == [SMALL.continues(key) for key in keys]
    assert abs(np.mean(tosses) - 0.25) < 0.03
    assert tosses != [SMALL.continues(key.replace("weights", "others")) for key in keys]


def test_replay_drops_only_a_problem_without_success_at_the_look() -> None:
    assert SMALL.replay([False] * 4, continues=False).stopped
    assert SMALL.replay([False] * 4, continues=True).due == 8
    assert SMALL.replay([False, True, False, False], continues=False).due == 8
    assert SMALL.replay([False] * 3, continues=False).due == 4


def test_a_toss_at_no_look_or_without_chance_is_refused() -> None:
    with pytest.raises(ValueError, match="none of"):
        ContinuationDesign(SMALL.design, 5, 0.5)
    with pytest.raises(ValueError, match=r"\(0, 1\]"):
        ContinuationDesign(SMALL.design, 4, 0.0)


@pytest.mark.parametrize("k", [1, 256, 257, 4096])
def test_a_design_too_large_for_a_table_is_unbiased_over_all_its_stops(k: int) -> None:
    design = ContinuationDesign(SequentialDesign((256, 4096), (4,)), 256, 0.5)
    stops = design.stops()
    passes = np.asarray(design.pass_at_k(stops.n, stops.c, k))
    for p in (1e-4, 1e-2, 0.3):
        chance = np.exp(stops.log_paths + xlogy(stops.c, p) + xlog1py(stops.n - stops.c, -p))
        assert chance.sum() == pytest.approx(1.0)
        assert chance @ passes == pytest.approx(1 - (1 - p) ** k, abs=1e-9)
