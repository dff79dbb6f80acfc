"""Marks on reasoning: queued, read back, and counted again."""

import json
from dataclasses import replace
from math import comb
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr.cli.main import main
from rlvr.core.errors import UserError
from rlvr.core.records import Outcome
from rlvr.runs.run_directory import Run
from rlvr_eval.estimators.fixed import FixedDesign
from rlvr_eval.estimators.sequential import SequentialDesign
from rlvr_eval.plan.ledger import Ledger
from rlvr_eval.summary import pass_at_k_under_marks, reasoning_marks
from rlvr_eval.summary.model_summary import Json
from rlvr_eval.summary.reasoning_marks import Queue
from rlvr_eval.summary.run_summary import summarise
from tests.rlvr_eval import tiny_run
from tests.rlvr_eval.simulated import evaluate, evaluation, model
from tests.simulated import value

N = 200
P = (0.0, 0.015, 0.02, 0.6)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Four problems, of which two are hardly ever solved."""
    run = Run(tmp_path / "run")
    evaluate(run, evaluation(tmp_path, P, design=FixedDesign(N)))
    return run


def queue(run: Run) -> Queue:
    (found,) = reasoning_marks.queues_of(run)
    return found


def marked(run: Run) -> Json:
    """What the summary says of the base's reasoning."""
    summary = summarise(Ledger(run).outcomes(), {})
    pass_at_k_under_marks.attach(summary, run, reasoning_marks.evaluated(run))
    (model,) = summary["benchmarks"]["simulated"]["models"]
    return dict(model["reasoning"])


def correct(run: Run) -> list[int]:
    return [int(c) for c in Ledger(run).outcomes()[0].counts.c]


def test_queue_holds_every_correct_completion_of_the_hardest_solved_problems(run: Run) -> None:
    c = correct(run)
    assert 0 < c[1] <= 0.05 * N
    assert 0 < c[2] <= 0.05 * N
    found = queue(run)
    assert list(found.draws) == ["simulated/1", "simulated/2"]
    assert [len(indices) for indices in found.draws.values()] == [c[1], c[2]]
    for line in reasoning_marks.lines(run, found, {}):
        assert line["reasoning"] is None
        assert "{B}" in line["completion"]
        assert line["question"] == f"question {line['problem_id'][-1]}"


@pytest.mark.parametrize("has_checkpoint", [True, False])
def test_queue_is_of_base_and_last_checkpoint_and_not_of_models_beside(
    tmp_path: Path, has_checkpoint: bool
) -> None:
    run, planned = Run(tmp_path / "run"), evaluation(tmp_path, P)
    checkpoint = model(tmp_path / "checkpoint", P, name="checkpoint-50", step=50)
    other = replace(model(tmp_path / "other", P, name="other", step=60), beside=True)
    models = [planned.model, *([checkpoint] if has_checkpoint else []), other]
    evaluate(run, *(replace(planned, model=each) for each in models))
    expected = ["base", "checkpoint-50" if has_checkpoint else "other"]
    assert [queue.entry["model"] for queue in reasoning_marks.queues_of(run)] == expected
    assert [queue.entry["model"] for queue in reasoning_marks.queues_of(run, ["other"])] == [
        "other"
    ]


def test_pass_at_k_is_counted_again_under_the_marks(run: Run) -> None:
    """Of problem 1 all are marked wrong; of problem 2 one is right and the rest stay unmarked."""
    c, drawn = correct(run), queue(run).all_draws()
    first = [draw for draw in drawn if draw[1] == "simulated/1"]
    second = [draw for draw in drawn if draw[1] == "simulated/2"]
    found: dict[reasoning_marks.Draw, reasoning_marks.Mark] = dict.fromkeys(first, "wrong")
    reasoning_marks.add(run, found | {second[0]: "right"})
    told = marked(run)
    assert (told["problems"], told["confirmed"], told["refuted"]) == (2, 1, 1)
    assert (told["right"], told["wrong"], told["unmarked"]) == (1, c[1], c[2] - 1)
    for k in (1, 64, N):
        least = np.mean([chance(each, k) for each in (c[0], 0, 1, c[3])])
        most = np.mean([chance(each, k) for each in (c[0], 0, c[2], c[3])])
        assert value(told["curve_least"], k) == pytest.approx(least)
        assert value(told["curve_most"], k) == pytest.approx(most)


def chance(c: int, k: int) -> float:
    return 1 - comb(N - c, k) / comb(N, k)


def test_all_right_leaves_the_curve_as_it_was(run: Run) -> None:
    reasoning_marks.add(run, dict.fromkeys(queue(run).all_draws(), "right"))
    found = marked(run)
    (model,) = summarise(Ledger(run).outcomes(), {})["benchmarks"]["simulated"]["models"]
    assert found["curve_least"] == found["curve_most"] == model["curve"]


def test_without_marks_nothing_is_said_of_reasoning(run: Run) -> None:
    summary = summarise(Ledger(run).outcomes(), {})
    pass_at_k_under_marks.attach(summary, run, reasoning_marks.evaluated(run))
    assert "reasoning" not in summary["benchmarks"]["simulated"]["models"][0]


@given(
    st.lists(st.sampled_from(["correct", "wrong", "truncated"]), min_size=1, max_size=30),
    st.dictionaries(st.integers(min_value=0, max_value=29), st.sampled_from(["right", "wrong"])),
)
def test_marks_take_back_what_was_correct_and_never_make_anything_correct(
    outcomes: list[str], given_marks: dict[int, reasoning_marks.Mark]
) -> None:
    row = np.array([Outcome(each) for each in outcomes], dtype=object)
    found = {("drawn", "p", index): mark for index, mark in given_marks.items()}
    least, most = reasoning_marks.is_correct(row, "drawn", "p", found)
    was = row == Outcome.CORRECT
    assert (least <= most).all()
    assert (most <= was).all()
    for index in range(row.size):
        mark = given_marks.get(index)
        assert least[index] == (was[index] and mark == "right")
        assert most[index] == (was[index] and mark != "wrong")


def test_later_mark_on_the_same_draw_counts(run: Run) -> None:
    draw = queue(run).all_draws()[0]
    reasoning_marks.add(run, {draw: "right"})
    reasoning_marks.add(run, {draw: "wrong"})
    assert reasoning_marks.read(run) == {draw: "wrong"}


def test_marks_that_make_an_adaptive_design_owe_draws_give_no_biased_curve(tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    design = SequentialDesign((100, 200), (2,))
    planned = evaluation(tmp_path, P, design=design)
    evaluate(run, planned)
    stopped_early = [
        draw
        for draw in queue(run).all_draws()
        if Ledger(run).outcomes()[0].counts.n[int(draw[1][-1])] == 100
    ]
    assert stopped_early, "with these seeds a hard problem stops at the first look"
    reasoning_marks.add(run, dict.fromkeys(stopped_early, "wrong"))
    found = marked(run)
    assert found["owed"] >= 100
    assert found["curve_least"] is None
    # once the draws are there, as after a larger evaluation, the same marks give a curve
    evaluate(run, replace(planned, design=FixedDesign(200)))
    evaluate(run, planned)
    found = marked(run)
    assert found["owed"] == 0
    assert found["curve_most"] is not None


def test_queue_goes_out_and_comes_back_by_the_command(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["marks", str(run.path)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    lines[0]["reasoning"], lines[1]["reasoning"] = "right", "wrong"
    file = tmp_path / "queue.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert main(["marks", str(run.path), str(file)]) == 0
    assert "1 right, 1 wrong" in capsys.readouterr().out
    assert sorted(reasoning_marks.read(run).values()) == ["right", "wrong"]
    # what is marked is shown as marked when the queue is written again
    assert main(["marks", str(run.path)]) == 0
    again = [json.loads(line)["reasoning"] for line in capsys.readouterr().out.splitlines()]
    assert again.count(None) == len(lines) - 2


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("no JSON", "line 1: not a line that `rlvr marks` wrote"),
        ('{"problem_id": "a", "sample_index": 0, "reasoning": "right"}', "KeyError: 'draws'"),
        (
            '{"draws": "d", "problem_id": "a", "sample_index": 0, "reasoning": "ok"}',
            'reasoning is \'ok\'; write "right", "wrong" or null',
        ),
    ],
)
def test_line_that_is_no_mark_is_named(tmp_path: Path, line: str, message: str) -> None:
    file = tmp_path / "marked.jsonl"
    file.write_text(line + "\n")
    with pytest.raises(UserError) as fault:
        reasoning_marks.parse(file)
    assert message in str(fault.value)


def test_unknown_model_is_refused_with_those_there_are(run: Run) -> None:
    with pytest.raises(UserError, match="no model 'x' was evaluated; there are base"):
        reasoning_marks.queues_of(run, ["x"])


def test_where_every_step_is_verified_no_hand_is_needed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tiny_run.evaluated(tmp_path, problems=10, draws=32)
    assert main(["marks", str(run.path)]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "its verifier has checked every step already" in captured.err
    assert main(["report", str(run.path), "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    base = summary["benchmarks"]["countdown-dev"]["models"][0]
    found = base["reasoning"]
    accuracy = np.array(base["counts"]["c"]) / base["counts"]["n"]
    hardest = int(((accuracy > 0) & (accuracy <= 0.05)).sum())
    assert found["checked_by"] == "verifier"
    assert found["confirmed"] == found["problems"] == hardest
