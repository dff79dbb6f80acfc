"""The sequential estimator is unbiased: by enumeration, by exact arithmetic and by simulation."""

from collections import Counter
from fractions import Fraction
from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import expit, logit, xlog1py, xlogy

from rlvr_eval.estimators import Counts, Design, FixedDesign, SequentialDesign, pass_at_k
from rlvr_eval.estimators.simulation import simulate_counts
from rlvr_eval.statistics.problem_set_intervals import design_variance, mean_variance

PROBABILITIES = [Fraction(0), Fraction(1, 7), Fraction(1, 2), Fraction(9, 10), Fraction(1)]
SMALL_DESIGNS = [
    # the default's shape: looks that do not double, a run of equal thresholds, then 2, 1 and 1
    ((2, 3, 5, 6, 8, 9, 11, 12), (3, 3, 3, 2, 2, 1, 1)),
    ((2, 4, 8, 10), (3, 2, 1)),
    ((1, 2, 3, 4, 5, 6), (1, 1, 1, 1, 1)),
    ((3, 10), (2,)),
    ((4, 5, 9), (4, 1)),
    ((2, 6, 10), (8, 3)),
    ((5,), ()),
]


DESIGNS_UP_TO_1024 = [
    SequentialDesign(),
    SequentialDesign((32, 64, 128, 256, 512, 1024), (8, 8, 4, 4, 2)),
    SequentialDesign.for_ks(1024, [1, 256]),
]


def stop_of(
    sample: tuple[int, ...], looks: tuple[int, ...], thresholds: tuple[int, ...]
) -> tuple[int, int]:
    """(n, c) at which a problem with these verdicts stops, from the definition."""
    for n, threshold in zip(looks, (*thresholds, 0), strict=True):
        if sum(sample[:n]) >= threshold:
            return n, sum(sample[:n])
    raise AssertionError


@pytest.mark.parametrize(("looks", "thresholds"), SMALL_DESIGNS)
def test_enumerating_all_samples_gives_the_true_pass_at_k(
    looks: tuple[int, ...], thresholds: tuple[int, ...]
) -> None:
    """Every 0/1 sequence, exact fractions, all k up to n_max, also k beyond the draws of a stop."""
    design, n_max = SequentialDesign(looks, thresholds), looks[-1]
    samples = {
        sample: stop_of(sample, looks, thresholds) for sample in product([0, 1], repeat=n_max)
    }
    paths = Counter(samples.values())
    for k in range(1, n_max + 1):
        failing = Counter(stop for sample, stop in samples.items() if not any(sample[:k]))
        failure = {stop: Fraction(failing[stop], paths[stop]) for stop in paths}
        for p in PROBABILITIES:
            expectation = sum(
                p ** sum(sample) * (1 - p) ** (n_max - sum(sample)) * failure[stop]
                for sample, stop in samples.items()
            )
            assert expectation == (1 - p) ** k
        for (n, c), exact in failure.items():
            assert design.pass_at_k(n, c, k) == pytest.approx(1 - float(exact), abs=1e-14)
    listed = design.stops()
    assert set(zip(listed.n.tolist(), listed.c.tolist(), strict=True)) == set(paths)


@pytest.mark.parametrize("design", DESIGNS_UP_TO_1024)
def test_designs_up_to_1024_agree_with_exact_arithmetic_to_1e_12(design: SequentialDesign) -> None:
    stops = design.stops()
    rng = np.random.default_rng(1)
    for index in rng.choice(stops.n.size, 60, replace=False):
        n, c = int(stops.n[index]), int(stops.c[index])
        for k in (1, 2, 31, 32, 33, 64, 100, 256, 257, 511, 641, 700, 769, 1024):
            exact = 1 - exact_failure(design, n, c, k)
            assert design.pass_at_k(n, c, k) == pytest.approx(float(exact), abs=1e-12)


def exact_failure(design: SequentialDesign, n: int, c: int, k: int) -> Fraction:
    """The share of sequences to (n, c) that begin with k failures, in whole numbers."""
    look = design.looks.index(n)
    if k > n:
        return Fraction(0)
    if look == 0:
        return Fraction(comb(n - k, c), comb(n, c))
    before, batch = design.looks[look - 1], n - design.looks[look - 1]
    allowed = range(min(design.thresholds[look - 1], c + 1))
    total = sum(comb(before, a) * comb(batch, c - a) for a in allowed)
    if k > before:
        return Fraction(comb(n - k, c), total)
    return Fraction(sum(comb(before - k, a) * comb(batch, c - a) for a in allowed), total)


@st.composite
def designs(draw: st.DrawFn) -> SequentialDesign:
    looks = sorted(draw(st.sets(st.integers(1, 120), min_size=1, max_size=6)))
    thresholds = draw(
        st.lists(st.integers(1, 12), min_size=len(looks) - 1, max_size=len(looks) - 1)
    )
    return SequentialDesign(tuple(looks), tuple(sorted(thresholds, reverse=True)))


@given(designs(), st.floats(0.001, 0.999))
@settings(deadline=None)
def test_any_design_is_unbiased_for_every_k(design: SequentialDesign, p: float) -> None:
    stops = design.stops()
    chance = np.exp(stops.log_paths + stops.c * np.log(p) + (stops.n - stops.c) * np.log1p(-p))
    assert chance.sum() == pytest.approx(1.0, abs=1e-11)
    k = np.arange(1, design.n_max + 1)
    np.testing.assert_allclose(
        chance @ design.pass_at_k_curve(stops.n, stops.c), 1 - (1 - p) ** k, atol=1e-11
    )


@given(designs(), st.lists(st.booleans(), max_size=130))
@settings(deadline=None)
def test_replay_says_where_a_problem_stands(design: SequentialDesign, verdicts: list[bool]) -> None:
    progress = design.replay(verdicts)
    if progress.stopped:
        assert (progress.n, progress.c) == stop_of(tuple(verdicts), design.looks, design.thresholds)
        assert progress.due == progress.n <= len(verdicts)
        assert design.replay(verdicts[: progress.n]) == progress
        assert design.replay([*verdicts, True]) == progress
        assert 0 <= design.pass_at_k(progress.n, progress.c, 1) <= 1
    else:
        assert progress.due in design.looks
        assert progress.due > len(verdicts) == progress.n
        assert progress.c == sum(verdicts)


def test_looks_are_counted_in_sample_index_order_not_in_order_of_arrival() -> None:
    design = SequentialDesign((4, 8), (2,))
    assert design.replay([False, False, True, False, True, True, True, True]).n == 8
    assert design.replay([True, True, True, True, False, False, True, False]).n == 4


def test_regrading_can_leave_draws_out_or_make_more_due() -> None:
    design = SequentialDesign((4, 8), (2,))
    verdicts = [True, False, False, False, False, False, False, True]
    assert design.replay(verdicts).n == 8
    verdicts[1] = True
    assert design.replay(verdicts).n == 4
    stopped_early = [True, True, False, False]
    assert design.replay(stopped_early).stopped
    assert design.replay([True, False, False, False]).due == 8


def test_stop_of_many_problems_at_once_agrees_with_replay() -> None:
    design = SequentialDesign()
    rng = np.random.default_rng(2)
    verdicts = rng.random((200, 1024)) < rng.beta(0.2, 2, size=(200, 1))
    at_looks = verdicts.cumsum(axis=1)[:, np.array(design.looks) - 1]
    n, c = design.stop(at_looks)
    for problem in range(200):
        progress = design.replay(verdicts[problem])
        assert (progress.n, progress.c) == (n[problem], c[problem])


# the rarest estimates of the last one come once in 30,000 problems: for exact arithmetic only
@pytest.mark.parametrize("design", DESIGNS_UP_TO_1024[:2])
def test_simulated_pass_at_k_up_to_1024_is_unbiased(design: SequentialDesign) -> None:
    rng = np.random.default_rng(3)
    problems = 40_000
    for p in (0.0003, 0.002, 0.01, 0.08, 0.3, 0.9):
        counts = simulate_counts(design, np.full(problems, p), rng)
        for k in (1, 8, 64, 256, 640, 1024):
            estimates = np.asarray(design.pass_at_k(counts.n, counts.c, k))
            error = max(estimates.std() / np.sqrt(problems), 1e-9)
            assert abs(estimates.mean() - (1 - (1 - p) ** k)) < 4.5 * error


@pytest.mark.parametrize(("threshold", "k", "points"), [(4, 8, 2.0), (1, 64, 5.0)])
def test_the_fixed_formula_would_be_biased_by_points(threshold: int, k: int, points: float) -> None:
    """Why counts of a sequential design are refused there: the bias over all p reaches points."""
    looks = tuple(2**j for j in range(6, 11)) if k > 32 else (8, 16, 32, 64, 128)
    design = SequentialDesign(looks, (threshold,) * (len(looks) - 1))
    stops = design.stops()
    naive = np.array(
        [pass_at_k(n, c, k) for n, c in zip(stops.n.tolist(), stops.c.tolist(), strict=True)]
    )
    p = np.geomspace(1e-3, 0.5, 60)[:, None]
    chance = np.exp(stops.log_paths + stops.c * np.log(p) + (stops.n - stops.c) * np.log1p(-p))
    bias = chance @ naive - (1 - (1 - p[:, 0]) ** k)
    assert 100 * bias.max() > points


@pytest.mark.parametrize(
    ("looks", "thresholds", "message"),
    [
        ((2, 4, 6), (1, 2), "thresholds must not increase"),
        ((2, 4, 6), (2, 0), "at least 1"),
        ((4, 4), (1,), "looks must be at least 1 and increase"),
        ((), (), "looks must be"),
        ((2, 4, 6), (2,), "one threshold is needed for every look but the last"),
    ],
)
def test_designs_that_would_be_biased_are_refused(
    looks: tuple[int, ...], thresholds: tuple[int, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        SequentialDesign(looks, thresholds)


@pytest.mark.parametrize(("n", "c"), [(32, 3), (33, 9), (64, 40), (1024, 514), (2048, 0)])
def test_counts_that_the_design_cannot_reach_are_refused(n: int, c: int) -> None:
    with pytest.raises(ValueError, match=f"n = {n}, c = {c} .* cannot come from the design"):
        SequentialDesign().pass_at_k(n, c, 1)


def test_k_beyond_n_max_is_refused() -> None:
    with pytest.raises(ValueError, match=r"k = 1025 is outside 1\.\.1024"):
        SequentialDesign().pass_at_k(32, 9, 1025)


def test_a_threshold_for_the_last_look_may_be_written_out() -> None:
    assert SequentialDesign([2, 4, 8, 10], [3, 2, 1, 0]) == SequentialDesign(
        (2, 4, 8, 10), (3, 2, 1)
    )  # type: ignore[arg-type]


def test_one_look_is_the_fixed_design() -> None:
    counts = np.arange(11)
    np.testing.assert_array_equal(
        SequentialDesign((10,), ()).pass_at_k_curve(np.full(11, 10), counts),
        FixedDesign(10).pass_at_k_curve(np.full(11, 10), counts),
    )


def test_named_k_cost_a_difference_between_near_models_at_most_a_tenth() -> None:
    """Total standard error of D(k) against fixed n = 1024; the default costs 20 to 30 % there."""
    rng, ks = np.random.default_rng(0), [1, 256]
    base = stats.beta(0.2338, 2.0588).ppf((np.arange(120) + 0.5) / 120)
    ours = expit(logit(base) + 0.5 + 0.7 * rng.normal(size=base.size))
    true = (1 - base[:, None]) ** np.array(ks) - (1 - ours[:, None]) ** np.array(ks)

    def error(design: Design) -> np.ndarray:
        noise = sum(design_variance(design, p, ks) for p in (base, ours))
        return np.asarray(np.sqrt(true.var(axis=0, ddof=1) + np.mean(noise, axis=0)))

    fixed = error(FixedDesign(1024))
    assert (error(SequentialDesign.for_ks(1024, ks)) < 1.1 * fixed).all()
    assert (error(SequentialDesign()) > 1.15 * fixed).all()


@pytest.mark.parametrize("k", [1, 256, 257, 2000, 4096])
def test_a_design_too_large_for_a_table_is_unbiased_over_all_its_stops(k: int) -> None:
    design = SequentialDesign((256, 1024, 4096), (4, 2))
    stops = design.stops()
    passes = np.asarray(design.pass_at_k(stops.n, stops.c, k))
    for p in (1e-4, 1e-2, 0.3):
        chance = np.exp(stops.log_paths + xlogy(stops.c, p) + xlog1py(stops.n - stops.c, -p))
        assert chance.sum() == pytest.approx(1.0)
        assert chance @ passes == pytest.approx(1 - (1 - p) ** k, abs=1e-9)


def test_a_design_of_a_million_draws_is_summarised() -> None:
    """Its counts of sequences have hundreds of thousands of digits."""
    design = SequentialDesign((1024, 1_000_000), (4,))
    n, c = np.array([1024, 1_000_000, 1_000_000]), np.array([900, 0, 5])
    found = Counts(design, n, c).curves_at(np.array([1, 1_000_000]))
    np.testing.assert_allclose(found[:, 0], [900 / 1024, 0, 5e-6], rtol=1e-2, atol=1e-9)
    np.testing.assert_allclose(found[:, 1], [1, 0, 1], atol=1e-9)
    assert (mean_variance(Counts(design, n, c), ks=[1, 1_000_000]) > 0).all()
