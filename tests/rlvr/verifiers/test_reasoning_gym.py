"""reasoning-gym tasks through the package's own scoring."""

import pytest

from rlvr import verifiers
from rlvr.core.records import Attempt, Outcome, Problem
from rlvr.tasks import problems

VERIFIER = verifiers.get("reasoning_gym")
TASKS = ["basic_arithmetic", "countdown", "polynomial_equations", "calendar_arithmetic"]

pytestmark = pytest.mark.timeout(120)


@pytest.mark.parametrize("task", TASKS)
def test_the_tasks_own_answer_is_correct_and_another_is_not(task: str) -> None:
    loaded = problems.load(f"reasoning_gym:{task}", limit=4)
    right = [Attempt(p, f"<answer>{p.gold['answer']}</answer>") for p in loaded]
    wrong = [Attempt(p, "<answer>no such answer</answer>") for p in loaded]
    verdicts = VERIFIER.verify([*right, *wrong], timeout_s=30)
    assert [verdict.outcome for verdict in verdicts] == [Outcome.CORRECT] * 4 + [Outcome.WRONG] * 4


def test_an_answer_right_in_another_form_is_correct() -> None:
    """Countdown has many solutions; the package accepts each that reaches the target."""
    (problem,) = problems.load("reasoning_gym:countdown", limit=1)
    answer = f"({problem.gold['answer']})"
    (verdict,) = VERIFIER.verify([Attempt(problem, f"<answer>{answer}</answer>")], timeout_s=30)
    assert verdict.outcome is Outcome.CORRECT


def test_partial_credit_is_a_reason_and_not_a_verdict() -> None:
    (problem,) = problems.load("reasoning_gym:countdown", limit=1)
    (verdict,) = VERIFIER.verify([Attempt(problem, "<answer>1 + 1</answer>")], timeout_s=30)
    assert verdict.outcome is Outcome.WRONG
    assert "of 1" in (verdict.reason or "")


def test_a_box_marks_the_answer_where_there_are_no_tags() -> None:
    (problem,) = problems.load("reasoning_gym:basic_arithmetic", limit=1)
    texts = [f"\\boxed{{{problem.gold['answer']}}}", str(problem.gold["answer"])]
    verdicts = VERIFIER.verify([Attempt(problem, text) for text in texts], timeout_s=30)
    assert [verdict.outcome for verdict in verdicts] == [Outcome.CORRECT, Outcome.NO_ANSWER]


def test_a_gold_of_no_task_is_an_error_of_ours_and_not_wrong() -> None:
    gold = {"task": "no_such_task", "seed": 1, "size": 1, "index": 0}
    attempt = Attempt(Problem("x/1", "?", gold), "<answer>1</answer>")
    assert VERIFIER.verify([attempt], timeout_s=30)[0].outcome is Outcome.ERROR
