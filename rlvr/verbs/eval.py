"""`rlvr eval`: base and checkpoints to verdicts, summary and report."""

import argparse
from pathlib import Path

from rlvr.verbs.shared import evaluation_settings, track, write_report

HELP = "Evaluate a run's base and every checkpoint that is not evaluated yet."
EXAMPLE = "rlvr eval runs/quickstart --design fixed:256"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The run, and what to do otherwise than its recipe says."""
    parser.add_argument("path", type=Path, metavar="RUN", help="run directory")
    parser.add_argument("--design", help="fixed:N or sequential[:LOOKS/THRESHOLDS]")
    parser.add_argument("--processes", type=int, help="processes that sample at once")
    parser.add_argument("--json", action="store_true", help="print summary.json, not the table")


def run(options: argparse.Namespace) -> int:
    """Evaluate what is due, then report."""
    from rlvr.runs import Run
    from rlvr_eval.pipeline import evaluate

    evaluated = Run(options.path)
    settings = evaluation_settings(evaluated)
    if options.design:
        settings = settings.model_copy(update={"design": options.design})
    evaluate(evaluated, settings, processes=options.processes)
    write_report(evaluated, as_json=options.json)
    track(evaluated)
    return 0
