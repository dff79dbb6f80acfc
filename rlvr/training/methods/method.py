"""What a training method is: a TRL config class, our defaults for it, its checks, and its trainer.

Each method is one small module with a `METHOD`. To add one, write the module in this folder, or
register its `METHOD` from a package of your own; `rlvr.training.methods.registry` finds both.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rlvr.core.section import Section
from rlvr.recipes.recipe import Recipe
from rlvr.training.trainers.job import Job

if TYPE_CHECKING:
    from transformers import Trainer


class Unreadable(Exception):
    """A rule asked for a value that is wrong by itself, so the rule has nothing to say."""


class Values(dict[str, Any]):
    """`trainer:` values for a method's rules, without those that could not be read."""

    def __init__(self, values: Mapping[str, Any], unreadable: Collection[str] = ()) -> None:
        super().__init__(values)
        self._unreadable = unreadable

    def get(self, key: str, default: Any = None) -> Any:
        """Look up like dict.get, but raise Unreadable for a key whose value failed validation."""
        if key in self._unreadable:
            raise Unreadable(key)
        return super().get(key, default)


Rule = Callable[[Mapping[str, Any], Recipe, int], Sequence[str]]


def by_rules(*rules: Rule) -> Rule:
    """Combine rules; a rule that asks for an unreadable value is skipped."""

    def faults(values: Mapping[str, Any], recipe: Recipe, world_size: int) -> list[str]:
        found: list[str] = []
        for rule in rules:
            with suppress(Unreadable):
                found += rule(values, recipe, world_size)
        return found

    return faults


def no_faults(values: Mapping[str, Any], recipe: Recipe, world_size: int) -> list[str]:
    """Find no faults: the method has no rules beyond its config class."""
    return []


def every_step(args: Any) -> int:
    """Return 1: the method can resume after any optimizer step."""
    return 1


@dataclass(frozen=True)
class Method:
    """One way to train.

    Attributes:
        config_class: TRL's.
        build: Job -> trainer.
        defaults: `trainer:` values where the recipe gives none and TRL's own default is not ours.
        faults: (trainer values, recipe, processes) -> what is wrong, and what to write instead.
        resume_interval: optimizer steps between points at which a checkpoint resumes exactly.
        section: of a recipe, under the method's own name; None where it has none. `Job.section`
            is an instance of it.
    """

    config_class: type
    build: Callable[[Job], "Trainer"]
    defaults: Mapping[str, Any] = field(default_factory=dict)
    faults: Rule = no_faults
    resume_interval: Callable[[Any], int] = every_step
    section: type[Section] | None = None
