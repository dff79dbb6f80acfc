"""`rlvr distill`: a teacher's traces, verified, into a trained student."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rlvr.cli.options.common import (
    add_dry_run,
    add_training_arguments,
    plan_here,
    train,
)
from rlvr.distill import STAGES, Stage

if TYPE_CHECKING:
    from rlvr.api.training import Order

HELP = "Distil a teacher: ask, verify, select, write, train. Run it again to continue."
EXTRA = "train"
EXAMPLE = "rlvr distill recipes/quickstart/distill.yaml --until write"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the recipe, its overrides, and where to stop."""
    parser.add_argument("recipe", type=Path, help="recipe file (YAML) with a distill: section")
    add_training_arguments(parser)
    add_dry_run(parser)
    stages = parser.add_mutually_exclusive_group()
    stages.add_argument(
        "--until", choices=STAGES, default="train", help="stop after this stage (default: train)"
    )
    stages.add_argument("--only", choices=STAGES, help="carry out this stage alone")


def run(options: argparse.Namespace) -> int:
    """Carry out the stages; evaluate afterwards with rlvr eval, like any other run."""
    if options.dry_run:
        return plan_here(options)
    from rlvr.api.training import order

    ordered = order(options.recipe, options.overrides, options.runs)
    stages = wanted_stages(options.only, options.until)
    return distil(ordered, stages, is_asked_for=options.only is not None)


def distil(order: "Order", stages: tuple[Stage, ...], *, is_asked_for: bool = False) -> int:
    """Carry out stages and say what each did; returns the exit code.

    Args:
        is_asked_for: True if the one stage was asked for alone.
    """
    from rlvr.distill.pipeline import prepare

    # on-policy, the student makes its own completions
    if order.recipe.method != "on_policy_distillation":
        for line in prepare(order.recipe, order.run, stages=stages, asked_for=is_asked_for):
            print(line)
    return train(order) if "train" in stages else 0


def wanted_stages(only: Stage | None, until: Stage) -> tuple[Stage, ...]:
    """Return one stage, or all up to one."""
    return (only,) if only else STAGES[: STAGES.index(until) + 1]
