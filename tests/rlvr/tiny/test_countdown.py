"""The countdown world: what its problems are, and what its base model has never seen."""

import json
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr.core.records import Attempt, Outcome, Problem
from rlvr.recipes import recipe as recipes
from rlvr.tiny import RECIPES, countdown
from rlvr.verifiers import get as get_verifier

SPLITS: tuple[countdown.Split, ...] = ("train", "dev", "test")
numbers = st.tuples(*[st.integers(1, countdown.LARGEST_NUMBER)] * 4)


def canonical(problem: Problem) -> tuple[tuple[int, ...], int]:
    return tuple(sorted(problem.gold["numbers"])), problem.gold["target"]


def verdict_on(problem: Problem, completion: str, *, truncated: bool = False) -> Outcome:
    attempt = Attempt(problem, completion, truncated)
    return get_verifier("countdown").verify([attempt])[0].outcome


@pytest.mark.parametrize("split", SPLITS)
def test_shipped_problems_are_those_that_the_generator_draws(split: countdown.Split) -> None:
    shipped = (countdown.DATA / f"{split}.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in shipped] == countdown.draw(split)


def test_no_problem_is_in_two_splits_in_any_order_of_its_numbers() -> None:
    seen = Counter(canonical(p) for split in SPLITS for p in countdown.problems(split))
    assert seen.total() == sum(countdown.SPLIT_SIZES.values())
    assert max(seen.values()) == 1


def test_base_was_never_shown_a_held_out_problem() -> None:
    recipe = recipes.load(RECIPES / "pretrain.yaml")
    source = recipe.data.demonstrations
    assert source is not None
    assert source.count is not None
    held_out = {canonical(p) for split in SPLITS[1:] for p in countdown.problems(split)}
    shown = set()
    for prompt, _ in countdown.training_chains(source.count, recipe.seed):
        given_numbers, _, target = prompt.removesuffix(" :").partition(" -> ")
        shown.add((tuple(sorted(map(int, given_numbers.split()))), int(target)))
    assert len(shown) > 10_000
    assert not shown & held_out


@pytest.mark.parametrize("split", SPLITS)
def test_kind_says_whether_a_chain_reaches_the_target(split: countdown.Split) -> None:
    for problem in countdown.problems(split)[:200]:
        given_numbers, target = problem.gold["numbers"], problem.gold["target"]
        chains = countdown.plans(given_numbers, chains_only=True)
        reachable = any(plan[-1].result == target for plan in chains)
        assert problem.kind == ("chain" if reachable else "beyond")
        assert countdown.solutions(given_numbers, target)


def test_solver_agrees_with_evaluating_every_written_step() -> None:
    for problem in countdown.problems("dev")[:40]:
        for plan in countdown.solutions(problem.gold["numbers"], problem.gold["target"]):
            assert verdict_on(problem, countdown.written(plan)) is Outcome.CORRECT


def test_every_pretraining_plan_is_a_correct_chain() -> None:
    rng = np.random.default_rng(5)
    for _ in range(300):
        given_numbers, plan = countdown.random_chain(rng)
        gold = {"numbers": list(given_numbers), "target": plan[-1].result}
        assert verdict_on(Problem("p", "", gold), countdown.written(plan)) is Outcome.CORRECT
        assert all(step.operator in "+-*" for step in plan)
        for before, step in pairwise(plan):
            assert before.result in (step.left, step.right)


def test_stated_share_of_pretraining_plans_gives_up_early() -> None:
    plans = [plan for _, plan in countdown.training_chains(2000, seed=5)]
    steps = Counter(plan.count(";") + 1 for plan in plans)
    assert steps[1] + steps[2] == pytest.approx(countdown.GIVING_UP_SHARE * 2000, abs=100)
    assert steps[1] == pytest.approx(steps[2], abs=100)
    assert steps.keys() == {1, 2, 3}


@given(numbers, st.integers(0, 2**32 - 1))
def test_plans_use_every_number_once_and_stay_in_range(
    given_numbers: tuple[int, ...], seed: int
) -> None:
    plans = list(countdown.plans(given_numbers))
    assert plans
    plan = plans[np.random.default_rng(seed).integers(len(plans))]
    pool = Counter(given_numbers)
    for step in plan:
        assert 0 <= step.result <= countdown.LARGEST_RESULT
        pool.subtract([step.left, step.right])
        assert min(pool.values()) >= 0
        pool[step.result] += 1
    assert +pool == Counter([plan[-1].result])


@given(numbers, st.permutations(range(4)), st.integers(0, 99))
def test_split_does_not_depend_on_the_order_of_the_numbers(
    given_numbers: tuple[int, ...], order: list[int], target: int
) -> None:
    shuffled = tuple(given_numbers[at] for at in order)
    assert countdown.split_of(shuffled, target) == countdown.split_of(given_numbers, target)


FOUR = Problem("p", "4 7 9 2 -> 57 :", {"numbers": [4, 7, 9, 2], "target": 57})


@pytest.mark.parametrize(
    ("completion", "outcome"),
    [
        ("9 * 7 = 63 ; 63 - 4 = 59 ; 59 - 2 = 57", Outcome.CORRECT),
        ("9 * 7 = 63 ; 4 + 2 = 6 ; 63 - 6 = 57", Outcome.CORRECT),
        ("9 * 7 = 63 ; 63 - 4 = 59 ; 59 - 2 = 56", Outcome.WRONG),
        ("9 * 7 = 63 ; 63 - 6 = 57", Outcome.WRONG),
        ("9 * 7 = 64 ; 64 - 4 = 60 ; 60 - 2 = 58", Outcome.WRONG),
        ("9 * 7 = 63 ; 63 - 4 = 59", Outcome.WRONG),
        ("9 * 7 = 63 ; 63 - 4 = 59 ; 63 - 4 = 59", Outcome.WRONG),
        ("57 + 0 = 57", Outcome.WRONG),
        ("9 * 7 = 63 ; 63 - 4 = 59 ; 59 - 2 = 57 ; 57 + 0 = 57", Outcome.WRONG),
        ("9 * 7 = 63 ; 63 - 4 = 59 ; 59 - 2 = 57 ;", Outcome.WRONG),
        ("57", Outcome.NO_ANSWER),
        ("", Outcome.NO_ANSWER),
    ],
)
def test_every_step_is_checked_and_not_only_the_last_number(
    completion: str, outcome: Outcome
) -> None:
    assert verdict_on(FOUR, completion) is outcome


def test_right_target_by_a_false_step_is_wrong_with_the_step_named() -> None:
    attempt = Attempt(FOUR, "9 * 7 = 61 ; 61 - 4 = 57 ; 57 / 2 = 57")
    verdict = get_verifier("countdown").verify([attempt])[0]
    assert verdict.outcome is Outcome.WRONG
    assert verdict.answer == "57"
    assert verdict.reason == "step 1 is false: 9 * 7 is not 61"


def test_plan_cut_off_by_the_budget_is_truncated() -> None:
    assert verdict_on(FOUR, "9 * 7 = 63 ; 63 -", truncated=True) is Outcome.TRUNCATED
