"""`rlvr compare`: several runs side by side."""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rlvr.cli.options.argument_types import whole
from rlvr.core.errors import UserError

if TYPE_CHECKING:
    from rlvr_eval.statistics.outcomes import Outcomes

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
    from rlvr_eval.report.tables import write_comparison
    from rlvr_eval.summary.comparison import compare

    comparison = compare(
        _outcomes(options.paths), step=options.step, allow_differing=options.allow_differing
    )
    if options.json:
        print(json.dumps(comparison))
    else:
        write_comparison(comparison, sys.stdout)
    return 0


def _outcomes(paths: list[Path]) -> "dict[str, list[Outcomes]]":
    """Collect the outcomes of every run by its name; by its path if two have the same name."""
    from rlvr.runs.run_directory import Run
    from rlvr_eval.plan.ledger import Ledger

    resolved = [Path(os.path.realpath(path)) for path in paths]  # Path.resolve raises for a loop
    if len(set(resolved)) < len(paths):
        raise UserError("a run was given twice; name each run once")
    names = [path.name for path in resolved]
    return {
        name if names.count(name) == 1 else str(path): Ledger(Run(path)).outcomes()
        for name, path in zip(names, paths, strict=True)
    }
