"""`rlvr doctor`: what this installation can do, and how to mend what it cannot."""

import argparse
import json
import os
import tempfile
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from rlvr.cli.options.argument_types import folder
from rlvr.core.errors import UserError
from rlvr.core.files import make_folder

if TYPE_CHECKING:
    from rlvr.doctor.trial.trials import Result, Trial

HELP = "Check the installation: what works, which sampler is used, and how to fix the rest."
EXAMPLE = "rlvr doctor\n  rlvr doctor --run"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to try, and how to print it."""
    parser.add_argument("--json", action="store_true", help="print the findings as a JSON list")
    parser.add_argument(
        "--run",
        dest="trial",  # `run` is the function that a verb's namespace carries
        action="store_true",
        help="train and sample for a few steps with random weights, and print what works, tokens/s "
        "and peak memory; downloads nothing and takes a few minutes",
    )
    parser.add_argument(
        "--size",
        metavar="NAME",
        help="model size for --run: tiny, 0.5b, 1.5b, 7b (default: what fits)",
    )
    parser.add_argument(
        "--only", metavar="PARTS", help="parts to run, separated by commas (default: all)"
    )
    parser.add_argument(
        "--keep",
        type=folder,
        metavar="FOLDER",
        help="write models, runs and logs of --run there and keep them (default: delete them)",
    )


def run(options: argparse.Namespace) -> int:
    """Exit code 1 if something that should work does not."""
    if not options.trial and (options.size or options.only or options.keep):
        raise UserError("--size, --only and --keep say what --run does; add --run")
    return _trial(options) if options.trial else _findings(options)


def _findings(options: argparse.Namespace) -> int:
    from rlvr.doctor.installation import State, report

    findings = report()
    if options.json:
        print(json.dumps([asdict(finding) for finding in findings]))
    else:
        for finding in findings:
            print(f"{finding.state:<6}{finding.topic:<13}{finding.message}")
            if finding.fix:
                print(f"{'':<19}{finding.fix}")
    return int(any(finding.state is State.FAULT for finding in findings))


def _trial(options: argparse.Namespace) -> int:
    from rlvr.doctor.trial.trials import Trial

    if options.keep and os.path.lexists(options.keep):
        if not options.keep.is_dir():
            raise UserError(f"--keep {options.keep}: is no folder; name a new one")
        if any(options.keep.iterdir()):
            raise UserError(f"--keep {options.keep}: is not empty; name a new folder")
    place = nullcontext(str(options.keep)) if options.keep else tempfile.TemporaryDirectory()
    with place as where:
        only = tuple(options.only.split(",")) if options.only else ()
        trial = Trial(Path(where).resolve(), shape=options.size, only=only)
        if unknown := [name for name in only if name not in trial.parts]:
            raise UserError(f"--only: no part '{unknown[0]}'; parts: {', '.join(trial.parts)}")
        make_folder(Path(where))
        return _print_results(trial, as_json=options.json)


def _print_results(trial: "Trial", *, as_json: bool) -> int:
    if not as_json:
        devices = ", ".join(trial.machine.gpus) or "CPU"
        print(f"{devices}; random model of size {trial.shape}", flush=True)
    results = []
    for result in trial.results():
        results.append(result)
        if not as_json:
            print(_line(result), flush=True)
    if as_json:
        print(json.dumps([asdict(result) for result in results]))
    return int(any(result.fault for result in results))


def _line(result: "Result") -> str:
    if result.skipped:
        return f"skip  {result.part:<21}{result.skipped}"
    if result.fault:
        return f"fault {result.part:<21}{result.fault}"
    return f"ok    {result.part:<21}{_measured(result)}".rstrip()


def _measured(result: "Result") -> str:
    if found := result.sampling:
        return (
            f"{found.tokens_s:,.0f} tokens/s; start {found.start_s:.1f} s, "
            f"weight exchange {found.exchange_s:.2f} s ({found.sampler})"
        )
    if figures := result.training:
        sampled = figures.sampled_tokens_s
        return (
            (f"rollout {sampled:,.0f} tokens/s, " if sampled else "")
            + f"training {figures.trained_tokens_s:,.0f} tokens/s"
            + (f" ({figures.utilization:.1%} of matrix rate)" if figures.utilization else "")
            + f", {figures.step_s:.2f} s a step, peak {figures.peak_gib:.2f} GiB"
        )
    return result.note
