"""The probes of `rlvr eval RUN --probe ..`: their options, and how each is asked."""

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING

from rlvr.cli.options.argument_types import whole
from rlvr_eval.probes import NAMES

if TYPE_CHECKING:
    from rlvr.recipes.evaluation_section import Evaluation
    from rlvr.runs.run_directory import Run


def add_probe_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the probe's name and its options."""
    group = parser.add_argument_group("probes")
    group.add_argument(
        "--probe",
        choices=NAMES,
        help="measure something else about the models and add it to the report",
    )
    group.add_argument(
        "--step",
        type=whole(0),
        help="temperature, entropy: checkpoint to probe (default: the last)",
    )
    group.add_argument(
        "--temperatures",
        type=_temperatures,
        metavar="T,T,..",
        help="temperature: temperatures to sample at (default: 0.6,1.0,1.2)",
    )
    group.add_argument(
        "--completions",
        type=whole(1),
        metavar="N",
        help="likelihood, entropy: completions per problem to look at (default: 16)",
    )
    group.add_argument(
        "--traces",
        type=Path,
        metavar="FILE",
        help="likelihood: also score the completions in FILE (problem_id, completion)",
    )


def probe(run: "Run", settings: "Evaluation", options: argparse.Namespace) -> None:
    """Ask the models of a run what --probe names."""
    from rlvr_eval.draw.drawing import crew_for
    from rlvr_eval.probes import direct, entropy, likelihood, temperature

    crew = crew_for(settings, processes=options.processes)
    match options.probe:
        case "likelihood":
            count = options.completions or likelihood.PER_PROBLEM
            likelihood.probe(run, crew.sampler, per_problem=count, traces=options.traces)
        case "temperature":
            at = options.temperatures or temperature.TEMPERATURES
            temperature.probe(run, settings, crew, step=options.step, temperatures=at)
        case "entropy":
            count = options.completions or entropy.PER_PROBLEM
            entropy.probe(run, settings, crew, step=options.step, per_problem=count)
        case "direct":
            direct.probe(run, settings, crew)


def _temperatures(text: str) -> list[float]:
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        found = []
    if not found or not all(0 < value < math.inf for value in found):
        raise argparse.ArgumentTypeError(f"{text!r:.60}: write numbers above 0, as in 0.6,1.0")
    return found
