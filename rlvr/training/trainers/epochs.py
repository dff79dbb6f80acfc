"""The order of the data in an epoch, from the seed and the epoch's number alone.

TRL's RepeatSampler draws every epoch's order from one generator that no checkpoint holds: a run
resumed in its second epoch would see the first epoch's order again, and end elsewhere than a run
that was never interrupted.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from torch.utils.data import Sampler

if TYPE_CHECKING:
    from trl.trainer.utils import RepeatSampler


class EpochOrder(Sampler[int]):
    """A RepeatSampler that is seeded anew at the start of every epoch; epoch 0 is as before.

    Args:
        epoch: the trainer's, asked when the first index is taken; None before training.
    """

    def __init__(self, sampler: "RepeatSampler", epoch: Callable[[], float | None]) -> None:
        self._sampler, self._epoch = sampler, epoch

    def __iter__(self) -> Iterator[int]:
        if self._sampler.shuffle:
            self._sampler.generator.manual_seed(self._sampler.seed + int(self._epoch() or 0))
        yield from self._sampler

    def __len__(self) -> int:
        return len(self._sampler)
