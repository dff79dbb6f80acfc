"""`rlvr import`: outcomes of other tools as a run directory, for report and compare."""

import argparse
import sys
from pathlib import Path

from rlvr.cli.options.argument_types import whole
from rlvr.cli.options.common import add_verify_timeout

HELP = "Bring in counts or samples of other tools, so that report and compare work on them."
EXAMPLE = (
    "rlvr import base.csv rl.csv --out runs/elsewhere --benchmark math500\n"
    "  rlvr import samples.jsonl --out runs/code --benchmark humaneval"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The files, where they go, and what they leave open."""
    parser.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help=".csv, .jsonl or .parquet: counts (problem, n, c) or samples",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="run directory")
    parser.add_argument("--model", help="name of rows that name none; otherwise the file's")
    parser.add_argument(
        "--step", type=whole(0), help="training step of rows without one; the base's: 0"
    )
    parser.add_argument(
        "--benchmark", metavar="NAME[=FILE]", help="of rows that name none; FILE holds its problems"
    )
    parser.add_argument("--design", help="that the rows were sampled under; otherwise fixed:n")
    parser.add_argument("--task", help="verify completions with this verifier; otherwise as given")
    parser.add_argument("--prompt", default="plain", help="template the completions answered")
    add_verify_timeout(parser)
    parser.add_argument("--metric", help="lm-evaluation-harness: which metric is the verdict")
    parser.add_argument("--filter", help="lm-evaluation-harness: which filter's rows count")


def run(options: argparse.Namespace) -> int:
    """Import; the report is a verb of its own."""
    from rlvr.core.errors import UserError
    from rlvr.runs.run_directory import Run
    from rlvr_eval.imports import Options, import_files

    benchmark, equals, file = (options.benchmark or "").partition("=")
    if options.benchmark is not None and not (benchmark and bool(file) == bool(equals)):
        raise UserError(f"--benchmark {options.benchmark}: write NAME or NAME=FILE")
    imported = import_files(
        options.files,
        Run(options.out),
        Options(
            model=options.model,
            step=options.step,
            benchmark=benchmark or None,
            benchmark_file=Path(file) if file else None,
            design=options.design,
            task=options.task,
            prompt=options.prompt,
            verify_timeout_s=options.verify_timeout_s,
            metric=options.metric,
            filter_name=options.filter,
        ),
    )
    print(imported, file=sys.stderr)
    print(f"next: rlvr report {options.out}")
    return 0
