"""What a newcomer reads first: a sentence for each model, and the curves in text."""

import io
from dataclasses import replace

import pytest

from rlvr_eval.report.overview import write_overview
from rlvr_eval.report.tables import with_interval
from rlvr_eval.summary.model_summary import Json, at_k
from rlvr_eval.summary.run_summary import summarise
from tests.simulated import fixed, run


def overview(summary: Json) -> tuple[str, list[str]]:
    """The sentences on one line, and the lines of the chart."""
    stream = io.StringIO()
    write_overview(summary, stream)
    sentences, chart = stream.getvalue().split("\n\n", 1)
    return " ".join(sentences.split()), chart.splitlines()


def test_base_and_last_checkpoint_are_told_with_their_intervals() -> None:
    summary = summarise(run(), {})
    told, _ = overview(summary)
    base, *_, last = summary["benchmarks"]["countdown"]["models"]
    for model in (base, last):
        for k in (1, 256):
            assert with_interval(at_k(model["curve"], k)).replace(" [", " % [") in told
    assert told.count("solves") == 2
    assert "base solves" in told
    assert "checkpoint-200 solves" in told


@pytest.mark.parametrize(
    ("correct", "said"),
    [
        (8, "at the first attempt (more than the base)"),
        (0, "at the first attempt (fewer than the base)"),
        (4, "at the first attempt (no clear difference from the base)"),
    ],
)
def test_better_and_worse_are_said_where_the_report_claims_them(correct: int, said: str) -> None:
    told, _ = overview(summarise([fixed(8, [4] * 30), fixed(8, [correct] * 30, 50)], {}))
    assert said in told


def test_the_chart_fits_80_columns_and_ends_at_the_values_of_the_curves() -> None:
    _, chart = overview(summarise([fixed(16, [8] * 30), fixed(16, [0] * 30, 50)], {}))
    assert max(map(len, chart)) <= 80
    (top,) = [line for line in chart if line.startswith(" 100 |")]
    (bottom,) = [line for line in chart if line.startswith("   0 |")]
    assert top.endswith("o")  # pass@16 of the base
    assert set(bottom.removeprefix("   0 |")) == {"+"}
    assert chart[-2:] == ["  o base", "  + checkpoint-50"]


def test_a_model_beside_is_told_and_a_missing_base_is_no_fault() -> None:
    beside = fixed(4, [1, 3, 2])
    beside = replace(beside, model=replace(beside.model, name="other", beside=True))
    told, chart = overview(summarise([fixed(4, [1, 2, 3], 50), beside], {}))
    assert "checkpoint-50 solves" in told
    assert "other solves" in told
    assert "base" not in told
    assert chart[-2:] == ["  o checkpoint-50", "  + other"]


def test_one_completion_of_each_problem_is_enough_to_draw() -> None:
    told, chart = overview(summarise([fixed(1, [1, 0])], {}))
    assert "base solves 50.0 %" in told
    assert any(line.startswith("  50 |o") for line in chart)
