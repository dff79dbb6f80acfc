"""Arguments and steps that several verbs share."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rlvr.cli.options.argument_types import folder
from rlvr.verifiers import TIMEOUT_S

if TYPE_CHECKING:
    from rlvr.api.training import Order, Until
    from rlvr.runs.run_directory import Run
    from rlvr_eval.tracking.background_process import TrackedEvaluation


def add_training_arguments(parser: argparse.ArgumentParser) -> None:
    """Add overrides of recipe values, and the folder of runs."""
    parser.add_argument(
        "overrides", nargs="*", metavar="KEY=VALUE", help="replace values of the recipe"
    )
    parser.add_argument(
        "--runs",
        type=folder,
        default=Path("runs"),
        help="folder of run directories (default: runs)",
    )


def add_dry_run(parser: argparse.ArgumentParser) -> None:
    """Add --dry-run: print the plan for this machine, and do nothing else."""
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="print what this would take on this machine, and what would keep it from starting; "
        "writes and downloads nothing (see rlvr plan)",
    )


def plan_here(options: argparse.Namespace) -> int:
    """Print the plan of a recipe for this machine; returns the exit code."""
    from rlvr.cli.plan import Request, plan_recipe

    return plan_recipe(options.recipe, options.overrides, options.runs, Request(is_here=True))


def add_verify_timeout(parser: argparse.ArgumentParser) -> None:
    """Add the recipe key verify_timeout_s, for verbs that read no recipe."""
    parser.add_argument(
        "--verify-timeout-s",
        type=_seconds,
        default=TIMEOUT_S,
        metavar="S",
        help=f"time limit of the verifier for one completion (default: {TIMEOUT_S:g})",
    )


def _seconds(written: str) -> float:
    """Parse a time limit above 0 and at most an hour."""
    try:
        seconds = float(written)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 3600:
        raise argparse.ArgumentTypeError(
            f"{written!r} is not a time limit; write 0.1 .. 3600 seconds"
        )
    return seconds


def train(order: "Order", until: "Until | None" = None) -> int:
    """Train as ordered, saying what is to be known; returns the exit code."""
    from rlvr.api.training import carry_out

    if until is None and order.recipe.evaluate == "watch":
        print(f"evaluate beside this training: rlvr eval {order.run.path} --watch", file=sys.stderr)
    outcome = carry_out(order, until)
    if outcome.ending:
        print(f"{order.run.path}: {outcome.ending}")
    return outcome.code


def write_report(run: "Run", *, as_json: bool) -> None:
    """Rebuild what people see of a run, and print the table or the summary."""
    from rlvr_eval.report.rebuild import report

    summary = report(run, stream=sys.stderr if as_json else sys.stdout)
    if as_json:
        print(json.dumps(summary))
    else:
        print(f"report: {run.path / 'report.html'}")


def track(run: "Run") -> None:
    """Show in W&B what was reported, and say where it went; never fails, never waits for long."""
    from rlvr_eval.tracking.background_process import TrackedEvaluation

    tracked = TrackedEvaluation(run)
    tracked.refresh()
    say_where(tracked)


def say_where(tracked: "TrackedEvaluation") -> None:
    """Print what became of the last evaluation that was shown in W&B."""
    if told := tracked.outcome():
        print(told, file=sys.stderr)
