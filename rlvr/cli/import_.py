"""`rlvr import`: outcomes of other tools as a run directory, for report and compare."""

import argparse
import sys
from pathlib import Path

from rlvr.cli.options.argument_types import finite, folder, whole
from rlvr.cli.options.common import add_verify_timeout

HELP = "Import counts or samples of another tool, for rlvr report and rlvr compare."
EXAMPLE = (
    "rlvr import base.csv rl.csv --out runs/elsewhere --benchmark math500\n"
    "  rlvr import samples.jsonl --out runs/code --benchmark humaneval"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the files, where they go, and what they leave open."""
    parser.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="counts (problem, n, c) or samples, as .csv, .jsonl, .json or .parquet; outcomes as "
        "another tool writes them (--format); or a folder of them",
    )
    parser.add_argument(
        "--out", type=folder, required=True, metavar="DIR", help="run directory to create"
    )
    parser.add_argument("--model", help="model name for rows without one (default: the file name)")
    parser.add_argument(
        "--step",
        type=whole(0),
        help="training step for rows without one; the base model has step 0",
    )
    parser.add_argument(
        "--benchmark",
        metavar="NAME[=FILE]",
        help="benchmark for rows without one; FILE holds its problems",
    )
    parser.add_argument(
        "--design", help="design that the rows were sampled with (default: fixed:n)"
    )
    parser.add_argument(
        "--task",
        help="verify the completions with this verifier (default: keep the verdicts given)",
    )
    parser.add_argument(
        "--prompt", default="plain", help="prompt template of the completions (default: plain)"
    )
    add_verify_timeout(parser)
    parser.add_argument(
        "--map",
        metavar="NAME=COLUMN,..",
        help="columns of the files by name, such as completion=output,gold=gts",
    )
    parser.add_argument(
        "--format",
        metavar="TOOL",
        help="tool that wrote the files, one of "
        "verl, openrlhf, verifiers, trl, lighteval, inspect, evalplus, livecodebench, monkeys, "
        "openmathreasoning, deepmath (default: told by their columns)",
    )
    parser.add_argument(
        "--correct-above",
        type=finite,
        metavar="NUMBER",
        help="score above which a completion is correct, for scores other than 0 and 1",
    )
    parser.add_argument("--metric", help="score to take as verdict where there are several")
    parser.add_argument("--filter", help="lm-evaluation-harness: filter whose rows to import")


def run(options: argparse.Namespace) -> int:
    """Import; the report is a verb of its own."""
    from rlvr.core.errors import UserError
    from rlvr.runs.run_directory import Run
    from rlvr_eval.imports import Options, import_files, mapping
    from rlvr_eval.imports.formats import registry

    benchmark, equals, file = (options.benchmark or "").partition("=")
    if options.benchmark is not None and not (benchmark and bool(file) == bool(equals)):
        raise UserError(f"--benchmark {options.benchmark}: write NAME or NAME=FILE")
    if options.format is not None and options.format not in registry.FORMATS:
        listed = ", ".join(registry.FORMATS)
        raise UserError(f"--format {options.format}: no such format; one of {listed}")
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
            format=options.format,
            correct_above=options.correct_above,
            columns=mapping.parse(options.map),
        ),
    )
    print(imported, file=sys.stderr)
    print(f"next: rlvr report {options.out}")
    return 0
