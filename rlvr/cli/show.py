"""`rlvr show`: one problem with its completions."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from rlvr.cli.options.argument_types import whole

HELP = "Print a problem of a run with its completions and their verdicts."
EXAMPLE = "rlvr show runs/quickstart 12-4-12-2-26 --model checkpoint-200 --verdict correct"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the run, the problem, and which of its completions to print."""
    parser.add_argument("path", type=Path, metavar="RUN", help="run directory")
    parser.add_argument(
        "problem", metavar="PROBLEM", help="problem id, or the part after its last /"
    )
    parser.add_argument(
        "--model",
        action="append",
        default=[],
        metavar="NAME",
        help="model whose completions to print (default: all); may be repeated",
    )
    parser.add_argument(
        "--verdict",
        action="append",
        default=[],
        help="verdict to print: correct, wrong, no_answer, .. (default: all); may be repeated",
    )
    parser.add_argument(
        "--draws",
        type=whole(1),
        default=3,
        metavar="N",
        help="completions to print per model (default: 3)",
    )
    parser.add_argument(
        "--json", action="store_true", help="print all matching completions as JSON lines"
    )


def run(options: argparse.Namespace) -> int:
    """Show."""
    from rlvr.runs.run_directory import Run
    from rlvr_eval.report.show import draws_of, find_problem, write

    shown = Run(options.path)
    problem = find_problem(shown, options.problem)
    draws = draws_of(shown, problem, models=options.model, verdicts=options.verdict)
    if options.json:
        for each in draws:
            print(json.dumps({"problem_id": problem.id, **asdict(each)}))
    else:
        write(problem, draws, sys.stdout, limit=options.draws)
    return 0
