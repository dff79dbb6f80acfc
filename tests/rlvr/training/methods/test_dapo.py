"""DAPO's dynamic sampling, its cap, and what an update does."""

from pathlib import Path
from typing import Any

import pytest
import torch

from rlvr.core.errors import UserError
from rlvr.recipes import recipe as recipes
from rlvr.runs.run_directory import Run
from rlvr.training.loop.train import train
from rlvr.training.methods import registry
from rlvr.training.methods.dapo import further_groups, is_mixed
from rlvr.weights.model_hash import weights_hash
from tests.rlvr.training.known_batch import (
    END,
    GROUP,
    completions,
    known_trainer,
    mostly_uniform,
    raw_recipe,
    teaches,
    update,
)

NAN = float("nan")


def test_group_teaches_if_some_decided_completion_is_right_and_some_is_wrong() -> None:
    correctness = torch.tensor([[1.0, 0, 0], [1, 1, 1], [0, 0, 0], [1, NAN, 1], [NAN, 1, 0]])
    assert is_mixed(correctness).tolist() == [True, False, False, False, True]


def test_batch_is_filled_with_groups_that_teach_and_the_extra_samples_are_counted(
    tmp_path: Path,
) -> None:
    trainer = known_trainer(raw_recipe("dapo"), tmp_path, say=mostly_uniform)
    made = update(trainer)

    assert made.is_right.tolist() == [True] * 2 + [False] * 6
    assert made.advantages.tolist() == pytest.approx([0.75 / 0.5001] * 2 + [-0.25 / 0.5001] * 6)
    logged = trainer.state.log_history[0]
    rounds = logged["dapo/rounds"]
    assert rounds > 1
    # further rounds are no larger than the batch, and made of whole groups
    extra = logged["dapo/extra_completions"]
    assert 0 < extra <= (rounds - 1) * len(made.is_right)
    assert extra % GROUP == 0
    assert logged["frac_reward_zero_std"] == 0
    assert 0 < logged["dapo/kept_share"] < 1


@pytest.mark.parametrize(
    ("missing", "kept", "sampled", "expected"),
    [(1, 7, 8, 2), (4, 4, 8, 8), (6, 2, 8, 8), (8, 0, 8, 8), (2, 30, 32, 3), (1, 64, 64, 1)],
)
def test_further_groups_are_those_missing_by_the_share_that_is_kept(
    missing: int, kept: int, sampled: int, expected: int
) -> None:
    counts = {"kept": kept, "sampled": sampled, "at_most": 8}
    assert further_groups(missing, **counts, multiple=1) == expected
    shared = further_groups(missing, **counts, multiple=4)
    assert shared % 4 == 0
    assert expected <= shared < expected + 4


def test_a_full_batch_takes_fewer_samples_than_whole_batches_would(tmp_path: Path) -> None:
    options = {"per_device_train_batch_size": 8 * GROUP}
    prompts = asked(raw_recipe("dapo", options), tmp_path)
    assert sum(map(teaches, prompts)) >= 8
    kept, rounds = 0, []
    while kept < 8:  # the rounds, by the rule alone
        start = sum(rounds)
        left = further_groups(8 - kept, kept=kept, sampled=start, at_most=8, multiple=1)
        rounds.append(left if rounds else 8)
        kept += sum(map(teaches, prompts[start : start + rounds[-1]]))
    assert sum(rounds) == len(prompts) < 8 * len(rounds)


def test_first_batch_that_teaches_needs_no_further_samples(tmp_path: Path) -> None:
    trainer = known_trainer(raw_recipe("dapo"), tmp_path, right=1)
    trainer.train()
    assert trainer.state.log_history[0]["dapo/extra_completions"] == 0


def asked(raw: Any, folder: Path) -> list[str]:
    """The prompt of every group that one training sampled, in order."""
    prompts: list[str] = []

    def remember(prompt: str) -> list[str]:
        prompts.append(prompt)
        return mostly_uniform(prompt)

    known_trainer(raw, folder, say=remember).train()
    return prompts[::GROUP]


def test_further_problems_are_new_and_the_same_after_a_restart(tmp_path: Path) -> None:
    first, again, other = (
        asked(raw_recipe("dapo") | {"seed": seed}, tmp_path / str(index))
        for index, seed in enumerate((3, 3, 4))
    )
    assert again == first
    assert other != first
    assert len(set(first)) == len(first)


@pytest.mark.parametrize("seed", [3, 4])
def test_generations_of_one_step_repeat_no_problem(tmp_path: Path, seed: int) -> None:
    options = {"gradient_accumulation_steps": 4, "steps_per_generation": 1}
    groups = asked(raw_recipe("dapo", options) | {"seed": seed}, tmp_path)
    assert len(groups) > 8  # four generations of two groups each, and further ones
    assert len(set(groups)) == len(groups)


def test_next_step_draws_further_problems_of_its_own(tmp_path: Path) -> None:
    options = {"gradient_accumulation_steps": 2, "steps_per_generation": 1}
    one = asked(raw_recipe("dapo", options), tmp_path / "one")
    two = asked(raw_recipe("dapo", options | {"max_steps": 2}), tmp_path / "two")
    assert two[: len(one)] == one
    of_second_step = two[len(one) :]
    assert len(set(of_second_step)) == len(of_second_step)
    assert of_second_step != one


def test_problems_are_repeated_only_once_all_have_been_tried(tmp_path: Path) -> None:
    trainer = known_trainer(raw_recipe("dapo"), tmp_path)
    drawn = [row["problem"] for row in trainer._drawn(64, set(range(60)), number=1)]
    assert set(drawn[:4]) == {60, 61, 62, 63}
    assert sorted(drawn) == list(range(64))


def test_groups_are_judged_by_correctness_and_not_by_their_penalties(tmp_path: Path) -> None:
    def wrong_at_different_lengths(prompt: str) -> list[str]:
        if teaches(prompt):
            return completions(prompt, 1)
        return [
            text.replace(END, " ; 1 + 1 = 2" * (at % 2) + END)
            for at, text in enumerate(completions(prompt, 0))
        ]

    raw = raw_recipe("dapo", rewards={"overlong": {"buffer_tokens": 8}})
    trainer = known_trainer(raw, tmp_path, say=wrong_at_different_lengths)
    made = update(trainer)
    assert made.is_right.sum() == 2
    assert trainer.state.log_history[0]["dapo/rounds"] > 1


def test_cap_on_rounds_ends_the_run_with_what_was_found_and_what_to_change(tmp_path: Path) -> None:
    raw = raw_recipe("dapo", dapo={"max_rounds": 3})
    trainer = known_trainer(raw, tmp_path, right=0)
    message = (
        r"after dapo.max_rounds: 3 rounds: of 6 groups sampled, 0 were neither all right nor all "
        r"wrong, and the batch needs 2 \(0.0% of the completions are correct\). Take problems .*; "
        r"with more dapo.max_rounds the run goes on from its last checkpoint"
    )
    with pytest.raises(UserError, match=message):
        trainer.train()


def test_run_that_stopped_at_the_cap_goes_on_with_a_higher_one_and_ends_as_any_other(
    tmp_path: Path,
) -> None:
    options = {
        "max_steps": 6,
        "per_device_train_batch_size": GROUP,
        "save_strategy": "steps",
        "save_steps": 1,
        "use_cpu": True,
    }

    def start(name: str, max_rounds: int) -> Run:
        raw = raw_recipe("dapo", options, dapo={"max_rounds": max_rounds})
        run = Run(tmp_path / name)
        train(recipes.parse(raw, source="test"), run, source="test")
        return run

    with pytest.raises(UserError, match=r"stopped after dapo.max_rounds: 2 rounds"):
        start("stopped", max_rounds=2)
    assert 0 < len(Run(tmp_path / "stopped").checkpoints()) < 6
    stopped, whole = start("stopped", max_rounds=200), start("whole", max_rounds=200)
    last = [weights_hash(run.checkpoints()[-1].path) for run in (stopped, whole)]
    assert last[0] == last[1]
    assert stopped.recipe() == whole.recipe()


def test_clip_is_wider_above_and_the_loss_a_mean_over_tokens_unless_the_recipe_says_otherwise(
    tmp_path: Path,
) -> None:
    raw = raw_recipe("dapo")
    del raw["trainer"]["loss_type"]
    trainer = known_trainer(raw, tmp_path)
    assert (trainer.epsilon_low, trainer.epsilon_high) == (0.2, 0.28)
    assert trainer.loss_type == "dapo"


def test_loss_that_is_no_mean_over_tokens_is_a_fault() -> None:
    recipe = recipes.parse(raw_recipe("dapo", {"loss_type": "grpo"}), source="test")
    method = registry.get("dapo")
    assert method.faults({**method.defaults, **recipe.trainer}, recipe, 1) == [
        "trainer.loss_type: grpo is not a mean over tokens, as DAPO takes it; write dapo"
    ]


def test_one_update_makes_right_completions_likelier_and_wrong_ones_less_likely(
    tmp_path: Path,
) -> None:
    made = update(known_trainer(raw_recipe("dapo"), tmp_path, right=2))
    assert bool((made.change[:4] > 0).all())
    assert made.change[4:].mean() < 0
