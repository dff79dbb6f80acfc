"""`rlvr marks`: the reasoning behind rarely solved problems, checked by people."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rlvr.runs.run_directory import Run

HELP = "Write right answers to the hardest problems for checking by hand, and read marks back."
EXAMPLE = (
    "rlvr marks runs/math > queue.jsonl     # then write right or wrong under reasoning\n"
    "  rlvr marks runs/math queue.jsonl       # and rlvr report runs/math"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the run, and a marked file or whose completions to write."""
    parser.add_argument("path", type=Path, metavar="RUN", help="run directory")
    parser.add_argument(
        "marked", nargs="?", type=Path, metavar="FILE", help="file with marked lines to read back"
    )
    parser.add_argument(
        "--model",
        action="append",
        default=[],
        metavar="NAME",
        help="model whose completions to write (default: the base and the last checkpoint)",
    )


def run(options: argparse.Namespace) -> int:
    """Read a file's marks, or write the queue to standard output."""
    from rlvr.runs.run_directory import Run

    run = Run(options.path)
    if options.marked:
        _read(run, options.marked)
    else:
        _write(run, options.model)
    return 0


def _read(run: "Run", path: Path) -> None:
    from rlvr_eval.summary import reasoning_marks

    found = reasoning_marks.parse(path)
    reasoning_marks.add(run, found)
    right = sum(mark == "right" for mark in found.values())
    print(f"{right} right, {len(found) - right} wrong; now run: rlvr report {run.path}")


def _write(run: "Run", models: list[str]) -> None:
    from rlvr_eval.summary import reasoning_marks

    there = reasoning_marks.read(run)
    for queue in reasoning_marks.queues_of(run, models):
        name = f"{queue.entry['model']} on {queue.entry['benchmark']}"
        if reasoning_marks.is_verified(queue.entry):
            print(f"{name}: its verifier has checked every step already", file=sys.stderr)
            continue
        for line in reasoning_marks.lines(run, queue, there):
            print(json.dumps(line, ensure_ascii=False))
        told = f"{len(queue.draws)} problems, {len(queue.all_draws())} completions"
        print(f"{name}: {told} to check", file=sys.stderr)
