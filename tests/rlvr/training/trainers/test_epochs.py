"""The order of an epoch: the same whichever epochs were drawn before it in this process."""

from itertools import islice

import pytest
from trl.trainer.utils import RepeatSampler

from rlvr.training.trainers.epochs import EpochOrder


def order(epoch: float, *, shuffle: bool = True) -> EpochOrder:
    sampler = RepeatSampler(range(20), mini_repeat_count=2, batch_size=5, shuffle=shuffle, seed=7)
    return EpochOrder(sampler, lambda: epoch)


def test_epoch_resumed_in_its_middle_has_the_order_it_had() -> None:
    seen: list[list[int]] = []
    clock = iter([0.0, 1.0, 2.0])
    sampler = RepeatSampler(range(20), mini_repeat_count=2, batch_size=5, seed=7)
    through = EpochOrder(sampler, lambda: next(clock))
    seen = [list(through) for _ in range(3)]
    assert list(order(1.4)) == seen[1]
    assert list(order(2.0)) == seen[2]
    assert seen[0] != seen[1] != seen[2]


def test_first_epoch_is_that_of_the_sampler_itself() -> None:
    sampler = RepeatSampler(range(20), mini_repeat_count=2, batch_size=5, seed=7)
    assert list(order(0.0)) == list(sampler)
    assert len(order(0.0)) == len(sampler) == 40


@pytest.mark.parametrize("epoch", [0.0, 3.0])
def test_unshuffled_data_keep_their_order_in_every_epoch(epoch: float) -> None:
    assert list(islice(order(epoch, shuffle=False), 6)) == [0, 0, 1, 1, 2, 2]
