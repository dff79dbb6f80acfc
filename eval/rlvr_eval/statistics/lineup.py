"""Which of several models is the base, which are checkpoints of the run, and which stand beside.

This is decided here and nowhere else, whatever shape a model has: an evaluation planned, an entry
of the ledger, outcomes, or a model of summary.json. `lineup` takes any of them with a function that
says whose it is.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class ModelRef:
    """A model that was evaluated.

    Attributes:
        name: what people call it, e.g. "base" or "checkpoint-50".
        step: training step it was saved at; 0 for the base.
        weights: hash of its weights, by which two evaluations are known to be of the same model.
        beside: True where it is no checkpoint of the run, but shown beside them.
    """

    name: str
    step: int
    weights: str
    beside: bool = False

    @property
    def is_base(self) -> bool:
        return self.step == 0 and not self.beside

    @property
    def place(self) -> tuple[bool, int]:
        """What models are ordered by: checkpoints by step, then those beside them."""
        return self.beside, self.step


def model_in_summary(model: Mapping[str, Any]) -> ModelRef:
    """Return the reference of a model in summary.json."""
    return ModelRef(
        model["name"], model["step"], model.get("weights", ""), model.get("beside", False)
    )


@dataclass(frozen=True)
class Lineup(Generic[T]):
    """Models of one benchmark in the order in which they are shown.

    Attributes:
        base: the first at step 0 that is not shown beside the run; None where there is none.
        checkpoints: the run's own by step, without the base.
        beside: models that are no checkpoints of the run.
    """

    base: T | None
    checkpoints: tuple[T, ...]
    beside: tuple[T, ...]

    @property
    def others(self) -> tuple[T, ...]:
        """All but the base."""
        return self.checkpoints + self.beside

    @property
    def all(self) -> tuple[T, ...]:
        """Every model, in order."""
        return self.others if self.base is None else (self.base, *self.others)

    @property
    def last(self) -> T | None:
        """The last checkpoint; None where the run has none."""
        return self.checkpoints[-1] if self.checkpoints else None

    @property
    def headline(self) -> tuple[T, ...]:
        """What a summary of a run names: the first model, the last checkpoint, those beside."""
        first = self.all[:1]
        ends = () if self.last is None or self.last is first[0] else (self.last,)
        return (*first, *ends, *(model for model in self.beside if model is not first[0]))


def lineup(models: Iterable[T], whose: Callable[[T], ModelRef]) -> Lineup[T]:
    """Sort models into base, checkpoints and those beside.

    Args:
        whose: says of one of them which model it is.
    """
    ordered = sorted(models, key=lambda model: whose(model).place)
    base = next((model for model in ordered if whose(model).is_base), None)
    others = [model for model in ordered if model is not base]
    return Lineup(
        base,
        tuple(model for model in others if not whose(model).beside),
        tuple(model for model in others if whose(model).beside),
    )
