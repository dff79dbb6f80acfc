"""`rlvr report`: everything that people see of a run, from its stored draws."""

import argparse
from pathlib import Path

from rlvr.cli.options.common import write_report

HELP = "Rebuild tables, summary.json and report.html from stored draws; load no model."
EXAMPLE = "rlvr report runs/quickstart"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the run."""
    parser.add_argument("path", type=Path, metavar="RUN", help="run directory")
    parser.add_argument(
        "--json", action="store_true", help="print summary.json instead of the tables"
    )


def run(options: argparse.Namespace) -> int:
    """Report."""
    from rlvr.runs.run_directory import Run

    write_report(Run(options.path), as_json=options.json)
    return 0
