"""Mean token entropy with its interval, and the search for the temperature that matches it."""

from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr_eval.estimators.design import Floats
from rlvr_eval.statistics.token_entropy import HIGHEST, LOWEST, TokenEntropy, match_temperature

LOGITS = np.array([2.0, 1.0, 0.5, 0.0, -1.0, -3.0])


def distribution(temperature: float, logits: Floats = LOGITS) -> Floats:
    weights = np.exp((logits - logits.max()) / temperature)
    return np.asarray(weights / weights.sum())


def entropy(temperature: float, logits: Floats = LOGITS) -> float:
    p = distribution(temperature, logits)
    return float(-(p * np.log(p)).sum())


def exactly(temperature: float, logits: Floats = LOGITS) -> TokenEntropy:
    """Tokens whose surprisals are exactly the entropy."""
    return TokenEntropy(np.full(5, 10 * entropy(temperature, logits)), np.full(5, 10))


def sampled(p: Floats, problems: int, rng: np.random.Generator) -> TokenEntropy:
    """Tokens drawn from p, more of them for some problems, whose tokens are also less certain."""
    tokens = rng.integers(5, 60, problems)
    surprisal = np.array([-np.log(rng.choice(p, size=n, p=p)).sum() for n in tokens])
    return TokenEntropy(surprisal, tokens)


def test_mean_is_over_tokens_and_not_over_problems() -> None:
    assert TokenEntropy(np.array([10.0, 0.0]), np.array([10, 30])).mean == 0.25


def test_log_probabilities_of_draws_estimate_the_entropy_without_bias() -> None:
    p = distribution(1.0)
    found = sampled(p, 4000, np.random.default_rng(1))
    interval = found.interval(level=0.9999)
    assert interval.low < entropy(1.0) < interval.high
    assert interval.high - interval.low < 0.02


def test_interval_covers_the_truth_in_95_of_100_cases() -> None:
    rng = np.random.default_rng(2)
    p, trials = distribution(1.0), 600
    truth = entropy(1.0)
    intervals = [sampled(p, 30, rng).interval() for _ in range(trials)]
    covered = sum(bool(i.low <= truth <= i.high) for i in intervals)
    assert 554 <= covered <= 586  # 570 +- 3 standard errors


def test_interval_of_a_difference_covers_its_truth_in_95_of_100_cases() -> None:
    rng = np.random.default_rng(3)
    truth = entropy(1.0) - entropy(0.7)
    covered = 0
    for _ in range(600):
        found = sampled(distribution(1.0), 30, rng).minus(sampled(distribution(0.7), 30, rng))
        covered += bool(found.low <= truth <= found.high)
    assert 554 <= covered <= 586


@given(
    sharpness=st.floats(min_value=0.5, max_value=2.0),
    at=st.floats(min_value=0.4, max_value=1.2),
)
def test_model_with_sharper_logits_matches_at_a_temperature_as_much_higher(
    sharpness: float, at: float
) -> None:
    """softmax(s z / (s T)) = softmax(z / T), so the matching temperature of s z is s T."""
    start = round(at, 3)
    target = entropy(start)
    match = match_temperature(lambda t: exactly(t, sharpness * LOGITS), target, start=start)
    if match.temperature is None:
        assert not LOWEST < sharpness * start < HIGHEST
        return
    assert match.grid[match.temperature].mean == pytest.approx(target, rel=0.01)
    assert match.temperature == pytest.approx(sharpness * start, rel=0.03)


def test_every_temperature_is_measured_once_and_reported() -> None:
    asked = []

    def measure(temperature: float) -> TokenEntropy:
        asked.append(temperature)
        return exactly(temperature, 2 * LOGITS)

    match = match_temperature(measure, entropy(0.6), start=0.6)
    assert sorted(asked) == list(match.grid)
    assert len(asked) <= 15
    assert match.temperature in match.grid


@pytest.mark.parametrize(("target", "tried"), [(log(6) + 1, HIGHEST), (1e-9, LOWEST)])
def test_entropy_that_no_temperature_reaches_is_said_to_be_out_of_reach(
    target: float, tried: float
) -> None:
    match = match_temperature(exactly, target, start=0.6)
    assert match.temperature is None
    assert tried in match.grid


def test_target_of_a_greedy_model_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        match_temperature(exactly, 0.0, start=0.6)


def test_single_problem_has_no_interval() -> None:
    found = TokenEntropy(np.array([5.0]), np.array([10])).interval()
    assert [float(end) for end in (found.value, found.low, found.high)] == [0.5, 0.0, np.inf]
