"""summary.json against known counts: the contract, the pairing, the strata, and what is refused."""

import json
import subprocess
import sys
import tracemalloc
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr.core.errors import UserError
from rlvr_eval.estimators import FixedDesign, SequentialDesign
from rlvr_eval.estimators.design import Counts
from rlvr_eval.estimators.which_ks import evaluated_ks, headline_ks, powers_of_two, reported_ks
from rlvr_eval.statistics.outcomes import Outcomes
from rlvr_eval.summary.model_summary import Json
from rlvr_eval.summary.run_summary import summarise
from tests.simulated import fixed, run, value


def models_of(summary: Json, benchmark: str = "countdown") -> list[Json]:
    models: list[Json] = summary["benchmarks"][benchmark]["models"]
    return models


def test_summary_holds_what_its_contract_names_and_is_strict_json() -> None:
    summary = summarise(run(), {"name": "r"})
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    base, *checkpoints = models_of(summary)
    for model in (base, *checkpoints):
        assert model.keys() >= {
            "name", "step", "weights", "problems", "design", "undecided_rate", "curve"
        }  # fmt: skip
        assert all(
            0 <= point["low"] <= point["value"] <= point["high"] <= 1 for point in model["curve"]
        )
    assert "difference" not in base
    for model in checkpoints:
        points = model["difference"]
        assert [point["k"] for point in points] == [point["k"] for point in model["curve"]]
        assert all(-1 <= p["low"] <= p["value"] <= p["high"] <= 1 for p in points)


def test_models_stand_base_first_and_then_by_step_in_whatever_order_they_come() -> None:
    outcomes = run(steps=(0, 50, 100))
    summary = summarise([outcomes[2], outcomes[0], outcomes[1]], {})
    assert [model["step"] for model in models_of(summary)] == [0, 50, 100]


def test_curve_is_the_mean_of_chens_estimates() -> None:
    n, correct = 9, [0, 1, 4, 9]
    (model,) = models_of(summarise([fixed(n, correct)], {}))
    for point in model["curve"]:
        k = point["k"]
        expected = np.mean([1 - comb(n - c, k) / comb(n, k) for c in correct])
        assert point["value"] == pytest.approx(expected, abs=1e-12)


def test_difference_is_paired_by_problem_id_on_the_problems_that_both_have() -> None:
    base = fixed(2, [1, 0, 2], problem_ids=["a", "b", "only base"])
    checkpoint = fixed(2, [0, 2, 1], step=50, problem_ids=["only checkpoint", "b", "a"])
    _, model = models_of(summarise([base, checkpoint], {}))
    # a: 1 of 2 against 1 of 2; b: 2 of 2 against 0 of 2
    assert model["paired_problems"] == 2
    assert value(model["difference"], 1) == pytest.approx(0.5)
    assert value(model["difference"], 2) == pytest.approx(0.5)
    assert model["problems"] == 3


def test_counts_stand_in_the_order_of_problem_ids_with_null_where_not_evaluated() -> None:
    base = fixed(4, [1, 2], problem_ids=["a", "b"])
    checkpoint = fixed(4, [3, 4], step=50, problem_ids=["b", "c"])
    summary = summarise([base, checkpoint], {})
    assert summary["benchmarks"]["countdown"]["problem_ids"] == ["a", "b", "c"]
    assert [model["counts"] for model in models_of(summary)] == [
        {"n": [4, 4, None], "c": [1, 2, None]},
        {"n": [None, 4, 4], "c": [None, 3, 4]},
    ]


def test_a_stratum_is_reported_as_if_its_problems_were_all_there_is() -> None:
    outcomes = run(steps=(0, 50, 100))
    rows = [i for i, kind in enumerate(outcomes[0].kinds) if kind == "chain"]
    together = summarise(outcomes, {})
    apart = summarise([each.take(rows) for each in outcomes], {})
    for whole, part in zip(models_of(together), models_of(apart), strict=True):
        assert whole["strata"].keys() == {"beyond", "chain"}
        assert part["strata"] == {}
        for name, described in whole["strata"]["chain"].items():
            # words and adjusted p-values hold for the report that they stand in
            if name not in ("finding", "tests", "crossover"):
                assert described == part[name], name


def test_all_tests_of_a_report_are_one_family() -> None:
    """Models, strata, benchmarks and k: whatever may be claimed is adjusted together."""
    summary = summarise([*run(steps=(0, 50, 100)), *run(steps=(0, 50), benchmark="other")], {})
    views = [
        view
        for benchmark in summary["benchmarks"].values()
        for model in benchmark["models"][1:]
        for view in (model, *model["strata"].values())
    ]
    tests = sorted((test for view in views for test in view["tests"]), key=lambda t: t["p_value"])
    assert len(tests) == summary["tests"]["number"] == 3 * 3 * 3
    assert [test["k"] for test in views[0]["tests"]] == [1, 16, 256]
    # Holm, written out: the j-th smallest of m is multiplied by m - j, and never falls again
    adjusted = 0.0
    for j, test in enumerate(tests):
        adjusted = max(adjusted, min(1.0, (len(tests) - j) * test["p_value"]))
        assert test["p_adjusted"] == pytest.approx(adjusted)


def test_undecided_verdicts_are_shown_as_a_range_where_they_move_a_number() -> None:
    design, n = FixedDesign(100), np.full(3, 100)
    lower, upper, barely = [10, 20, 0], np.array([14, 20, 1]), np.array([11, 20, 0])
    outcomes = [
        fixed(100, [5, 5, 5]),
        fixed(100, lower, 50, undecided=[4, 0, 1], upper=Counts(design, n, upper)),
        fixed(100, lower, 100, undecided=[1, 0, 0], upper=Counts(design, n, barely)),
    ]
    _, many, few = models_of(summarise(outcomes, {}))
    assert many["undecided_rate"] == pytest.approx(5 / 300)
    assert value(many["curve"], 1) == pytest.approx(0.10)
    assert value(many["curve_upper"], 1) == pytest.approx(35 / 300)
    assert many["difference_range"][0] == {
        "k": 1,
        "least": pytest.approx(0.05),
        "greatest": pytest.approx(35 / 300 - 0.05),
    }
    assert "curve_upper" not in few
    assert "difference_range" not in few


def test_migration_adds_up_to_all_problems_and_agrees_with_the_difference() -> None:
    for model in models_of(summarise(run(), {}))[1:]:
        for entry in model["migration"]:
            cells = {name: entry[name]["value"] for name in ("kept", "lost", "gained", "neither")}
            assert sum(cells.values()) == pytest.approx(60)
            difference = value(model["difference"], entry["k"])
            assert cells["lost"] - cells["gained"] == pytest.approx(-60 * difference)
        assert max(entry["k"] for entry in model["migration"]) == 128


def test_only_losses_that_chance_cannot_explain_are_certified() -> None:
    base = fixed(128, [128, 1, 0, 64], problem_ids=["sure", "lucky", "never", "kept"])
    checkpoint = fixed(128, [0, 0, 0, 64], 50, problem_ids=["sure", "lucky", "never", "kept"])
    _, model = models_of(summarise([base, checkpoint], {}))
    assert model["certified"] == {"lost": ["sure"], "gained": []}
    assert model["coverage"]["base_only"] == 2


def test_crossover_without_an_end_is_null_and_open() -> None:
    base, checkpoint = fixed(64, [1] * 20), fixed(64, [60] * 20, step=50)
    _, model = models_of(summarise([base, checkpoint], {}))
    assert model["crossover"]["k"] is None
    assert model["crossover"]["censored"] in ("> k_max", "none")


def test_a_sequential_base_is_compared_up_to_the_smaller_n_max() -> None:
    design = SequentialDesign((8, 16, 32), (4, 2))
    base = run(steps=(0,), design=design)
    checkpoint = run(steps=(50,), design=FixedDesign(16))
    summary = summarise([*base, *checkpoint], {})
    base_model, model = models_of(summary)
    assert base_model["curve"][-1]["k"] == 32
    assert model["difference"][-1]["k"] == 16
    assert base_model["design"] == "sequential:8,16,32/4,2"


def test_models_drawn_at_another_temperature_are_refused_with_the_field_named() -> None:
    base, checkpoint = fixed(4, [1, 2]), fixed(4, [1, 2], 50, key={"temperature": 0.6})
    with pytest.raises(UserError, match=r"temperature is 1\.0 against 0\.6"):
        summarise([base, checkpoint], {})


def test_an_allowed_difference_is_written_beside_the_model() -> None:
    base, checkpoint = fixed(4, [1, 2]), fixed(4, [1, 2], 50, key={"prompt": "own"})
    summary = summarise([base, checkpoint], {}, allow_differing=True)
    assert models_of(summary)[1]["differs_from_base"] == {"prompt": ["countdown", "own"]}
    assert any("prompt" in warning for warning in summary["warnings"])


def test_another_version_of_the_sampler_is_a_warning_and_another_sampler_is_refused() -> None:
    base = fixed(4, [1, 2])
    summary = summarise([base, fixed(4, [1, 2], 50, key={"sampler": "hf/5.20.0"})], {})
    assert any("hf/5.20.0" in warning for warning in summary["warnings"])
    with pytest.raises(UserError, match="sampler"):
        summarise([base, fixed(4, [1, 2], 50, key={"sampler": "vllm/0.31"})], {})


def test_seeds_may_differ_because_independent_samples_are_wanted() -> None:
    base, checkpoint = fixed(4, [1, 2]), fixed(4, [1, 2], 50, key={"run_seed": 7})
    assert summarise([base, checkpoint], {})["warnings"] == []


@pytest.mark.parametrize(
    ("outcomes", "message"),
    [
        ([], "nothing has been evaluated"),
        ([fixed(4, [1]), fixed(4, [2])], "both at step 0"),
        ([fixed(4, [1], 50), fixed(4, [2], 50)], "given twice"),
        (
            [fixed(4, [1], problem_ids=["a"]), fixed(4, [1], 50, problem_ids=["b"])],
            "share no problem",
        ),
    ],
)
def test_what_cannot_be_summarised_is_refused_in_words(
    outcomes: list[Outcomes], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        summarise(outcomes, {})


def test_without_a_base_curves_are_reported_and_nothing_is_compared() -> None:
    summary = summarise(run(steps=(50, 100)), {})
    assert all("difference" not in model for model in models_of(summary))
    assert any("no base" in warning for warning in summary["warnings"])


def test_entries_of_different_length_are_a_bug_of_the_caller() -> None:
    with pytest.raises(ValueError, match="kinds"):
        fixed(4, [1, 2], kinds=["chain"])


@given(st.integers(1, 5000))
def test_written_k_hold_both_ends_and_all_powers_of_two_and_stay_few(k_max: int) -> None:
    ks = reported_ks(k_max).tolist()
    assert ks == sorted(set(ks))
    assert {1, k_max, *powers_of_two(k_max).tolist()} <= set(ks)
    assert ks[-1] == k_max
    assert len(ks) <= 130
    assert set(headline_ks(k_max)) <= set(ks)


@pytest.mark.parametrize("k_max", [1, 16_384, 16_385, 30_001, 1 << 20])
def test_evaluated_k_hold_every_written_one_and_stay_few(k_max: int) -> None:
    ks = evaluated_ks(k_max)
    assert (np.diff(ks) > 0).all()
    half = {k_max // 2, k_max // 2 * 2} - {0}
    assert {*reported_ks(k_max).tolist(), *half} <= set(ks.tolist())
    assert ks[-1] == k_max
    assert len(ks) <= 22_000
    assert (ks[1:] / ks[:-1])[min(k_max, 16_384) :].max(initial=1.0) < 1.002


def test_a_million_draws_of_every_problem_are_reported_within_a_gibibyte() -> None:
    """It walked through 10**12 steps."""
    n, rng = 1_000_000, np.random.default_rng(0)
    p = rng.beta(0.3, 1.2, size=30)
    before, after = (rng.binomial(n, each).tolist() for each in (p, p**1.5))
    tracemalloc.start()
    base, model = models_of(summarise([fixed(n, before), fixed(n, after, 50)], {}))
    assert tracemalloc.get_traced_memory()[1] < 2**30
    tracemalloc.stop()
    for described, correct in ((base, before), (model, after)):
        assert value(described["curve"], 1) == pytest.approx(np.mean(correct) / n)
        assert value(described["curve"], n) == pytest.approx(np.mean(np.array(correct) > 0))
        pair = 1 - np.mean([(n - c) * (n - c - 1) / (n * (n - 1)) for c in correct])
        assert value(described["curve"], 2) == pytest.approx(pair, abs=1e-12)
    # the area of c among n is H_c / H_n, because the sum of F[c, k] / k over k is H_n - H_c
    harmonic = np.append(0.0, np.cumsum(1 / np.arange(1, n + 1)))
    assert base["area"]["value"] == pytest.approx(np.mean(harmonic[before]) / harmonic[n], abs=1e-7)
    assert [each["k"] for each in model["migration"]][-2:] == [2**18, n // 2]


def test_headline_k_are_those_of_the_table() -> None:
    assert headline_ks(256) == (1, 16, 256)
    assert headline_ks(1024) == (1, 32, 1024)
    assert headline_ks(1) == (1,)


def test_reporting_loads_no_model_library() -> None:
    code = (
        "import sys, rlvr_eval.summary.run_summary, rlvr_eval.summary.comparison;"
        "import rlvr_eval.report.html, rlvr_eval.report.tables;"
        "print(sorted({'torch', 'transformers', 'trl', 'vllm', 'datasets'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_problems_that_base_and_checkpoint_do_not_share_are_told_and_are_in_no_sentence() -> None:
    """65 % of all the base's problems, 12.5 % of those that the checkpoint answered."""
    easy, hard = [f"easy/{i}" for i in range(60)], [f"hard/{i}" for i in range(40)]
    base = fixed(64, [64] * 60 + [8] * 40, problem_ids=easy + hard)
    summary = summarise([base, fixed(64, [20] * 40, 50, problem_ids=hard)], {}, beyond=False)
    text = models_of(summary)[1]["finding"]["text"]
    assert "pass@1 rises (+18.8 [" in text
    assert "from 65.0" not in text
    (warning,) = summary["warnings"]
    assert "the 40 problems that both were evaluated on (the base on 100, checkpoint-50" in warning


def test_undecided_verdicts_leave_no_small_p_value_of_who_solves_what() -> None:
    """Ten problems are solved by the checkpoint alone, unless the base's verdicts were right."""
    base = fixed(16, [0] * 10, undecided=[16] * 10, upper=fixed(16, [16] * 10).counts)
    decided = fixed(16, [0] * 10)
    p_values = [
        models_of(summarise([each, fixed(16, [16] * 10, 50)], {}, beyond=False))[1]["coverage"][
            "p_value"
        ]
        for each in (base, decided)
    ]
    assert p_values == [1.0, pytest.approx(2 / 2**10)]
