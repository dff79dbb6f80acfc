"""The probes of `rlvr eval RUN --probe ..`: their options, and how each is asked."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rlvr.recipe import Evaluation
    from rlvr.runs import Run

# as in rlvr_eval.probes, which --help need not import
PROBES = ("likelihood", "temperature", "entropy", "direct")


def add_probe_arguments(parser: argparse.ArgumentParser) -> None:
    """Which probe, and what it is to do otherwise than by default."""
    group = parser.add_argument_group("probes")
    group.add_argument(
        "--probe", choices=PROBES, help="ask the models something else; the report shows it"
    )
    group.add_argument(
        "--completions", type=int, metavar="N", help="likelihood: of each problem; 16"
    )
    group.add_argument(
        "--traces",
        type=Path,
        metavar="FILE",
        help="likelihood: reference completions too, rows {problem_id, completion}",
    )


def probe(run: "Run", settings: "Evaluation", options: argparse.Namespace) -> None:
    """Ask the models of a run what --probe names."""
    from rlvr_eval.pipeline import crew_for
    from rlvr_eval.probes import likelihood

    crew = crew_for(settings, processes=options.processes)
    if options.probe == "likelihood":
        per_problem = options.completions or likelihood.PER_PROBLEM
        likelihood.probe(run, crew.sampler, per_problem=per_problem, traces=options.traces)
