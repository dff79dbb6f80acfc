"""Perplexities by their definition, compared within problems, with intervals that cover."""

from math import exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr_eval.probes.perplexity_panel import Scores, mean_logprob, panel, within_problem


def scores(scorer: str, of: str, by_problem: dict[str, list[float]], step: int = 0) -> Scores:
    return Scores(scorer, of, step, by_problem)


@given(st.lists(st.floats(min_value=1e-6, max_value=1.0), min_size=1, max_size=30))
def test_perplexity_is_the_inverse_geometric_mean_of_the_token_probabilities(
    probabilities: list[float],
) -> None:
    of_one = scores("base", "base", {"a": [mean_logprob(map(log, probabilities))]})
    product = exp(sum(map(log, probabilities)) / len(probabilities))
    assert of_one.perplexities()[0] == pytest.approx(1 / product)


def test_uniform_model_has_the_size_of_its_vocabulary_as_perplexity() -> None:
    logprobs = [log(1 / 50)] * 7
    (row,) = panel([scores("base", "base", {"a": [mean_logprob(logprobs)] * 3})])
    assert all(value == pytest.approx(50) for value in row["quantiles"].values())
    assert row["completions"] == 3


def test_comparison_within_problems_ignores_how_hard_the_problems_are() -> None:
    hardness = np.linspace(-5, -0.1, 40)
    own = {str(at): [level] for at, level in enumerate(hardness)}
    theirs = {str(at): [level - 0.25] for at, level in enumerate(hardness)}
    rows = panel([scores("base", "base", own), scores("base", "checkpoint", theirs, 50)])
    assert "versus_own" not in rows[0]
    found = rows[1]["versus_own"]
    assert found["value"] == pytest.approx(-0.25)
    assert rows[1]["mean_logprob"]["low"] < rows[1]["mean_logprob"]["value"] - 0.3


def test_rows_of_a_scorer_are_compared_with_its_own_completions_only() -> None:
    by_problem = {"a": [-1.0], "b": [-2.0]}
    rows = panel(
        [
            scores("base", "base", by_problem),
            scores("checkpoint", "checkpoint", {"a": [-0.5], "b": [-0.5]}, 50),
            scores("checkpoint", "traces", {"a": [-1.5], "b": [-1.5]}, 50),
        ]
    )
    assert rows[2]["versus_own"]["value"] == pytest.approx(-1.0)


def test_only_common_problems_are_paired_and_none_is_refused() -> None:
    one = scores("base", "base", {"a": [-1.0], "b": [-2.0], "c": [-3.0]})
    other = scores("base", "traces", {"b": [-2.5], "c": [-3.5], "d": [-9.0]})
    assert within_problem(other, one).value == pytest.approx(-0.5)
    with pytest.raises(ValueError, match="share no problem"):
        within_problem(scores("base", "traces", {"z": [-1.0]}), one)


def test_single_problem_has_a_value_and_no_interval() -> None:
    (row,) = panel([scores("base", "base", {"a": [-1.0, -2.0]})])
    assert row["mean_logprob"] == {"value": -1.5, "low": None, "high": None}


def test_interval_of_the_comparison_covers_the_truth_in_95_of_100_cases() -> None:
    rng = np.random.default_rng(11)
    truth, covered, trials, problems = -0.1, 0, 600, 40
    for _ in range(trials):
        level = rng.normal(-1, 1, problems)
        shift = rng.normal(truth, 0.3, problems)
        own = level[:, None] + rng.normal(0, 0.5, (problems, 4))
        theirs = (level + shift)[:, None] + rng.normal(0, 0.5, (problems, 4))
        interval = within_problem(
            scores("base", "checkpoint", {str(i): list(row) for i, row in enumerate(theirs)}),
            scores("base", "base", {str(i): list(row) for i, row in enumerate(own)}),
        )
        covered += bool(interval.low <= truth <= interval.high)
    # 0.95 of 600 is 570; three standard errors of a binomial are 16
    assert 554 <= covered <= 586
