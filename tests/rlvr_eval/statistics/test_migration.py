"""Kept, lost and gained: published sets, unbiased expectations, and certificates that hold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rlvr_eval.estimators import ContinuationDesign, Counts, Design, FixedDesign, SequentialDesign
from rlvr_eval.estimators.simulation import simulate_counts
from rlvr_eval.statistics.exact import accuracy_interval
from rlvr_eval.statistics.migration import certified_changes, coverage, mcnemar, migration
from rlvr_eval.statistics.population_intervals import paired_difference

# Yue et al. 2025, Table 4: AIME24 problems solved
BASE = [0, 1, 4, 6, 7, 8, 9, 11, 12, 14, 15, 16, 17, 18, 19, 22, 23, 24, 25, 26, 27, 28, 29]
SIMPLE_RL = [0, 1, 6, 7, 8, 9, 12, 14, 15, 16, 18, 22, 23, 24, 25, 26, 27, 28, 29]


def is_in(indices: list[int], problems: int) -> np.ndarray:
    return np.isin(np.arange(problems), indices)


def test_the_papers_table_4_is_reproduced() -> None:
    cells = coverage(is_in(BASE, 30), is_in(SIMPLE_RL, 30))
    assert (len(BASE), len(SIMPLE_RL)) == (23, 19)
    assert np.flatnonzero(cells.base_only).tolist() == [4, 11, 17, 19]
    assert not cells.checkpoint_only.any()
    assert (cells.both.sum(), cells.neither.sum()) == (19, 7)
    assert cells.p_value == 0.125


def test_the_papers_table_5_is_reproduced() -> None:
    """Lost {409, 432, 436, 448}, gained {430}: p = 2 * (1 + 5) / 2^5."""
    cells = coverage(is_in([409, 432, 436, 448], 500), is_in([430], 500))
    assert np.flatnonzero(cells.base_only).tolist() == [409, 432, 436, 448]
    assert np.flatnonzero(cells.checkpoint_only).tolist() == [430]
    assert cells.p_value == 0.375


@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_is_the_exact_binomial_test(lost: int, gained: int) -> None:
    total = lost + gained
    expected = stats.binomtest(lost, total).pvalue if total else 1.0
    assert mcnemar(lost, gained) == pytest.approx(expected)


def test_expected_migration_is_unbiased_and_adds_up() -> None:
    rng, design, runs = np.random.default_rng(0), SequentialDesign((8, 16, 32), (4, 2)), 3000
    p, q = np.array([0.01, 0.1, 0.3, 0.9, 0.0]), np.array([0.0, 0.2, 0.1, 1.0, 0.05])
    base = simulate_counts(design, np.tile(p, (runs, 1)), rng).curves()
    checkpoint = simulate_counts(design, np.tile(q, (runs, 1)), rng).curves()
    k = np.arange(1, 17)
    solved_before, solved_after = 1 - (1 - p[:, None]) ** k, 1 - (1 - q[:, None]) ** k
    truth = {
        "kept": (solved_before * solved_after).sum(axis=0),
        "lost": (solved_before * (1 - solved_after)).sum(axis=0),
        "gained": ((1 - solved_before) * solved_after).sum(axis=0),
    }
    runs_of = [migration(base[run], checkpoint[run]) for run in range(runs)]
    for name, expected in truth.items():
        values = np.array([getattr(each, name).value for each in runs_of])
        error = values.std(axis=0) / np.sqrt(runs)
        assert (np.abs(values.mean(axis=0) - expected) < 4.5 * error + 1e-9).all()
    churn = np.array([each.churn for each in runs_of])
    noise = ((1 - p[:, None]) ** k - (1 - p[:, None]) ** (2 * k)).sum(axis=0)
    assert (np.abs(churn.mean(axis=0) - noise) < 4.5 * churn.std(axis=0) / np.sqrt(runs)).all()


@pytest.mark.parametrize("problems", [30, 100])
@pytest.mark.parametrize(
    "design", [FixedDesign(32), SequentialDesign((8, 16, 32), (4, 2))], ids=str
)
def test_intervals_of_kept_lost_and_gained_cover_95_percent(design: Design, problems: int) -> None:
    """By Student's t alone, of gains at k = 16 and 30 problems, it is 80 percent."""
    rng, runs = np.random.default_rng(4), 2000
    p = np.concatenate([np.zeros(20), np.linspace(0.0, 0.8, 80) ** 2])
    q = np.where(p < 0.1, 0.4 * p, np.minimum(1.8 * p, 1.0))
    drawn = rng.integers(p.size, size=(problems, runs))
    found = migration(
        simulate_counts(design, p[drawn], rng).curves(),
        simulate_counts(design, q[drawn], rng).curves(),
    )
    assert found.churn.shape == (runs, 16)
    for k in (1, 4, 16):
        before, after = 1 - (1 - p) ** k, 1 - (1 - q) ** k
        truth = {
            "kept": before * after,
            "lost": before * (1 - after),
            "gained": (1 - before) * after,
        }
        for name, per_problem in truth.items():
            interval, expected = getattr(found, name), problems * per_problem.mean()
            low, high = interval.low[:, k - 1], interval.high[:, k - 1]
            # too often rather than too seldom where as few as one problem in 30 moves
            assert np.mean((low <= expected) & (expected <= high)) >= 0.93, (name, k)


def test_the_cells_add_up_to_all_problems_and_to_the_paired_difference() -> None:
    rng = np.random.default_rng(1)
    base, checkpoint = (simulate_counts(FixedDesign(64), rng.random(50) ** 3, rng) for _ in "bc")
    before, after = base.curves(), checkpoint.curves()
    found = migration(before, after)
    total = found.kept.value + found.lost.value + found.gained.value + found.neither.value
    np.testing.assert_allclose(total, 50)
    d = paired_difference(after, before).value[:32]
    np.testing.assert_allclose(found.lost.value - found.gained.value, -50 * d, atol=1e-9)
    assert (found.lost.low <= found.lost.value).all()
    assert found.kept.value.shape == found.churn.shape == (32,)
    with pytest.raises(ValueError, match="base has shape"):
        migration(before, after[:10])


def test_naive_counting_loses_problems_where_nothing_changed_and_churn_says_how_many() -> None:
    rng, design = np.random.default_rng(2), FixedDesign(128)
    p = np.concatenate([np.zeros(100), np.geomspace(1e-4, 0.5, 400)])
    naive, expected = [], []
    for _ in range(200):
        one, other = (simulate_counts(design, p, rng) for _ in "ab")
        found = migration(one.curves(), other.curves())
        solved = one.curves()[:, 63], other.curves()[:, 63]
        naive.append((solved[0] * (1 - solved[1])).sum())
        expected.append(found.churn[63])
    assert np.mean(expected) > 5
    assert np.mean(naive) == pytest.approx(np.mean(expected), rel=0.03)


@pytest.mark.parametrize(("n", "c", "n_other"), [(64, 5, 64), (1024, 9, 256), (16, 16, 1024)])
def test_with_fixed_n_the_certificate_is_fishers(n: int, c: int, n_other: int) -> None:
    base = Counts(FixedDesign(n), np.array([n]), np.array([c]))
    checkpoint = Counts(FixedDesign(n_other), np.array([n_other]), np.array([0]))
    expected = stats.fisher_exact([[c, n - c], [0, n_other]], alternative="greater").pvalue
    assert certified_changes(base, checkpoint).p_lost[0] == pytest.approx(expected, rel=1e-9)
    assert certified_changes(checkpoint, base).p_gained[0] == pytest.approx(expected, rel=1e-9)


def test_adaptive_data_are_certified_where_exact_intervals_are_disjoint() -> None:
    design = SequentialDesign()
    base = Counts(design, np.array([32, 1024, 512]), np.array([20, 1, 3]))
    checkpoint = Counts(design, np.array([1024] * 3), np.array([0] * 3))
    found = certified_changes(base, checkpoint)
    assert found.lost.tolist() == [True, False, found.p_lost[2] <= 0.05]
    assert not found.gained.any()
    alpha = certified_changes(
        Counts(design, base.n[2:], base.c[2:]), Counts(design, checkpoint.n[2:], checkpoint.c[2:])
    ).p_lost[0]
    # one-sided bounds at alpha / 2 each meet: two-sided intervals of level 1 - alpha touch
    ours = accuracy_interval(Counts(design, base.n[2:], base.c[2:]), level=1 - alpha)
    theirs = accuracy_interval(Counts(design, np.array([1024]), np.array([0])), level=1 - alpha)
    assert ours.low[0] == pytest.approx(theirs.high[0], rel=1e-6)


def test_a_problem_that_is_still_solved_sometimes_is_not_lost() -> None:
    n = np.array([1024])
    base = Counts(FixedDesign(1024), n, np.array([900]))
    checkpoint = Counts(FixedDesign(1024), n, np.array([1]))
    found = certified_changes(base, checkpoint)
    assert not found.lost[0]
    assert found.p_lost[0] == 1.0


@pytest.mark.parametrize(
    "design",
    [
        FixedDesign(256),
        SequentialDesign(),
        # what is found depends on when the design stops, so this one is written out
        ContinuationDesign(
            SequentialDesign((32, 64, 128, 256, 512, 1024), (8, 8, 4, 4, 2)), 256, 0.5
        ),
    ],
)
def test_certificates_are_seldom_false_and_find_real_losses(design: Design) -> None:
    """A fifth of the solvable problems truly lost; share of false certificates at most 5 %.

    Losses from p < 0.05 are not to be told from noise within 256 draws and are not counted.
    """
    rng, runs = np.random.default_rng(3), 200
    p = np.concatenate([np.zeros(40), np.geomspace(1e-3, 0.5, 160)])
    is_lost = (np.arange(200) % 5 == 0) & (p > 0)
    false_share, found_share = [], []
    for _ in range(runs):
        base = simulate_counts(design, p, rng)
        checkpoint = simulate_counts(design, np.where(is_lost, 0.0, p), rng)
        certified = certified_changes(base, checkpoint)
        listed = certified.lost.sum() + certified.gained.sum()
        false = (certified.lost & ~is_lost).sum() + certified.gained.sum()
        false_share.append(false / max(listed, 1))
        found_share.append(certified.lost[is_lost & (p > 0.05)].mean())
    assert np.mean(false_share) <= 0.05
    assert np.mean(found_share) > 0.9
