"""Intervals cover as often as they say, and tests reject as seldom as they should.

Simulated runs lie along the trailing axis of an array (problems, runs), so 4,000 of them are one
call. Problems are drawn from a finite population of success probabilities, whose mean is exact.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from rlvr_eval.estimators import Design, FixedDesign, SequentialDesign
from rlvr_eval.estimators.simulation import simulate_counts
from rlvr_eval.statistics.population_intervals import (
    Interval,
    benjamini_hochberg,
    binomial_interval,
    holm,
    paired_difference,
    population_interval,
)

PROBLEMS, RUNS = 200, 4000
# a fifth unsolvable, many hard, some easy: a benchmark on which large k matters
POPULATION = np.concatenate(
    [np.zeros(400), stats.beta(0.4, 1.2).ppf((np.arange(1600) + 0.5) / 1600)]
)
IMPROVED = np.where(POPULATION < 0.003, 0.0, POPULATION**0.6)

p_values = arrays(np.float64, st.integers(1, 30), elements=st.floats(0, 1))


def coverage(interval: Interval, truth: float) -> float:
    return float(np.mean((interval.low <= truth) & (truth <= interval.high)))


def estimates(design: Design, p: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    counts = simulate_counts(design, p, rng)
    return np.asarray(design.pass_at_k(counts.n, counts.c, k))


@pytest.mark.parametrize(
    ("design", "k"),
    [
        (FixedDesign(64), 1),
        (FixedDesign(64), 32),
        (FixedDesign(64), 64),
        (SequentialDesign(), 64),
        (SequentialDesign(), 1024),
    ],
)
def test_population_intervals_cover_95_percent_and_so_do_paired_differences(
    design: Design, k: int
) -> None:
    rng = np.random.default_rng(k)
    drawn = rng.integers(POPULATION.size, size=(PROBLEMS, RUNS))
    base = estimates(design, POPULATION[drawn], k, rng)
    truth = np.mean(1 - (1 - POPULATION) ** k)
    assert 0.93 <= coverage(population_interval(base), truth) <= 0.97

    checkpoint = estimates(design, IMPROVED[drawn], k, rng)
    improvement = np.mean((1 - POPULATION) ** k - (1 - IMPROVED) ** k)
    assert 0.93 <= coverage(paired_difference(checkpoint, base), improvement) <= 0.97


@pytest.mark.parametrize("k", [1, 64, 1024])
def test_the_same_model_sampled_twice_differs_in_at_most_6_percent_of_a_thousand_pairs(
    k: int,
) -> None:
    rng, design = np.random.default_rng(10 + k), SequentialDesign()
    p = POPULATION[rng.integers(POPULATION.size, size=(PROBLEMS, 1000))]
    difference = paired_difference(estimates(design, p, k, rng), estimates(design, p, k, rng))
    excludes_zero = (difference.low > 0) | (difference.high < 0)
    # below 5 %: the pseudo-problems widen what is hardly more than noise
    assert 0.0 < excludes_zero.mean() <= 0.06
    np.testing.assert_array_equal(excludes_zero, difference.p_value < 0.05)


def test_problems_in_families_need_the_cluster_robust_interval() -> None:
    """40 families of 5 problems alike: the plain interval is too narrow, the robust one is not."""
    rng = np.random.default_rng(6)
    families = np.repeat(np.arange(40), 5)
    p = np.repeat(POPULATION[rng.integers(POPULATION.size, size=(40, RUNS))], 5, axis=0)
    per_problem = estimates(FixedDesign(64), p, 8, rng)
    truth = np.mean(1 - (1 - POPULATION) ** 8)
    assert coverage(population_interval(per_problem), truth) < 0.75
    assert 0.93 <= coverage(population_interval(per_problem, families=families), truth) <= 0.97


def test_thirty_problems_suffice_for_the_t_interval() -> None:
    rng = np.random.default_rng(7)
    p = POPULATION[rng.integers(POPULATION.size, size=(30, RUNS))]
    truth = np.mean(1 - (1 - POPULATION) ** 64)
    assert (
        0.93
        <= coverage(population_interval(estimates(FixedDesign(256), p, 64, rng)), truth)
        <= 0.98
    )


def test_the_interval_is_students_with_a_pseudo_problem_at_each_bound() -> None:
    per_problem = np.random.default_rng(8).random((17, 3))
    interval = population_interval(per_problem, level=0.9)
    joined = np.concatenate([per_problem, [[0.0] * 3, [1.0] * 3]])
    expected = stats.ttest_1samp(joined, 0.0).confidence_interval(0.9)
    np.testing.assert_allclose(interval.low, expected.low)
    np.testing.assert_allclose(interval.high, expected.high)
    np.testing.assert_allclose(interval.value, per_problem.mean(axis=0))


def test_without_bounds_the_interval_is_students() -> None:
    per_problem = np.random.default_rng(8).normal(size=(17, 3))
    interval = population_interval(per_problem, bounds=(-np.inf, np.inf))
    expected = stats.ttest_1samp(per_problem, 0.0).confidence_interval(0.95)
    np.testing.assert_allclose(interval.low, expected.low)
    np.testing.assert_allclose(interval.high, expected.high)
    alike = population_interval(np.ones(5), bounds=(-np.inf, 0.0))
    assert (alike.low, alike.value, alike.high) == (-np.inf, 1.0, np.inf)


def test_two_lucky_hits_tell_no_more_than_none() -> None:
    """Of 160 problems two are solved once in 1,024 draws: Student's interval ends at 0.003 %."""
    none, lucky = np.zeros(160), np.zeros(160)
    lucky[:2] = 1 / 1024
    without, with_two = population_interval(none), population_interval(lucky)
    assert float(with_two.low) == 0.0
    assert float(with_two.high) >= float(without.high) > 0.018


@given(st.integers(2, 200), st.data())
def test_every_further_success_moves_the_interval_up(problems: int, data: st.DataObject) -> None:
    solved = data.draw(st.integers(0, problems - 1))
    fewer, more = np.arange(problems) < solved, np.arange(problems) < solved + 1
    lower, higher = population_interval(fewer), population_interval(more)
    assert lower.low <= higher.low + 1e-12
    assert lower.high <= higher.high + 1e-12


def test_pseudo_problems_of_a_difference_change_by_what_the_problems_had_room_for() -> None:
    """s**2 = (1/2 + sum of changes**2) / (1/2 + sum of room**2), by hand for three problems."""
    base, checkpoint = np.array([0.5, 0.9, 0.0]), np.array([0.7, 0.9, 0.0])
    room = np.array([0.8, 0.2, 0.0])
    s = np.sqrt((0.5 + 0.2**2) / (0.5 + (room**2).sum()))
    joined = np.append(checkpoint - base, [-s, s])
    expected = stats.ttest_1samp(joined, 0.0)
    found = paired_difference(checkpoint, base)
    assert float(found.p_value) == pytest.approx(expected.pvalue)
    assert float(found.low) == pytest.approx(expected.confidence_interval().low)


def test_where_nothing_could_change_a_difference_may_still_be_what_one_problem_makes() -> None:
    without_room = paired_difference(np.ones(30), np.ones(30))
    with_room = paired_difference(np.full(30, 0.5), np.full(30, 0.5))
    assert float(without_room.high) == pytest.approx(-float(without_room.low))
    assert float(without_room.high) > 0.09
    assert float(with_room.high) < 0.015
    assert float(without_room.p_value) == float(with_room.p_value) == 1.0


def test_families_of_one_problem_each_change_nothing() -> None:
    per_problem = np.random.default_rng(10).random((12, 5))
    alone = population_interval(per_problem, families=[f"problem {i}" for i in range(12)])
    np.testing.assert_allclose(alone.low, population_interval(per_problem).low)
    np.testing.assert_allclose(alone.high, population_interval(per_problem).high)


def test_one_problem_says_nothing_about_the_population() -> None:
    interval = population_interval(np.array([[0.5, 1.0]]))
    np.testing.assert_array_equal(interval.low, 0.0)
    np.testing.assert_array_equal(interval.high, 1.0)
    one = paired_difference([[1.0]], [[0.0]])
    assert (one.low[0], one.high[0]) == (-1.0, 1.0)
    assert one.p_value[0] > 0.5


def test_unpaired_shapes_and_empty_input_are_refused() -> None:
    with pytest.raises(ValueError, match="same problems in the same order"):
        paired_difference(np.zeros((3, 2)), np.zeros((4, 2)))
    with pytest.raises(ValueError, match="no problem"):
        population_interval(np.zeros((0, 4)))
    with pytest.raises(ValueError, match="2 family labels for 3 problems"):
        population_interval(np.zeros((3, 1)), families=["a", "b"])


@given(arrays(np.float64, (7, 3), elements=st.floats(0, 1)))
def test_the_value_lies_within_the_interval_and_the_interval_within_its_bounds(
    per_problem: np.ndarray,
) -> None:
    share = population_interval(per_problem)
    difference = paired_difference(per_problem, 1 - per_problem)
    for interval, lowest in ((share, 0.0), (difference, -1.0)):
        assert (interval.low <= interval.value + 1e-12).all()
        assert (interval.value <= interval.high + 1e-12).all()
        assert (interval.low >= lowest).all()
        assert (interval.high <= 1).all()


@given(st.integers(0, 60), st.integers(1, 60), st.floats(0.5, 0.999))
def test_the_binomial_interval_is_clopper_and_pearsons(x: int, n: int, level: float) -> None:
    successes = min(x, n)
    interval = binomial_interval(successes, n, level=level)
    exact = stats.binomtest(successes, n).proportion_ci(level)
    assert float(interval.low) == pytest.approx(exact.low, abs=1e-9)
    assert float(interval.high) == pytest.approx(exact.high, abs=1e-9)


def test_holm_adjusts_as_worked_by_hand() -> None:
    """0.01 * 4, 0.02 * 3, then 0.03 * 2 and 0.04 * 1, held up to the largest before."""
    np.testing.assert_allclose(holm([0.04, 0.01, 0.03, 0.02]), [0.06, 0.04, 0.06, 0.06])
    assert holm(np.full((5, 2), 0.2)).shape == (5, 2)


@given(p_values)
def test_holm_keeps_the_order_and_lies_between_no_adjustment_and_bonferroni(p: np.ndarray) -> None:
    adjusted = holm(p)
    assert (adjusted >= p).all()
    assert (adjusted <= np.minimum(p * p.size, 1.0)).all()
    assert (np.diff(adjusted[np.argsort(p)]) >= 0).all()


def test_holm_over_checkpoints_keeps_false_alarms_at_five_percent() -> None:
    """Three checkpoints equal to the base, two k each: any alarm at all in at most 5 % of runs."""
    rng, design, runs = np.random.default_rng(11), FixedDesign(64), 1000
    p = POPULATION[rng.integers(POPULATION.size, size=(PROBLEMS, runs))]
    tests = []
    for k in (1, 64):
        base = estimates(design, p, k, rng)
        tests += [paired_difference(estimates(design, p, k, rng), base).p_value for _ in range(3)]
    alarms = [(holm(run) < 0.05).any() for run in np.array(tests).T]
    assert np.mean(alarms) < 0.065


@given(p_values)
def test_benjamini_hochberg_agrees_with_scipy(p: np.ndarray) -> None:
    np.testing.assert_allclose(
        benjamini_hochberg(p), stats.false_discovery_control(p), rtol=1e-12, atol=1e-300
    )
