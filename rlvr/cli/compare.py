"""`rlvr compare`: several runs side by side."""

import argparse
import json
import sys
from pathlib import Path

from rlvr.cli.options.argument_types import whole

HELP = "Compare runs on the problems that they share, paired with their base and each other."
EXAMPLE = "rlvr compare runs/grpo runs/rloo runs/distilled"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the runs, and which checkpoint of each to compare."""
    parser.add_argument("paths", type=Path, nargs="+", metavar="RUN", help="run directories")
    parser.add_argument(
        "--step", type=whole(0), help="checkpoint to compare (default: the last of each run)"
    )
    parser.add_argument(
        "--allow-differing",
        action="store_true",
        help="also compare runs that were drawn differently, e.g. under another prompt, and say so",
    )
    parser.add_argument("--json", action="store_true", help="print every number as JSON")


def run(options: argparse.Namespace) -> int:
    """Compare."""
    from rlvr.api.measuring import compared
    from rlvr_eval.report.tables import write_comparison

    comparison = compared(options.paths, step=options.step, allow_differing=options.allow_differing)
    if options.json:
        print(json.dumps(comparison))
    else:
        write_comparison(comparison, sys.stdout)
    return 0
