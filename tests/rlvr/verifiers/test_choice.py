"""Multiple choice: letters, options and what is neither."""

import pytest

from rlvr import verifiers
from rlvr.core.records import Attempt, Outcome, Problem

CHOICES = {"letter": "B", "choices": ["12", r"\frac{1}{2}", "C", "none of these"]}


def outcome(gold: object, completion: str, *, truncated: bool = False) -> Outcome:
    attempt = Attempt(Problem("choice/1", "Which?", gold), completion, truncated)
    return verifiers.get("choice").verify([attempt])[0].outcome


@pytest.mark.parametrize(
    "answer", ["B", "b", "(B)", "(B", "B)", "B.", r"\text{(B)}", r"\mathbf{B}", "B. 15", "B: 15 cm"]
)
def test_the_letter_is_found_in_its_usual_forms(answer: str) -> None:
    assert outcome("B", f"so \\boxed{{{answer}}}") is Outcome.CORRECT


@pytest.mark.parametrize("answer", ["A", "(C)", "AB", "Because", "12", "B or C", "\\{B\\}"])
def test_another_letter_or_none_is_wrong(answer: str) -> None:
    assert outcome("B", f"so \\boxed{{{answer}}}") is Outcome.WRONG


def test_the_text_of_an_option_stands_for_its_letter() -> None:
    assert outcome(CHOICES, r"\boxed{\frac12}") is Outcome.CORRECT
    assert outcome(CHOICES, r"\boxed{12}") is Outcome.WRONG


def test_an_option_that_is_itself_a_letter_counts_as_the_option() -> None:
    assert outcome(CHOICES | {"letter": "C"}, r"\boxed{C}") is Outcome.CORRECT


def test_a_letter_in_running_text_marks_nothing() -> None:
    assert outcome("B", "The answer is B.") is Outcome.NO_ANSWER
    assert outcome("B", "The answer is", truncated=True) is Outcome.TRUNCATED


def test_answer_tags_mark_too_and_what_follows_is_cut_off() -> None:
    assert outcome("B", "<answer>B</answer> User: Which? <answer>C</answer>") is Outcome.CORRECT


@pytest.mark.parametrize("gold", [None, 2, {"letter": "B"}, {"choices": []}])
def test_a_gold_that_is_no_choice_is_an_error_of_ours_and_not_wrong(gold: object) -> None:
    assert outcome(gold, r"\boxed{B}") is Outcome.ERROR
