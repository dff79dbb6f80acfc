"""Decontamination: what is dropped is named with what it shares, and nothing else is dropped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr.core.records import Problem
from rlvr.distill.decontamination import overlaps, words

LONG = "Let $x$ be a positive integer such that three times its square is twelve. Find $x$."


def problem(name: str, question: str) -> Problem:
    return Problem(name, question, gold=None)


def found(training: str, held_out: str, *, n: int = 8) -> list[str]:
    pairs = overlaps([problem("train/0", training)], [problem("test/0", held_out)], n=n)
    return [overlap.shared for overlap in pairs]


@pytest.mark.parametrize(
    "training",
    [
        LONG,
        LONG.upper(),
        LONG.replace("$", "").replace(",", " ;"),
        f"Here is an exercise.\n\n{LONG} Explain.",
        "Suppose a positive integer such that three times its square is forty-eight.",
    ],
)
def test_question_with_eight_words_of_a_benchmark_in_a_row_is_found(training: str) -> None:
    assert len(found(training, LONG)) == 1


def test_shared_words_and_benchmark_problem_are_named() -> None:
    held_out = [problem("test/0", "Something else entirely about a bag of nine marbles in a box.")]
    held_out.append(problem("test/1", LONG))
    (overlap,) = overlaps([problem("train/7", LONG)], held_out, n=8)
    assert overlap.problem.id == "train/7"
    assert overlap.benchmark_problem_id == "test/1"
    assert overlap.shared == "let x be a positive integer such that"


def test_seven_words_in_a_row_are_not_eight() -> None:
    assert found("be a positive integer such that three", LONG) == []
    assert found("be a positive integer such that three times", LONG) != []


def test_short_question_counts_only_as_a_whole() -> None:
    assert found("What is 2 + 3?", "what is 2 + 3") == ["what is 2 3"]
    assert found("What is 2 + 3 + 4?", "what is 2 + 3") == []
    assert found("4 7 9 2 -> 52 :", "4 7 9 2 -> 53 :") == []


@given(st.lists(st.sampled_from("abcdef"), max_size=30), st.lists(st.sampled_from("abcdef")))
def test_two_questions_overlap_exactly_if_a_run_of_n_words_is_in_both(
    training: list[str], held_out: list[str]
) -> None:
    n = 3
    runs = [
        {tuple(text[i : i + n]) for i in range(len(text) - n + 1)} for text in (training, held_out)
    ]
    whole = len(held_out) < n and training == held_out
    assert bool(found(" ".join(training), " ".join(held_out), n=n)) == bool(
        runs[0] & runs[1] or whole
    )


def test_words_keep_numbers_and_letters_of_any_script() -> None:
    assert words("\\frac{3}{4} + \u03b1_1, D'oh") == ["frac", "3", "4", "\u03b1_1", "d", "oh"]
