"""Training on a disk that is really full ends in one line, and the same command goes on."""

import re

import pytest

from rlvr.tiny import RECIPES
from tests.full_disk import MIB, Ended, Step, on_small_disk

CHECKPOINT = 10 * MIB
RECIPE = str(RECIPES / "grpo.yaml")
OPTIONS = [
    "name=full",
    "trainer.max_steps=4",
    "trainer.save_steps=2",
    "trainer.per_device_train_batch_size=8",
]


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> list[Ended]:
    """Four starts of one command, with more space and with less."""
    folder = tmp_path_factory.mktemp("full") / "runs"
    folder.mkdir()
    train = ["train", RECIPE, *OPTIONS, "--runs", str(folder)]
    room_for_optimizer_in_part = CHECKPOINT + 7 * MIB
    steps = [
        Step(train, free=3 * MIB),
        Step(train, free=room_for_optimizer_in_part),
        Step(train, free=0),
        Step(train),
    ]
    return on_small_disk(folder, "full", steps, size=40 * MIB)


def test_space_that_ends_within_the_weights_is_told_in_one_line(ended: list[Ended]) -> None:
    first = ended[0]
    assert first.code == 1
    assert "Traceback" not in first.printed
    assert "no space is left on the disk of " in first.message
    assert "/runs/full (" in first.message
    assert " MiB free); a checkpoint takes 9.9 MiB, and none is whole yet. " in first.message
    assert first.message.endswith("Free space and run the same command again")
    assert first.weights == {}


def test_space_that_ends_within_the_optimizer_leaves_the_checkpoint_before(
    ended: list[Ended],
) -> None:
    """torch.save names no cause there."""
    second = ended[1]
    assert second.code == 1
    assert "Traceback" not in second.printed
    assert "takes 10.0 MiB, and checkpoint-2 is the last whole one" in second.message
    assert list(second.weights) == ["checkpoint-2"]


def test_half_a_checkpoint_takes_up_no_space(ended: list[Ended]) -> None:
    assert [each.unfinished for each in ended] == [[]] * 4
    assert [each.beside for each in ended] == [[]] * 4
    found = re.search(r"\((.*) MiB free\)", ended[1].message)
    assert found
    assert float(found[1]) == pytest.approx(7, abs=0.2)


def test_attempt_without_any_space_leaves_the_checkpoint_as_it_was(ended: list[Ended]) -> None:
    third = ended[2]
    assert third.code == 1
    assert "Traceback" not in third.printed
    assert "no space is left on the disk of " in third.message
    assert third.weights == ended[1].weights


def test_same_command_goes_on_once_there_is_space(ended: list[Ended]) -> None:
    last = ended[3]
    assert last.code == 0
    assert list(last.weights) == ["checkpoint-2", "checkpoint-4"]
    assert last.weights["checkpoint-2"] == ended[1].weights["checkpoint-2"]
    assert last.logged_steps == [1, 2, 3, 4]
