"""How much a training does and writes: steps, rollouts, tokens, and bytes of checkpoints."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rlvr.planning.memory import FLOAT32, Training
from rlvr.planning.training import generation_batch
from rlvr.recipes.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Work:
    """What a training does.

    Attributes:
        steps: optimizer steps; None where epochs are counted and the data is not at hand.
        rollouts: None for methods that sample nothing.
        completions: of all rollouts. DAPO may sample more, ReMax a greedy one for each group.
        most_tokens: that are trained on, if every sequence is as long as it may be.
    """

    steps: int | None
    rollouts: int | None
    completions: int | None
    most_tokens: int | None
    most_sampled: int | None


@dataclass(frozen=True, slots=True)
class Disk:
    """Bytes of checkpoints.

    Attributes:
        weights: of one, without what only training needs.
        whole: of one from which training can resume.
        checkpoints: how many are kept at the end; None if unknown.
        full_states: how many of them can be resumed.
    """

    weights: float
    whole: float
    checkpoints: int | None
    full_states: int

    @property
    def total(self) -> float | None:
        """Of all that are kept at the end."""
        if self.checkpoints is None:
            return None
        full = min(self.full_states, self.checkpoints)
        return full * self.whole + (self.checkpoints - full) * self.weights


def work_of(recipe: Recipe, values: Mapping[str, Any], processes: int, tokens: int) -> Work:
    """Count the work that the recipe asks for.

    Args:
        tokens: of the longest sequence, prompt and completion.
    """
    steps = _steps(values)
    rows = int(values["per_device_train_batch_size"]) * processes
    passes = int(values.get("gradient_accumulation_steps") or 1)
    trained = None if steps is None else steps * passes * rows * tokens
    if "num_generations" not in values and "max_completion_length" not in values:
        return Work(steps, None, None, trained, None)
    batch = generation_batch(values, processes) if "num_generations" in values else rows * passes
    if steps is None:
        return Work(None, None, None, None, None)
    uses = max(1, batch // rows) * int(values.get("num_iterations") or 1)
    rollouts = -(-steps * passes // uses)
    completions = rollouts * batch
    sampled = completions * int(values["max_completion_length"])
    return Work(steps, rollouts, completions, trained, sampled)


def disk_of(
    recipe: Recipe, values: Mapping[str, Any], training: Training, steps: int | None
) -> Disk:
    """Count the disk space that the checkpoints take.

    A whole one has the optimizer's states beside the weights, under DeepSpeed with float32 masters.
    """
    saved = sum(n.trained if n.is_adapted else n.parameters for n in training.learners)
    weights = saved * training.bytes_each
    if training.zero_stage:
        states = training.trained * FLOAT32 * (training.optimizer_bytes + 1)
    else:
        states = training.trained * training.bytes_each * training.optimizer_bytes
    return Disk(
        weights,
        weights + states,
        _checkpoints(recipe, values, steps),
        recipe.checkpoints.full_states,
    )


def _steps(values: Mapping[str, Any]) -> int | None:
    steps = int(values.get("max_steps") or -1)
    return steps if steps > 0 else None


def _checkpoints(recipe: Recipe, values: Mapping[str, Any], steps: int | None) -> int | None:
    strategy = str(getattr(values.get("save_strategy"), "value", values.get("save_strategy")))
    if strategy == "no":
        return 0
    every = float(values.get("save_steps") or 500)
    if steps is None or strategy != "steps":
        return None
    saves = -(-steps // int(every)) if every >= 1 else round(1 / every)
    return saves if recipe.checkpoints.keep == "all" else min(saves, recipe.checkpoints.keep)
