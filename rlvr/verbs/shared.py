"""Arguments and steps that several verbs share."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rlvr.runs import Run
    from rlvr_eval.tracked import TrackedEvaluation

EXIT_REQUEUE = 75


def add_training_arguments(parser: argparse.ArgumentParser) -> None:
    """Overrides of recipe values, and where runs lie."""
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="values to replace")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of run directories")


def train_recipe(path: Path, options: argparse.Namespace) -> "tuple[Run, int]":
    """Train a recipe with the options' overrides; returns its run and the exit code."""
    from rlvr import recipe as recipes
    from rlvr.runs import Run

    recipe = recipes.load(path, options.overrides)
    run = Run(options.runs / recipe.name)
    from rlvr.training.run import Ending, train

    ending = train(recipe, run, source=str(path))
    print(f"{run.path}: {ending.value}")
    return run, EXIT_REQUEUE if ending is Ending.INTERRUPTED else 0


def write_report(run: "Run", *, as_json: bool) -> None:
    """Rebuild what people see of a run, and print the table or the summary."""
    from rlvr_eval.pipeline import report

    summary = report(run, stream=sys.stderr if as_json else sys.stdout)
    if as_json:
        print(json.dumps(summary))
    else:
        print(f"report: {run.path / 'report.html'}")


def track(run: "Run") -> None:
    """Show in W&B what was reported, and say where it went; never fails, never waits for long."""
    from rlvr_eval.tracked import TrackedEvaluation

    tracked = TrackedEvaluation(run)
    tracked.refresh()
    say_where(tracked)


def say_where(tracked: "TrackedEvaluation") -> None:
    """Print what became of the last evaluation that was shown in W&B."""
    if told := tracked.outcome():
        print(told, file=sys.stderr)
