"""ReMax's greedy baseline by hand, and what an update does."""

from pathlib import Path
from typing import Any

import torch

from rlvr.core.records import Attempt, Outcome
from rlvr.training.methods.remax import against_greedy
from tests.rlvr.training.known_batch import FailingVerifier, known_trainer, raw_recipe, update

NAN = float("nan")


def test_advantage_is_the_reward_less_the_greedy_completions() -> None:
    rewards, greedy = torch.tensor([1.0, 0.0, 1.0, 0.0]), torch.tensor([0.0, 0.0, 1.0, 1.0])
    assert against_greedy(rewards, greedy).tolist() == [1, 0, 0, -1]


def test_undecided_on_either_side_is_nothing_to_learn() -> None:
    rewards, greedy = torch.tensor([NAN, 1.0, NAN]), torch.tensor([0.0, NAN, NAN])
    assert against_greedy(rewards, greedy).tolist() == [0, 0, 0]


def test_baseline_is_what_the_greedy_completion_of_each_prompt_earns(tmp_path: Path) -> None:
    trainer = known_trainer(raw_recipe("remax"), tmp_path)
    rows = [trainer.train_dataset[at] for at in range(64)]

    rewards = trainer._greedy_rewards(rows)

    assert rewards == {row["problem"]: _greedy_reward(trainer, row) for row in rows}
    assert 0 < sum(rewards.values()) < len(rows)


def test_decoding_greedily_leaves_sampling_as_it_was(tmp_path: Path) -> None:
    trainer = known_trainer(raw_recipe("remax"), tmp_path)
    trainer._greedy_rewards([trainer.train_dataset[0]])
    assert trainer.generation_config.do_sample


def test_trainer_subtracts_the_baseline_from_every_completion_of_the_prompt(
    tmp_path: Path,
) -> None:
    trainer = known_trainer(raw_recipe("remax", {"per_device_train_batch_size": 64}), tmp_path)
    made = update(trainer)
    # right ones earn 1, wrong ones 0; where the greedy completion is right, 1 is taken off both
    assert set(made.advantages[made.is_right].tolist()) == {0, 1}
    assert set(made.advantages[~made.is_right].tolist()) == {-1, 0}
    greedily_right = (made.advantages[made.is_right] == 0).sum()
    assert (made.advantages[~made.is_right] == -1).sum() == 3 * greedily_right
    assert trainer.state.log_history[0]["reward_greedy"] == greedily_right / made.is_right.sum()


def test_prompt_whose_greedy_completion_is_undecided_teaches_nothing(tmp_path: Path) -> None:
    raw = raw_recipe("remax", rewards={"max_undecided_share": 1.0})
    trainer = known_trainer(raw, tmp_path)
    trainer.task._verifier = FailingVerifier(trainer.task._verifier, lambda attempt: True)
    assert update(trainer).advantages.abs().max() == 0


def test_one_update_moves_right_completions_above_wrong_ones(tmp_path: Path) -> None:
    made = update(known_trainer(raw_recipe("remax"), tmp_path, right=2))
    moved = made.advantages != 0
    assert bool((made.change[moved] * made.advantages[moved] > 0).all())


def _greedy_reward(trainer: Any, row: dict[str, Any]) -> float:
    tokenizer = trainer.processing_class
    prompt = tokenizer(row["prompt"], return_tensors="pt")
    ids = trainer.model.generate(**prompt, do_sample=False, max_new_tokens=24)
    text = tokenizer.decode(ids[0, prompt.input_ids.shape[1] :], skip_special_tokens=True)
    verdict = trainer.task._verifier.verify([Attempt(trainer.task.problems[row["problem"]], text)])
    return float(verdict[0].outcome is Outcome.CORRECT)
