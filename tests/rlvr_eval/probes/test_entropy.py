"""The entropy probe on a checkpoint whose matching temperature is known: its sharpness."""

import json
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr.core.errors import UserError
from rlvr.core.records import Problem
from rlvr.runs.run_directory import Run
from rlvr_eval.plan.ledger import Ledger
from rlvr_eval.probes.entropy import divide, probe
from rlvr_eval.report.rebuild import report
from rlvr_eval.summary.format import RunSummary
from rlvr_eval.summary.model_summary import Json
from tests.rlvr_eval import tiny_run

PROBLEMS = 30


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run whose checkpoint was matched to its base with few draws."""
    run = tiny_run.evaluated(tmp_path_factory.mktemp("runs"), problems=PROBLEMS, draws=4)
    probe(run, tiny_run.settings(run), tiny_run.crew(), per_problem=24)
    return run


@pytest.fixture(scope="module")
def match(run: Run) -> Json:
    with (run.path / "printed").open("w") as stream:
        summary = report(run, stream=stream)
    RunSummary.model_validate(summary)
    (found,) = summary["benchmarks"]["countdown-dev"]["entropy"]
    return dict(found)


def test_matching_temperature_is_by_how_much_the_logits_were_multiplied(match: Json) -> None:
    assert match["temperature"] == pytest.approx(tiny_run.SHARPNESS, rel=0.15)
    assert match["difference"]["low"] < 0 < match["difference"]["high"]
    assert match["base"]["temperature"] == 1.0


def test_whole_grid_is_reported_and_rises_with_temperature(match: Json) -> None:
    entropies = {at["temperature"]: at["value"] for at in match["grid"]}
    assert match["temperature"] in entropies
    assert entropies[1.0] < match["base"]["low"]
    nearest = min(entropies.values(), key=lambda value: abs(value - match["base"]["value"]))
    assert entropies[match["temperature"]] == nearest


def test_problems_of_the_search_take_no_part_in_the_curves(run: Run, match: Json) -> None:
    ledger = Ledger(run, f"probes/entropy/checkpoint-{tiny_run.STEP}")
    assert len(match["apart"]) == PROBLEMS // 5
    for entry in ledger.entries():
        assert not set(entry["problem_ids"]) & set(match["apart"])
        assert len(entry["problem_ids"]) == PROBLEMS - PROBLEMS // 5
    temperatures = [entry["draw_key"]["temperature"] for entry in ledger.entries()]
    assert temperatures == [1.0, match["temperature"]]
    assert [model["step"] for model in match["models"]] == [0, tiny_run.STEP]
    assert match["models"][1]["difference"][0]["k"] == 1


def test_main_evaluation_is_left_as_it_was(run: Run, match: Json) -> None:
    main = {entry["draw_key"]["temperature"] for entry in Ledger(run).entries()}
    assert main == {1.0}
    printed = (run.path / "printed").read_text()
    assert "at equal entropy, on the other problems" in printed


def test_matching_a_greedy_base_is_refused(run: Run) -> None:
    settings = tiny_run.settings(run)
    greedy = settings.sampling.model_copy(update={"temperature": 0.0})
    with pytest.raises(UserError, match="greedily"):
        probe(run, settings.model_copy(update={"sampling": greedy}), tiny_run.crew())


def test_step_without_checkpoint_is_refused_with_those_there_are(run: Run) -> None:
    with pytest.raises(UserError, match="no checkpoint at step 7; it has 10"):
        probe(run, tiny_run.settings(run), tiny_run.crew(), step=7)


@given(st.integers(min_value=4, max_value=200), st.randoms(use_true_random=False))
def test_division_is_a_fifth_and_does_not_hang_on_the_order(count: int, random: Random) -> None:
    problems = [Problem(f"b/{at}", "", None) for at in range(count)]
    apart, rest = divide(problems)
    assert len(apart) == max(2, round(count / 5))
    assert {p.id for p in apart} | {p.id for p in rest} == {p.id for p in problems}
    assert len(apart) + len(rest) == count
    shuffled = list(problems)
    random.shuffle(shuffled)
    assert {p.id for p in divide(shuffled).apart} == {p.id for p in apart}


def test_too_few_problems_to_set_some_apart_are_refused() -> None:
    with pytest.raises(UserError, match="3 problems are too few"):
        divide([Problem(f"b/{at}", "", None) for at in range(3)])


def test_result_is_plain_json(run: Run, match: Json) -> None:
    summary: Path = run.path / "summary.json"
    stored = json.loads(summary.read_text())["benchmarks"]["countdown-dev"]["entropy"]
    assert stored == [match]
