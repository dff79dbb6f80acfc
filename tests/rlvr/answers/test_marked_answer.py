"""Which part of a completion is its answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr.answers.marked_answer import cut, last_boxed, marked_answer, unwrap


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"so \boxed{4}", "4"),
        (r"first \boxed{3}, no: \boxed{4}.", "4"),
        (r"\boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
        (r"\boxed{ \text{Evelyn} }", r"\text{Evelyn}"),
        (r"\fbox{7}", "7"),
        (r"\boxed 5", "5"),
        (r"\boxed{$12$}", "12"),
        (r"\boxed{\(x+1\)}", "x+1"),
        (r"a closed \boxed{4}, then one cut off: \boxed{\frac{1}{", "4"),
        ("<think>2</think> <answer>4</answer>", "4"),
        (r"<answer>The answer is \boxed{4}.</answer>", "4"),
        ("<answer>3</answer> wait <answer>4</answer>", "4"),
        (r"\boxed{4} <answer>5", "4"),
        ("the answer is 4", None),
        ("<answer>4", None),
        (r"\boxed{4", None),
        (r"\boxed{}", None),
        ("", None),
    ],
)
def test_only_a_marked_answer_is_an_answer(text: str, answer: str | None) -> None:
    assert marked_answer(text) == answer


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"\boxed{4}<|im_end|> \boxed{5}", "4"),
        (r"\boxed{4}<|endoftext|>Question: 2+3? \boxed{5}", "4"),
        ("\\boxed{4}\nUser: and 2+3?\nAssistant: \\boxed{5}", "4"),
        ("\\boxed{4}.\n\nQuestion: What is 2+3? \\boxed{5}", "4"),
        ("<answer>4</answer> User: 2+3? <answer>5</answer>", "4"),
        ("\\boxed{4}\n\n**Problem:** 2+3? \\boxed{5}", "4"),
        # the question restated before any answer is part of the solution
        ("Question: What is 2+2?\nAnswer: \\boxed{4}", "4"),
        # a later box of the same answer text still counts
        ("\\boxed{2} apples and \\boxed{3} pears, so \\boxed{5}", "5"),
    ],
)
def test_invented_turns_are_cut_off(text: str, answer: str) -> None:
    assert marked_answer(cut(text)) == answer


@given(st.text(alphabet="{}\\boxed fx<>/answer$ 1\n", max_size=300))
def test_extraction_never_fails(text: str) -> None:
    answer = marked_answer(cut(text))
    assert answer is None or answer


@given(st.text(alphabet="abc+-12", min_size=1))
def test_what_is_boxed_is_found_again(answer: str) -> None:
    assert last_boxed(f"so \\boxed{{{answer}}} as asked") == answer


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (r"\boxed{" * 50_000, None),
        ("{" * 200_000 + r"\boxed{1}", "1"),
        (r"\boxed{1" * 50_000, None),
        ("<answer>" * 50_000, None),
        ("\nQ" * 100_000 + r"\boxed{1}", "1"),
    ],
)
def test_text_made_for_quadratic_scanning_is_read_at_once(text: str, answer: str | None) -> None:
    assert marked_answer(cut(text)) == answer


def test_delimiters_inside_an_answer_stay() -> None:
    assert unwrap("$69$,$84$") == "$69$,$84$"
    assert unwrap("$$x$$") == "x"
    assert unwrap("**12**") == "12"
