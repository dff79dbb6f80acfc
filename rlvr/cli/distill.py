"""`rlvr distill`: a teacher's traces, verified, into a trained student."""

import argparse
from pathlib import Path

from rlvr.cli.options.common import (
    add_dry_run,
    add_training_arguments,
    plan_here,
    recipe_and_run,
    train_recipe,
)
from rlvr.distill import STAGES, Stage

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
    from rlvr.distill.pipeline import prepare

    stages = wanted_stages(options.only, options.until)
    recipe, run = recipe_and_run(options.recipe, options)
    if recipe.method != "on_policy_distillation":  # whose student makes its own completions
        for line in prepare(recipe, run, stages=stages, asked_for=options.only is not None):
            print(line)
    return train_recipe(options.recipe, options)[1] if "train" in stages else 0


def wanted_stages(only: Stage | None, until: Stage) -> tuple[Stage, ...]:
    """Return one stage, or all up to one."""
    return (only,) if only else STAGES[: STAGES.index(until) + 1]
