"""`rlvr show`: a problem is found by its name, and its completions are printed, never obeyed."""

import io
import json
from pathlib import Path

import pytest

from rlvr.cli.main import main
from rlvr.core.errors import UserError
from rlvr.core.records import Completion, Outcome, Problem, Verdict
from rlvr.runs.run_directory import Run
from rlvr_eval.report.show import draws_of, find_problem, printable, write
from tests.rlvr_eval.simulated import draws, evaluate, evaluation

P = (0.0, 0.5, 1.0)
ID = "simulated/1"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Three problems, 16 draws each, in a run directory beside their store."""
    run = Run(tmp_path / "run")
    evaluate(run, evaluation(tmp_path, P))
    return run


def test_every_draw_is_shown_with_its_own_verdict_in_order(run: Run) -> None:
    shown = draws_of(run, find_problem(run, ID))
    assert [each.sample_index for each in shown] == list(range(16))
    expected = ["correct" if "{B}" in str(each.completion) else "wrong" for each in shown]
    assert [each.verdict for each in shown] == expected
    assert set(expected) == {"correct", "wrong"}


def test_problem_is_found_by_the_end_of_its_id(run: Run) -> None:
    assert find_problem(run, "2").id == "simulated/2"


def test_unknown_problem_is_refused_with_those_there_are(run: Run) -> None:
    with pytest.raises(UserError, match=r"no problem '7'; write one of: simulated/0, simulated/1"):
        find_problem(run, "7")


def test_models_and_verdicts_narrow_what_is_shown(run: Run) -> None:
    problem = find_problem(run, ID)
    correct = draws_of(run, problem, verdicts=["correct"])
    assert 0 < len(correct) < 16
    assert {each.verdict for each in correct} == {"correct"}
    for unknown in ({"models": ["checkpoint-9"]}, {"verdicts": ["corect"]}):
        with pytest.raises(UserError, match=r"checkpoint-9|corect"):
            draws_of(run, problem, **unknown)
    assert len(draws_of(run, problem, models=["base"])) == 16


def test_draw_made_twice_is_shown_once_and_as_it_was_first(run: Run, tmp_path: Path) -> None:
    store = draws(evaluation(tmp_path / "same", P, store=tmp_path / "store"))
    again = Completion(ID, 0, "made again", "stop")
    store.append([again], [Verdict(Outcome.WRONG)], "choice@1")
    shown = draws_of(run, find_problem(run, ID))
    assert [each.sample_index for each in shown] == list(range(16))
    assert shown[0].completion != "made again"


def test_control_characters_of_a_completion_reach_no_terminal() -> None:
    hostile = "\x1b[2J\x1b]0;title\x07 erased\rover\u202e done\n\tkept é"
    assert printable(hostile) == "\\x1b[2J\\x1b]0;title\\x07 erased\\rover\\u202e done\n\tkept é"


def test_printed_problem_says_what_is_left_out(run: Run) -> None:
    stream = io.StringIO()
    problem = Problem(ID, "question\x1b 1", "B")
    write(problem, draws_of(run, problem), stream, limit=2)
    text = stream.getvalue()
    assert "question\\x1b 1" in text
    assert "== base: 16 completions" in text
    assert text.count("-- draw") == 2
    assert "14 more: --draws 16" in text


def test_command_prints_one_json_line_for_each_draw(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", str(run.path), "1", "--verdict", "correct", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["verdict"] for line in lines} == {"correct"}
    assert {line["problem_id"] for line in lines} == {ID}
