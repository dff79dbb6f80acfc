"""Rewards against values computed by hand."""

import pytest

from rlvr.core.errors import UserError
from rlvr.core.records import Outcome, Verdict
from rlvr.verifiers.rewards import correctness, format_reward, overlong_penalty, refuse_undecided


@pytest.mark.parametrize(
    ("outcome", "reward"),
    [
        (Outcome.CORRECT, 1.0),
        (Outcome.WRONG, 0.0),
        (Outcome.NO_ANSWER, 0.0),
        (Outcome.TRUNCATED, 0.0),
        (Outcome.TIMEOUT, None),
        (Outcome.ERROR, None),
    ],
)
def test_only_correct_earns_and_undecided_is_no_reward_at_all(
    outcome: Outcome, reward: float | None
) -> None:
    assert correctness(Verdict(outcome)) == reward


@pytest.mark.parametrize(
    ("completion", "reward"),
    [
        ("<think>1+1</think><answer>2</answer>", 1.0),
        ("<think>\n1+1\n</think>\n\n<answer>\n2\n</answer>\n", 1.0),
        ("<answer>2</answer>", 0.0),
        ("<think>1+1</think>2", 0.0),
        ("<think>1+1</think><answer>2", 0.0),
        ("<think>1+1</think><answer>2</answer> More?", 0.0),
        ("<think>a</think><think>b</think><answer>2</answer>", 0.0),
        ("<think>a</think><answer>2</answer><answer>3</answer>", 0.0),
        ("<answer>2</answer><think>1+1</think>", 0.0),
        ("", 0.0),
    ],
)
def test_tags_are_asked_for_once_each_and_in_order(completion: str, reward: float) -> None:
    assert format_reward(completion, "tags") == reward


@pytest.mark.parametrize(
    ("completion", "reward"), [(r"so \boxed{2}", 1.0), (r"so \boxed{2", 0.0), ("so 2", 0.0)]
)
def test_a_box_counts_once_it_closes(completion: str, reward: float) -> None:
    assert format_reward(completion, "box") == reward


@pytest.mark.parametrize(
    ("tokens", "penalty"),
    # DAPO's own setting, arXiv 2503.14476, section 4.1: 16,384 tokens expected, 4,096 of buffer
    [(0, 0.0), (16_384, 0.0), (17_408, -0.25), (18_432, -0.5), (20_480, -1.0), (30_000, -1.0)],
)
def test_overlong_penalty_falls_linearly_over_the_buffer(tokens: int, penalty: float) -> None:
    assert overlong_penalty(tokens, max_tokens=20_480, buffer_tokens=4_096) == penalty


@pytest.mark.parametrize("buffer_tokens", [0, -1, 101])
def test_overlong_buffer_outside_the_budget_is_refused(buffer_tokens: int) -> None:
    with pytest.raises(ValueError, match=r"expected 1 \.\. max_tokens"):
        overlong_penalty(50, max_tokens=100, buffer_tokens=buffer_tokens)


def _batch(decided: int, undecided: int) -> list[Verdict]:
    late = Verdict(Outcome.TIMEOUT, reason="no result within 2 s")
    return [Verdict(Outcome.WRONG)] * decided + [late] * undecided


def test_undecided_verdicts_within_their_share_are_counted() -> None:
    assert refuse_undecided(_batch(9, 1), max_share=0.1) == 1
    assert refuse_undecided(_batch(10, 0), max_share=0.0) == 0
    assert refuse_undecided([], max_share=0.0) == 0


def test_too_many_undecided_verdicts_stop_the_run_with_the_reason() -> None:
    with pytest.raises(UserError, match=r"2 of 10 completions \(20%.*2 of them with: no result"):
        refuse_undecided(_batch(8, 2), max_share=0.1)
