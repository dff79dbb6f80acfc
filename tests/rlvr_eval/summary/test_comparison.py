"""Several runs side by side, against the published Table 2."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from rlvr.core.errors import UserError
from rlvr_eval.report.tables import write_comparison
from rlvr_eval.summary.comparison import compare
from tests.simulated import beside, fixed, run, unclear, value

# Yue et al. 2025 (arXiv:2504.13837v2), Table 2, Omni-MATH test: pass@1 and pass@256 in per cent
PUBLISHED = {
    "Qwen2.5-7B": (10.2, 69.1),
    "GRPO": (25.1, 68.3),
    "PPO": (26.8, 69.2),
    "ReMax": (23.8, 67.5),
    "RLOO": (28.1, 69.2),
    "Reinforce++": (28.0, 69.7),
    "DAPO": (26.5, 67.0),
}
# the gaps that follow from it, in points
DELTA_SE = {
    "GRPO": 44.0, "PPO": 42.3, "ReMax": 45.3, "RLOO": 41.0, "Reinforce++": 41.1, "DAPO": 42.6
}  # fmt: skip


def counts_with(
    pass_at_1: float, pass_at_256: float, problems: int = 1000, n: int = 256
) -> list[int]:
    """Counts whose pass@1 and pass@256 are exactly these: one success each, the rest spread."""
    solved = round(pass_at_256 / 100 * problems)
    correct = np.zeros(problems, dtype=np.int64)
    correct[:solved] = 1
    left = round(pass_at_1 / 100 * problems * n) - solved
    for i in range(solved):
        added = min(left, n - 1)
        correct[i] += added
        left -= added
    return [int(c) for c in correct]


def test_delta_se_of_table_2_follows_from_its_numbers() -> None:
    base = fixed(256, counts_with(*PUBLISHED["Qwen2.5-7B"]))
    runs = {
        name: [base, fixed(256, counts_with(*PUBLISHED[name]), 150)]
        for name in PUBLISHED
        if name != "Qwen2.5-7B"
    }
    rows = compare(runs)["benchmarks"]["countdown"]["rows"]
    assert [row["run"] for row in rows] == [None, *runs]
    for row in rows:
        published = PUBLISHED[row["run"] or "Qwen2.5-7B"]
        for k, per_cent in zip((1, 256), published, strict=True):
            assert 100 * value(row["curve"], k) == pytest.approx(per_cent, abs=0.05)
        if row["run"] is not None:
            assert row["delta_se"]["k"] == 256
            assert 100 * row["delta_se"]["value"] == pytest.approx(DELTA_SE[row["run"]], abs=0.05)


def test_runs_are_paired_on_the_problems_that_all_have() -> None:
    ids = ["a", "b", "c"]
    base = fixed(2, [0, 1, 2], problem_ids=ids)
    one = [base, fixed(2, [2, 2, 2], 50, problem_ids=ids)]
    other = [base, fixed(2, [2, 0], 50, problem_ids=["c", "b"])]
    found = compare({"one": one, "other": other})["benchmarks"]["countdown"]
    assert found["problems"] == 2
    base_row, one_row, other_row = found["rows"]
    assert value(base_row["curve"], 1) == pytest.approx(0.75)
    assert value(one_row["difference"], 1) == pytest.approx(0.25)
    assert value(other_row["difference"], 1) == pytest.approx(-0.25)
    assert value(other_row["versus_first"], 1) == pytest.approx(-0.5)
    assert "versus_first" not in one_row


def test_the_last_checkpoint_is_shown_or_the_one_asked_for() -> None:
    runs = {"a": run(seed=1), "b": run(seed=1)}
    assert [row["step"] for row in compare(runs)["benchmarks"]["countdown"]["rows"]] == [
        0,
        200,
        200,
    ]
    rows = compare(runs, step=50)["benchmarks"]["countdown"]["rows"]
    assert [row["step"] for row in rows] == [0, 50, 50]
    with pytest.raises(UserError, match="no checkpoint at step 75; it has 50, 100, 150, 200"):
        compare(runs, step=75)


def test_a_run_without_a_base_is_compared_with_the_one_base_of_the_others() -> None:
    distilled = fixed(256, [9] * 60, 10, key={"prompt": "own"})
    runs = {"grpo": run(), "distilled": [distilled]}
    with pytest.raises(UserError, match="prompt"):
        compare(runs)
    found = compare(runs, allow_differing=True)
    assert found["benchmarks"]["countdown"]["rows"][-1]["base"] == "base"
    assert any("prompt" in warning for warning in found["warnings"])


def test_bases_of_different_weights_are_told_apart_by_their_runs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    qwen, llama = fixed(16, [1, 2, 3]), fixed(16, [3, 3, 3])
    other = replace(llama, model=replace(llama.model, weights="other"))
    step = fixed(16, [4, 5, 6], 50)
    runs = {"grpo": [qwen, step], "rloo": [qwen, step], "dapo": [other, step], "sft": [step]}
    found = compare(runs)
    rows = found["benchmarks"]["countdown"]["rows"]
    names = ["base of grpo and rloo", "base of dapo"]
    assert [row["name"] for row in rows[:2]] == names
    assert [row.get("base") for row in rows[2:]] == [names[0], names[0], names[1], None]
    assert f"dapo against {names[1]}: " in rows[4]["finding"]["text"]
    assert any("sft has no base of its own" in each for each in found["warnings"])
    write_comparison(found, sys.stdout)
    printed = capsys.readouterr().out
    assert all(each in printed for each in names)


def test_models_by_name_have_a_row_each_whatever_the_step_asked_for() -> None:
    """As the evaluations of Fig. 7 are laid out: no name tells a step, one has no base."""
    base = fixed(16, [1, 2, 3])
    named = [beside(fixed(16, [4, 5, 6], 1), "rl"), beside(fixed(16, [5, 6, 7], 2), "instruct")]
    distilled = beside(fixed(16, [7, 8, 9], 1), "distilled")
    runs = {"figure": [base, *named], "figure-distilled": [distilled]}
    rows = compare(runs)["benchmarks"]["countdown"]["rows"]
    assert [row["run"] for row in rows] == [
        None,
        "figure: rl",
        "figure: instruct",
        "figure-distilled: distilled",
    ]
    assert [value(row["curve"], 1) for row in rows] == pytest.approx([2 / 16, 5 / 16, 6 / 16, 0.5])
    assert [row["base"] for row in rows[1:]] == ["base"] * 3
    gained = [value(row["difference"], 1) for row in rows[1:]]
    assert gained == pytest.approx([3 / 16, 4 / 16, 6 / 16])
    assert ["versus_first" in row for row in rows] == [False, False, True, True]

    trained = {"grpo": [base, fixed(16, [2, 2, 2], 50), fixed(16, [3, 3, 3], 100)]}
    rows = compare(trained | runs, step=50)["benchmarks"]["countdown"]["rows"]
    assert [(row["run"], row["step"]) for row in rows[:2]] == [(None, 0), ("grpo", 50)]
    assert len(rows) == 5


def test_undecided_verdicts_above_one_per_cent_are_given_as_a_range() -> None:
    base, shorter = fixed(100, [5, 5, 5]), fixed(50, [5, 5, 5], 50)
    rows = compare({"a": [base, unclear(50)], "b": [base, shorter]})["benchmarks"]["countdown"][
        "rows"
    ]
    assert ["curve_upper" in row for row in rows] == [False, True, False]
    assert ["difference_range" in row for row in rows] == [False, True, False]
    assert value(rows[1]["curve_upper"], 1) == pytest.approx(35 / 300)
    assert rows[1]["difference_range"][0] == {
        "k": 1,
        "least": pytest.approx(0.05),
        "greatest": pytest.approx(35 / 300 - 0.05),
    }
    # as every curve of a comparison, both end at the smallest n_max of all
    assert rows[1]["curve_upper"][-1]["k"] == rows[1]["difference_range"][-1]["k"] == 50


def test_a_benchmark_that_one_run_lacks_is_said() -> None:
    runs = {"a": [*run(), *run(benchmark="math500")], "b": run()}
    found = compare(runs)
    assert found["benchmarks"].keys() == {"countdown", "math500"}
    assert "math500: run b was not evaluated on it" in found["warnings"]


def test_runs_that_were_never_evaluated_are_refused() -> None:
    with pytest.raises(UserError, match="none of the runs"):
        compare({"a": [], "b": []})


def test_every_run_is_compared_with_its_base_as_drawn_under_its_own_conditions() -> None:
    hot = [fixed(16, [4, 4, 4]), fixed(16, [8, 8, 8], 50)]
    cold = [
        fixed(16, [2, 2, 2], key={"temperature": 0.6}),
        fixed(16, [3, 3, 3], 50, key={"temperature": 0.6}),
    ]
    found = compare({"hot": hot, "cold": cold}, allow_differing=True)
    rows = found["benchmarks"]["countdown"]["rows"]
    assert [row["name"] for row in rows[:2]] == ["base of hot", "base of cold"]
    assert value(rows[3]["difference"], 1) == pytest.approx(1 / 16)
    assert found["warnings"] == [
        "countdown, cold: drawn under another temperature than hot, which it is compared with, as "
        "was allowed"
    ]


def test_runs_that_are_the_same_draws_or_lose_problems_or_have_no_checkpoint_are_told() -> None:
    base, ours = fixed(16, [4, 4, 4]), fixed(16, [8, 8, 8], 50)
    twin, fewer = [base, ours], [base, fixed(16, [9, 9], 60, problem_ids=base.problem_ids[:2])]
    warnings = compare({"one": [base, ours], "twin": twin, "fewer": fewer, "bare": [base]})[
        "warnings"
    ]
    assert warnings == [
        "countdown: of run bare only the base was evaluated, so that it has no row of its own",
        "countdown: 2 of the 3 problems that base was evaluated on are compared, those that all "
        "rows have",
        "countdown: 2 of the 3 problems that one was evaluated on are compared, those that all "
        "rows have",
        "countdown: 2 of the 3 problems that twin was evaluated on are compared, those that all "
        "rows have",
        "countdown, twin: same weights and seed as one: the same draws, not two samples",
    ]
