"""These problems alone, and beyond n_max, as they stand in the summary."""

import numpy as np
import pytest

from rlvr_eval.estimators.sequential import SequentialDesign
from rlvr_eval.estimators.simulation import simulate_counts
from rlvr_eval.summary.fixed_problem_set import describe_beyond
from rlvr_eval.summary.run_summary import summarise
from tests.simulated import fixed, run, value

SMALL = SequentialDesign((8, 32, 64), (4, 2))


def test_these_problems_are_known_better_than_all_of_their_kind() -> None:
    for model in summarise(run(), {})["benchmarks"]["countdown"]["models"]:
        for point in model["these_problems"]:
            assert point["value"] == pytest.approx(value(model["curve"], point["k"]))
            (of_all,) = [each for each in model["curve"] if each["k"] == point["k"]]
            assert of_all["low"] < point["low"] <= point["high"] < of_all["high"]
        approximate = {p["k"]: p["is_approximate"] for p in model["these_problems"]}
        assert approximate == {1: False, 16: False, 256: True}


def test_differences_on_these_problems_are_paired_on_the_common_ones() -> None:
    base = fixed(4, [1, 0, 2], problem_ids=["a", "b", "only base"])
    checkpoint = fixed(4, [0, 2, 1], step=50, problem_ids=["other", "b", "a"])
    _, model = summarise([base, checkpoint], {})["benchmarks"]["countdown"]["models"]
    # b: 2 of 4 against 0; a: 1 of 4 against 1
    assert value(model["these_differences"], 1) == pytest.approx(0.25)


def test_designs_that_end_at_another_n_have_no_difference_of_their_own() -> None:
    _, model = summarise([fixed(4, [1, 0]), fixed(8, [2, 2], step=50)], {})["benchmarks"][
        "countdown"
    ]["models"]
    assert "these_differences" not in model
    assert "difference" in model


def test_beyond_n_max_stand_bounds_and_models_that_say_they_are_models() -> None:
    counts = simulate_counts(SMALL, np.linspace(0, 0.3, 50), np.random.default_rng(1))
    found = describe_beyond(counts)
    assert [each["k"] for each in found] == [256, 1024]
    for each in found:
        assert 0 <= each["low"] <= each["high"] <= 1
        assert len(each["models"]) == 3
        for label, estimate in each["models"].items():
            assert label.startswith("model: ")
            assert 0 <= estimate <= 1


def test_only_the_first_and_the_last_model_are_extrapolated() -> None:
    models = summarise(run(steps=(0, 50, 100)), {})["benchmarks"]["countdown"]["models"]
    assert ["beyond" in model for model in models] == [True, False, True]


@pytest.mark.parametrize(("n", "correct"), [(64, [0] * 30), (64, [64] * 30), (64, [20])])
def test_models_whose_refits_all_agree_are_as_uncertain_as_the_bounds(
    n: int, correct: list[int]
) -> None:
    """Nothing solved, all solved, one problem: resampling shows no spread, which proves nothing."""
    for at in describe_beyond(fixed(n, correct).counts):
        assert at["range"] == [at["low"], at["high"]]
        assert at["high"] - at["low"] > 0.01
        for low, high in at["model_intervals"].values():
            assert (low, high) == pytest.approx((at["low"], at["high"]), abs=1e-6)
