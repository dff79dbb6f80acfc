"""Cover@tau: what is counted, and intervals that noise of sampling cannot lead astray."""

import numpy as np
import pytest

from rlvr_eval.estimators import ContinuationDesign, Counts, Design, FixedDesign, SequentialDesign
from rlvr_eval.estimators.simulation import simulate_counts
from rlvr_eval.statistics.cover import cover_at

SMALL = SequentialDesign((8, 16, 32, 64), (6, 4, 2))
POPULATION = np.concatenate([np.zeros(20), np.linspace(0.0, 1.0, 80) ** 2])


def drawn(design: Design, p: np.ndarray, seed: int = 5) -> Counts:
    return simulate_counts(design, p, np.random.default_rng(seed))


def test_problems_at_or_above_tau_are_counted() -> None:
    """c = 3 of 10 has accuracy 0.3 and covers tau = 0.3."""
    counts = Counts(FixedDesign(10), np.full(4, 10), np.array([0, 3, 7, 10]))
    covered = cover_at(counts, [0.1, 0.3, 0.31, 0.7, 1.0])
    np.testing.assert_array_equal(covered.value, [0.75, 0.75, 0.5, 0.5, 0.25])
    assert ((covered.low < covered.value) & (covered.value < covered.high)).all()
    with pytest.raises(ValueError, match="tau must lie in"):
        cover_at(counts, 0.0)
    with pytest.raises(ValueError, match="tau must lie in"):
        cover_at(counts, float("nan"))


def test_certainty_cannot_be_told_from_near_certainty() -> None:
    """At p = 0.9995 of 64 draws all succeed in 97 % of cases; no problem is always solved."""
    counts = drawn(FixedDesign(64), np.full(400, 0.9995))
    covered = cover_at(counts, 1.0)
    assert float(covered.value) > 0.9
    assert float(covered.low) == 0.0
    always = Counts(FixedDesign(64), np.full(400, 64), np.full(400, 64))
    assert float(cover_at(always, 1.0).high) == 1.0
    never = Counts(FixedDesign(64), np.full(400, 64), np.full(400, 63))
    assert float(cover_at(never, 1.0).high) < 0.01


@pytest.mark.parametrize(
    "design", [FixedDesign(64), SMALL, ContinuationDesign(SMALL, 16, 0.5)], ids=str
)
def test_intervals_hold_the_share_of_probabilities_and_not_of_accuracies(design: Design) -> None:
    rng = np.random.default_rng(6)
    taus = np.array([0.02, 0.1, 0.3, 0.5, 0.9, 1.0])
    for problems in (30, 200):
        p = POPULATION[rng.integers(POPULATION.size, size=(problems, 1000))]
        found = cover_at(simulate_counts(design, p, rng), taus)
        truth = np.array([np.mean(tau <= POPULATION) for tau in taus])[:, None]
        held = ((found.low <= truth) & (truth <= found.high)).mean(axis=1)
        assert found.low.shape == (6, 1000)
        assert (held >= 0.94).all(), held


def test_many_draws_leave_little_more_than_the_uncertainty_over_problems() -> None:
    counts = drawn(FixedDesign(1024), np.repeat([0.1, 0.8], 200))
    covered = cover_at(counts, 0.4)
    assert float(covered.value) == 0.5
    assert 0.42 < float(covered.low) < 0.5 < float(covered.high) < 0.58
