"""`rlvr train`: a recipe into a run directory."""

import argparse
from pathlib import Path

from rlvr.verbs.shared import add_training_arguments, train_recipe

HELP = "Train a recipe; run again on the same run directory, it resumes."
EXAMPLE = "rlvr train recipes/quickstart/grpo.yaml seed=2 trainer.max_steps=100"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The recipe, then overrides."""
    parser.add_argument("recipe", type=Path, help="recipe file (YAML)")
    add_training_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Train until finished, or until a signal asked to save and stop."""
    return train_recipe(options.recipe, options)[1]
