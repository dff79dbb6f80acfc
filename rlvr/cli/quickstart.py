"""`rlvr quickstart`: the whole loop on the embedded model, by reinforcement learning and distilled.

The base model is trained by GRPO, and distilled from an exact solver that knows plans which the
base was never shown. One report shows the pass@k curves of base, checkpoints and distilled model,
and how likely the base finds the completions of each.
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rlvr.cli.distill import distil
from rlvr.cli.options.common import add_training_arguments, track, train
from rlvr.distill import STAGES

if TYPE_CHECKING:
    from rlvr.runs.run_directory import Run

HELP = "Run the whole loop on a small embedded model: train, distil, evaluate, report."
EXTRA = "train"
EXAMPLE = (
    "rlvr quickstart\n"
    "  rlvr quickstart seed=2 name=quickstart-2 distilled.seed=2 distilled.name=distilled-2"
)

_OF_THE_DISTILLED = "distilled."
_TEACHER = "quickstart-teacher"
# enough for medians over 400 problems, at seconds of scoring
_SCORED_PER_PROBLEM = 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add overrides of either recipe: distilled.KEY=VALUE is for distill.yaml."""
    add_training_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Train, distil, evaluate and report; run again, it continues or only reports."""
    from rlvr import tiny
    from rlvr.api.training import order
    from rlvr_eval.draw.drawing import evaluate
    from rlvr_eval.plan.named_models_folder import settings_of

    taught, own = _split(options.overrides)
    student = order(tiny.RECIPES / "distill.yaml", taught, options.runs)
    own.append(f"evaluation.beside=[{student.recipe.name}]")
    learner = order(tiny.RECIPES / "grpo.yaml", own, options.runs)
    trained, code = learner.run, train(learner)
    if code == 0 and not student.run.manifest().get("finished"):
        code = distil(student, STAGES)
    if code == 0:
        evaluate(trained, settings_of(trained))
        _probe_likelihood(trained, options.runs)
        _tell(trained)
        track(trained)
    return code


def _tell(trained: "Run") -> None:
    """Write the report, and print what a newcomer reads first."""
    from rlvr_eval.report.overview import write_overview
    from rlvr_eval.report.rebuild import report

    write_overview(report(trained, stream=None), sys.stdout)
    print(f"\nreport: {trained.path / 'report.html'} (open it in a browser)")
    print(f"tables: rlvr report {trained.path}")


def _split(overrides: list[str]) -> tuple[list[str], list[str]]:
    """Split overrides into those of distill.yaml and those of grpo.yaml."""
    taught = [each for each in overrides if each.startswith(_OF_THE_DISTILLED)]
    own = [each for each in overrides if each not in taught]
    return [each.removeprefix(_OF_THE_DISTILLED) for each in taught], own


def _probe_likelihood(trained: "Run", runs: Path) -> None:
    """Measure how likely the base finds everyone's completions and its teacher's plans."""
    from rlvr import tiny
    from rlvr.distill.folder import Folder
    from rlvr.distill.pipeline import prepare
    from rlvr.recipes import recipe as recipes
    from rlvr.runs.run_directory import Run
    from rlvr_eval.draw.drawing import crew_for
    from rlvr_eval.plan.named_models_folder import settings_of
    from rlvr_eval.probes import likelihood

    settings = settings_of(trained)
    (source,) = settings.benchmarks
    asked = [f"name={_TEACHER}", f"data.problems={source.model_dump_json(exclude_none=True)}"]
    teacher = Run(runs / _TEACHER)
    prepare(recipes.load(tiny.RECIPES / "distill.yaml", asked), teacher, stages=("teacher",))
    likelihood.probe(
        trained,
        crew_for(settings).sampler,
        per_problem=_SCORED_PER_PROBLEM,
        traces=Folder.of(teacher).traces.path,
    )
