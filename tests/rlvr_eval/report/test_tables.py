"""The terminal tables: every number that was promised, in a file and on any terminal."""

import io
import re

import pytest

from rlvr_eval.report import undecided_notes
from rlvr_eval.report.tables import (
    Column,
    crossover_cell,
    share,
    with_interval,
    write_comparison,
    write_rows,
    write_summary,
)
from rlvr_eval.summary.comparison import compare
from rlvr_eval.summary.model_summary import Json, at_k
from rlvr_eval.summary.run_summary import summarise
from tests.simulated import fixed, run, unclear


class Terminal(io.StringIO):
    """A stream that says it is a terminal; its width is that of the COLUMNS variable."""

    def isatty(self) -> bool:
        return True


def printed(stream: Terminal) -> list[str]:
    """The lines that a person sees, without the codes that make them bold."""
    return re.sub(r"\x1b\[[0-9;]*m", "", stream.getvalue()).splitlines()


@pytest.fixture
def summary() -> Json:
    return summarise(run(), {"name": "r"})


def test_a_file_gets_one_plain_unwrapped_line_per_model(summary: Json) -> None:
    stream = io.StringIO()
    write_summary(summary, stream)
    text = stream.getvalue()
    assert "\x1b" not in text
    assert "…" not in text
    last = summary["benchmarks"]["countdown"]["models"][-1]
    (line,) = [
        line
        for line in text.splitlines()
        if "checkpoint-200" in line and with_interval(at_k(last["curve"], 256)) in line
    ]
    for k in (1, 16, 256):
        assert with_interval(at_k(last["curve"], k)) in line
    for k in (1, 256):
        assert with_interval(at_k(last["difference"], k), sign=True) in line
    assert crossover_cell(last["crossover"]) in line


def test_a_file_gets_no_spaces_at_the_ends_of_lines(summary: Json) -> None:
    stream = io.StringIO()
    write_summary(summary, stream)
    assert all(line == line.rstrip() for line in stream.getvalue().splitlines())


@pytest.mark.parametrize("columns", [80, 100])
def test_every_row_stays_on_one_line_of_a_terminal(
    summary: Json, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    write_summary(summary, stream)
    lines = printed(stream)
    assert max(map(len, lines)) <= columns
    last = summary["benchmarks"]["countdown"]["models"][-1]
    of_last = [line for line in lines if line.split()[:2] == ["200", "checkpoint-200"]]
    for k in (1, 16, 256):
        assert any(with_interval(at_k(last["curve"], k)) in line for line in of_last)
    for k in (1, 256):
        point = with_interval(at_k(last["difference"], k), sign=True)
        assert any(point in line for line in of_last)


def test_tables_of_probes_are_spread_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm")
    columns = [
        Column("who", lambda row: str(row["who"]), "left"),
        *(Column(f"number {i}", lambda row, i=i: str(row[i])) for i in range(8)),
    ]
    stream = Terminal()
    write_rows("title", columns, [{"who": "me", **{i: 1000 + i for i in range(8)}}], "", stream)
    lines = printed(stream)
    assert max(map(len, lines)) <= 60
    found = [word for line in lines if line.split()[:1] == ["me"] for word in line.split()[1:]]
    assert found == [str(1000 + i) for i in range(8)]


def test_strata_have_tables_of_their_own(summary: Json) -> None:
    stream = io.StringIO()
    write_summary(summary, stream)
    assert "countdown, chain problems only" in stream.getvalue()
    assert "countdown, beyond problems only" in stream.getvalue()


@pytest.mark.parametrize("columns", [60, 80, 100, 130, 200])
def test_no_number_is_cut_on_a_terminal_of_any_width(
    summary: Json, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    write_summary(summary, stream)
    text = stream.getvalue()
    assert "…" not in text
    for model in summary["benchmarks"]["countdown"]["models"]:
        for k in (1, 16, 256):
            for part in with_interval(at_k(model["curve"], k)).split(" ", 1):
                assert part in text


def test_a_star_marks_only_differences_that_hold_after_adjustment() -> None:
    base, same, better = fixed(8, [4] * 30), fixed(8, [4] * 30, 50), fixed(8, [8] * 30, 100)
    stream = io.StringIO()
    write_summary(summarise([base, same, better], {}), stream)
    rows = {
        line.split()[1]: line for line in stream.getvalue().splitlines() if "checkpoint-" in line
    }
    assert "*" not in rows["checkpoint-50"]
    assert rows["checkpoint-100"].count(" *") == 1  # D(1) only: pass@8 is 1 for all


def test_warnings_are_printed_below() -> None:
    base, checkpoint = fixed(4, [1, 2]), fixed(4, [1, 2], 50, key={"prompt": "own"})
    stream = io.StringIO()
    write_summary(summarise([base, checkpoint], {}, allow_differing=True), stream)
    assert "note: countdown, checkpoint-50: drawn under another prompt" in stream.getvalue()


def test_both_ends_are_printed_where_undecided_verdicts_matter() -> None:
    """5 of 300 undecided: pass@1 30/300 to 35/300, pass@100 2/3 to 3/3, against 15/300 and 1."""
    base, checkpoint = fixed(100, [5, 5, 5]), unclear(50)
    pass_1, pass_100 = "pass@1 10.0 to 11.7 %", "pass@100 66.7 to 100.0 %"
    said = (
        f"1.7 % of its verdicts are undecided: from all of them wrong to all right, {pass_1}, "
        f"{pass_100}; undecided verdicts of it and the base leave D(1) +5.0 to +6.7 points, "
        "D(100) -33.3 to 0.0 points"
    )
    summary, comparison = io.StringIO(), io.StringIO()
    write_summary(summarise([base, checkpoint], {}), summary)
    assert f"note: countdown, checkpoint-50: {said}\n" in summary.getvalue()
    write_comparison(compare({"grpo": [base, checkpoint]}), comparison)
    assert f"note: countdown, grpo: {said}\n" in comparison.getvalue()
    assert "countdown, base:" not in summary.getvalue() + comparison.getvalue()


def test_a_base_that_is_undecided_leaves_the_differences_to_it_open() -> None:
    stream = io.StringIO()
    write_summary(summarise([unclear(0), fixed(100, [20, 20, 20], 50)], {}), stream)
    told = "undecided verdicts of it and the base leave D(1) +8.3 to +10.0 points, D(100) "
    assert f"note: countdown, checkpoint-50: {told}" in stream.getvalue()
    assert "note: countdown, base: 1.7 % of its verdicts are undecided" in stream.getvalue()


def test_square_brackets_in_names_are_printed_as_they_are() -> None:
    stream = io.StringIO()
    write_summary(summarise([fixed(4, [1, 2], benchmark="[bold]set[/bold]")], {}), stream)
    assert "[bold]set[/bold]" in stream.getvalue()


def test_runs_stand_side_by_side_with_delta_se_and_the_difference_to_the_first() -> None:
    found = compare({"grpo": run(), "rloo": run(seed=0)})
    stream = io.StringIO()
    write_comparison(found, stream)
    text = stream.getvalue()
    *_, rloo = found["benchmarks"]["countdown"]["rows"]
    (line,) = [line for line in text.splitlines() if line.strip().startswith("rloo")]
    assert with_interval(rloo["delta_se"], sign=True) in line
    assert with_interval(at_k(rloo["versus_first"], 1), sign=True) in line
    assert "Delta_SE(256)" in text
    assert "vs grpo, k=1" in text
    assert "Delta_SE(256) = pass@256 of the base - pass@1, lower is better" in text


def test_a_crossover_is_printed_with_what_is_known_of_its_ends() -> None:
    found = {"k": 121.6, "low": 77.0, "high": 180.0, "is_open": False, "censored": ""}
    assert crossover_cell(found | {"is_shown": False}) == "not shown"
    found["is_shown"] = True
    assert crossover_cell(found) == "122 [77, 180]"
    assert crossover_cell(found | {"high": None, "is_open": True}) == "122 [77, ..)"
    beyond = {"k": None, "low": 200.0, "high": None, "is_open": True, "censored": "> k_max"}
    beyond["is_shown"] = True
    assert crossover_cell(beyond) == "> k_max [200, ..)"
    never = {"k": None, "low": None, "high": None, "is_open": False, "censored": "none"}
    never["is_shown"] = True
    assert crossover_cell(never) == "none"
    assert crossover_cell(None) == "-"


def test_a_rate_is_never_rounded_down_to_none() -> None:
    assert [share(rate) for rate in (0.0, 1e-5, 0.0123)] == ["0", "<0.1 %", "1.2 %"]


def test_tables_say_under_what_their_draws_were_made() -> None:
    key = {"max_completion_tokens": 64, "dtype": "bfloat16", "top_k": 20}
    outcomes = [fixed(4, [1, 2], key=key), fixed(4, [1, 3], 50, key=key)]
    told = (
        "\ndrawn under temperature 1, top_p 1, top_k 20, token budget 64, prompt countdown, "
        "sampler hf/5.19.0, dtype bfloat16\n"
    )
    summary, comparison = io.StringIO(), io.StringIO()
    write_summary(summarise(outcomes, {}), summary)
    write_comparison(compare({"grpo": outcomes}), comparison)
    assert told in summary.getvalue()
    assert told in comparison.getvalue()


def test_models_that_were_drawn_differently_are_told_apart() -> None:
    outcomes = [fixed(4, [1, 2]), fixed(4, [1, 3], 50, key={"temperature": 0.6})]
    stream = io.StringIO()
    write_summary(summarise(outcomes, {}, allow_differing=True), stream)
    assert "\nbase drawn under temperature 1, top_p 1," in stream.getvalue()
    assert "; checkpoint-50 drawn under temperature 0.6, top_p 1," in stream.getvalue()


def test_the_finding_is_printed_and_a_difference_of_methods_is_not_claimed() -> None:
    summary, comparison = io.StringIO(), io.StringIO()
    found = summarise(run(), {})
    write_summary(found, summary)
    last = found["benchmarks"]["countdown"]["models"][-1]
    for view in (last, *last["strata"].values()):
        assert view["finding"]["text"] + "\n" in summary.getvalue()
    write_comparison(compare({"grpo": run(), "rloo": run(seed=0)}), comparison)
    assert "note: each run is one training seed" in comparison.getvalue()
    write_comparison(compare({"grpo": run()}), single := io.StringIO())
    assert "training seed" not in single.getvalue()


def test_a_difference_stands_at_the_k_that_was_tested_where_designs_differ() -> None:
    outcomes = [fixed(64, [10, 30, 0]), fixed(16, [5, 9, 1], 50), fixed(64, [12, 31, 2], 100)]
    found = summarise(outcomes, {})
    stream = io.StringIO()
    write_summary(found, stream)
    *_, shorter, _ = found["benchmarks"]["countdown"]["models"]
    (line,) = [
        line
        for line in stream.getvalue().splitlines()
        if "checkpoint-50 " in line and with_interval(at_k(shorter["curve"], 1)) in line
    ]
    assert "D(16)" in stream.getvalue()
    assert with_interval(at_k(shorter["difference"], 16), sign=True) in line


def test_one_problem_one_test_and_no_test_are_told_as_such() -> None:
    one, none = io.StringIO(), io.StringIO()
    write_summary(summarise([fixed(1, [0]), fixed(1, [1], 50)], {}), one)
    assert "1 problem, fixed:1; " in one.getvalue()
    assert "for the one test of this report" in one.getvalue()
    assert "On 1 problem of countdown, " in one.getvalue()
    write_summary(summarise([fixed(4, [1, 2])], {}), none)
    assert "2 problems, fixed:4; per cent with 95 % intervals over problems\n" in none.getvalue()
    assert "D(" not in none.getvalue()


def test_a_difference_that_rounds_to_0_has_no_sign() -> None:
    point = {"value": -1e-5, "low": -0.02, "high": 2e-5}
    assert with_interval(point, sign=True) == "0.0 [-2.0, 0.0]"


def test_verdicts_that_are_all_undecided_are_100_per_cent() -> None:
    base = fixed(4, [0] * 3, undecided=[4] * 3, upper=fixed(4, [4] * 3).counts)
    summary = summarise([base], {}, beyond=False)
    (note,) = undecided_notes.notes("countdown", summary["benchmarks"]["countdown"]["models"])
    assert "base: 100 % of its verdicts are undecided" in note
