"""What probes found, read back and put into the summary of their run; no model is loaded.

summary["benchmarks"][NAME] gains, where the probe was asked for,
"likelihood":  rows of `rlvr_eval.probes.perplexity_panel.panel`
"temperature": [{"temperature", "models": [MODEL, ..]}, ..]
"entropy":     [{"model", "step", "base", "temperature" (null where none matches), "difference",
                 "grid", "apart" (problem ids), "models": [MODEL, ..]}, ..]
"direct":      {"prompt", "problems", "highest", "guessable" (problem ids), "models": [..]}
MODEL = {"name", "step", "problems", "design", "curve", "area", "finding", and against the base
         "difference", "tests", "area_difference", "crossover", "delta_se"}
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from rlvr.core.damage import read_json
from rlvr.core.errors import UserError
from rlvr.runs.run_directory import Run
from rlvr_eval.plan.ledger import Ledger
from rlvr_eval.probes import likelihood
from rlvr_eval.statistics.outcomes import Outcomes
from rlvr_eval.summary.model_summary import Json
from rlvr_eval.summary.run_summary import summarise

logger = logging.getLogger(__name__)

TEMPERATURE = "probes/temperature"
ENTROPY = "probes/entropy"
DIRECT = "probes/direct"

# an answer that is given less often than this without reasoning is taken for a guess (D.2)
GUESSED_BELOW = 0.05

_SHOWN = (
    "name",
    "step",
    "weights",
    "problems",
    "design",
    "completions",
    "undecided_rate",
    "truncation_rate",
    "drawn_under",
    "curve",
    "area",
    "curve_upper",
    "difference",
    "difference_range",
    "tests",
    "finding",
    "paired_problems",
    "area_difference",
    "crossover",
    "delta_se",
)


def attach(summary: Json, run: Run, outcomes: Sequence[Outcomes]) -> None:
    """Add to every benchmark of a summary what probes found on it, under the probe's name.

    Args:
        outcomes: those that the summary was made of.
    """
    current = {each.model.weights for each in outcomes}
    found: dict[str, Mapping[str, Any]] = {
        "likelihood": likelihood.panels(run),
        "temperature": _temperatures(run, current),
        "entropy": _matched(run, current),
        "direct": _direct(run, outcomes),
    }
    for name, benchmark in summary["benchmarks"].items():
        benchmark |= {probe: by_name[name] for probe, by_name in found.items() if name in by_name}


def _temperatures(run: Run, current: set[str]) -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = {}
    folders = (run.path / TEMPERATURE).glob("*")
    for temperature in sorted(float(folder.name) for folder in folders):
        outcomes = _outcomes(run, f"{TEMPERATURE}/{temperature:g}", current)
        for name, models in _models(outcomes).items():
            found.setdefault(name, []).append({"temperature": temperature, "models": models})
    return found


def _matched(run: Run, current: set[str]) -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = {}
    told = [
        (path.parents[1].name, read_json(path, dict))
        for path in (run.path / ENTROPY).glob("*/matched/*.json")
    ]
    for folder, match in sorted(told, key=lambda pair: int(pair[1]["step"])):
        if match["weights"] not in current:
            continue
        models = []
        if match["temperature"] is not None:
            outcomes = _outcomes(run, f"{ENTROPY}/{folder}", current)
            models = _models(outcomes).get(match["benchmark"], [])
        found.setdefault(match["benchmark"], []).append(match | {"models": models})
    return found


def _direct(run: Run, outcomes: Sequence[Outcomes]) -> dict[str, Json]:
    if not (run.path / DIRECT).is_dir():
        return {}
    found = {}
    bases = {each.model.weights for each in outcomes if each.model.is_base}
    for asked in _outcomes(run, DIRECT, bases):
        guessable = guessable_problems(asked)
        here = [each for each in outcomes if each.benchmark == asked.benchmark]
        if not here:
            continue
        left = [without(each, guessable) for each in here]
        found[asked.benchmark] = {
            "prompt": asked.draw_key["prompt"],
            "problems": len(asked.problem_ids),
            "highest": GUESSED_BELOW,
            "guessable": guessable,
            "models": _models(left)[asked.benchmark] if left[0].problem_ids else [],
        }
    return found


def guessable_problems(asked: Outcomes) -> list[str]:
    """List problems answered without reasoning now and then: accuracy in (0, 5 %)."""
    accuracy = asked.counts.accuracy()
    is_guessed = (accuracy > 0) & (accuracy < GUESSED_BELOW)
    return [asked.problem_ids[at] for at in np.flatnonzero(is_guessed)]


def without(outcomes: Outcomes, problem_ids: Iterable[str]) -> Outcomes:
    """Return the same on all other problems."""
    dropped = set(problem_ids)
    kept = [at for at, problem in enumerate(outcomes.problem_ids) if problem not in dropped]
    return outcomes.take(kept)


def _outcomes(run: Run, within: str, weights: set[str]) -> list[Outcomes]:
    """Return what a probe evaluated, leaving out weights that have changed since.

    Where draws of a probe are gone, its numbers are missing, and the run's own are not.
    """
    try:
        found = Ledger(run, within).outcomes()
    except UserError as fault:
        logger.warning("%s is left out of the report: %s", within, fault)
        return []
    return [each for each in found if each.model.weights in weights]


def _models(outcomes: Sequence[Outcomes]) -> dict[str, list[Json]]:
    """Return by benchmark the numbers of each model that are shown of a probe."""
    if not outcomes:
        return {}
    # that something differs, such as the temperature, is what a probe is about
    summary = summarise(outcomes, {}, allow_differing=True, beyond=False)
    return {
        name: [{key: model[key] for key in _SHOWN if key in model} for model in found["models"]]
        for name, found in summary["benchmarks"].items()
    }
