"""Which models a probe asks: the base, and one checkpoint beside it."""

from typing import NamedTuple

from rlvr.core.errors import UserError
from rlvr.recipes.evaluation_section import Evaluation as Settings
from rlvr.runs.run_directory import Run
from rlvr_eval.plan.evaluation import Model
from rlvr_eval.plan.planning import base_among, models_of
from rlvr_eval.statistics.lineup import lineup


class Pair(NamedTuple):
    """A base and a checkpoint of it."""

    base: Model
    checkpoint: Model


def base_of(run: Run) -> Model:
    """Return the base of a run.

    Raises:
        UserError: if it has none.
    """
    base = base_among(models_of(run))
    if base is None:
        raise UserError(f"{run.path} has no base model to compare with")
    return base


def pair_of(run: Run, step: int | None) -> Pair:
    """Return the base of a run and its checkpoint at a step; None takes the last.

    Raises:
        UserError: if there is no such checkpoint.
    """
    base = base_of(run)
    shown = lineup(models_of(run), lambda model: model.ref)
    checkpoints = shown.checkpoints or shown.beside
    if not checkpoints:
        raise UserError(f"{run.path} has no complete checkpoint yet")
    if step is None:
        return Pair(base, checkpoints[-1])
    for checkpoint in checkpoints:
        if checkpoint.step == step:
            return Pair(base, checkpoint)
    steps = ", ".join(str(checkpoint.step) for checkpoint in checkpoints)
    raise UserError(f"{run.path} has no checkpoint at step {step}; it has {steps}")


def at_temperature(settings: Settings, temperature: float) -> Settings:
    """Return the same settings at another temperature."""
    return settings.model_copy(
        update={"sampling": settings.sampling.model_copy(update={"temperature": temperature})}
    )
