"""The direct probe: problems whose answers are guessed are told apart, and left out."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr.core.errors import UserError
from rlvr.runs.run_directory import Run
from rlvr_eval.draw.crew import Crew
from rlvr_eval.draw.drawing import carry_out
from rlvr_eval.draw.simulator import Simulator
from rlvr_eval.estimators.fixed import FixedDesign
from rlvr_eval.plan.ledger import Ledger
from rlvr_eval.probes.direct import LONGEST_ANSWER, directly, probe
from rlvr_eval.probes.results import DIRECT, attach, guessable_problems, without
from rlvr_eval.summary.run_summary import summarise
from tests.rlvr_eval import tiny_run
from tests.rlvr_eval.simulated import evaluate, evaluation, model
from tests.simulated import fixed, value


@given(st.lists(st.integers(min_value=0, max_value=200), min_size=1, max_size=20))
def test_guessed_means_answered_now_and_then_but_in_fewer_than_one_of_twenty(
    correct: list[int],
) -> None:
    outcomes = fixed(200, correct)
    expected = [
        id for id, c in zip(outcomes.problem_ids, correct, strict=True) if 0 < c < 200 * 0.05
    ]
    assert guessable_problems(outcomes) == expected
    left = without(outcomes, expected)
    assert set(left.problem_ids) == set(outcomes.problem_ids) - set(expected)


def test_answers_are_asked_for_alone_with_no_room_for_reasoning(tmp_path: Path) -> None:
    asked = directly(evaluation(tmp_path, (0.5,)))
    assert asked.prompt == "direct-boxed"
    assert asked.sampling.max_completion_tokens == LONGEST_ANSWER


def test_curves_without_guessed_problems_stand_beside_the_others(tmp_path: Path) -> None:
    # without reasoning, problem 1 is guessed now and then, and problem 2 is simply known
    run, design = Run(tmp_path / "run"), FixedDesign(200)
    base = evaluation(tmp_path, (0.3, 0.3, 0.9), design=design)
    better = model(tmp_path / "checkpoint", (0.6, 0.1, 0.9), name="checkpoint-5", step=5)
    evaluate(run, base, replace(base, model=better))
    reflex = model(tmp_path / "reflex", (0.0, 0.02, 0.9))
    direct = replace(directly(base), model=replace(reflex, weights=base.model.weights))
    carry_out(run, [direct], Crew(Simulator(), Simulator, processes=1), ledger=Ledger(run, DIRECT))
    outcomes = Ledger(run).outcomes()
    summary = summarise(outcomes, {})
    attach(summary, run, outcomes)
    found = summary["benchmarks"]["simulated"]["direct"]
    assert found["guessable"] == ["simulated/1"]
    assert found["problems"] == 3
    for shown, each in zip(found["models"], outcomes, strict=True):
        assert shown["problems"] == 2
        expected = np.mean([each.counts.c[0] / 200, each.counts.c[2] / 200])
        assert value(shown["curve"], 1) == pytest.approx(expected)
    assert summary["benchmarks"]["simulated"]["models"][0]["problems"] == 3


def test_where_every_step_is_checked_there_is_nothing_to_guess(tmp_path: Path) -> None:
    run = tiny_run.make(tmp_path, problems=4, draws=2)
    with pytest.raises(UserError, match="checks every step"):
        probe(run, tiny_run.settings(run), tiny_run.crew())
