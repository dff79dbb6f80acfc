"""`rlvr train`: a recipe into a run directory."""

import argparse
from pathlib import Path

from rlvr.cli.options.common import (
    add_dry_run,
    add_training_arguments,
    plan_here,
    train,
)

HELP = "Train a recipe. Run it again to resume."
EXTRA = "train"
EXAMPLE = (
    "rlvr train recipes/quickstart/grpo.yaml seed=2 trainer.max_steps=100\n"
    "  rlvr train recipes/quickstart/grpo.yaml evaluate=between"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the recipe, its overrides, and where to stop."""
    parser.add_argument("recipe", type=Path, help="recipe file (YAML)")
    add_training_arguments(parser)
    add_dry_run(parser)
    parser.add_argument(
        "--until",
        choices=("save", "end"),
        help="train without evaluating, to the next checkpoint (exit code 76 while steps are left) "
        "or to the end (default: as the recipe says)",
    )


def run(options: argparse.Namespace) -> int:
    """Train until finished, or until a signal asked to save and stop."""
    if options.dry_run:
        return plan_here(options)
    from rlvr.api.training import order

    return train(order(options.recipe, options.overrides, options.runs), options.until)
