"""A run directory with the real embedded model, made in a moment instead of trained.

Its checkpoint is the base with every logit multiplied by SHARPNESS: what lower temperature does to
a model, and much of what reinforcement learning does. So truths are known: drawn at temperature
SHARPNESS it is the base drawn at 1.
"""

import shutil
from pathlib import Path

from safetensors.torch import load_file, save_file

from rlvr.recipes import recipe as recipes
from rlvr.recipes.evaluation_section import Evaluation as Settings
from rlvr.runs.run_directory import Run
from rlvr.samplers.hf import HFSampler
from rlvr.tiny.model import BASE
from rlvr.weights.checkpoint import mark_complete
from rlvr_eval.draw.crew import Crew
from rlvr_eval.draw.drawing import evaluate

SHARPNESS = 1.5
STEP = 10


def make(folder: Path, *, problems: int, draws: int) -> Run:
    """Base and one checkpoint, with nothing evaluated yet."""
    run = Run(folder / "tiny")
    raw = {
        "name": "tiny",
        "model": "embedded:countdown-base",
        "method": "grpo",
        "data": {"problems": "countdown-train"},
        "evaluation": {
            "benchmarks": [{"name": "countdown-dev", "limit": problems}],
            "design": f"fixed:{draws}",
            "sampling": {"temperature": 1.0, "top_p": 1.0, "max_completion_tokens": 24},
            "sampler": "hf",
        },
    }
    run.start(recipes.parse(raw, source="test"))
    _sharpened(run.path / f"checkpoint-{STEP}")
    return run


def evaluated(folder: Path, *, problems: int = 6, draws: int = 8) -> Run:
    """The same, evaluated."""
    run = make(folder, problems=problems, draws=draws)
    evaluate(run, settings(run), processes=1)
    return run


def settings(run: Run) -> Settings:
    """How the run is measured."""
    found = run.recipe().evaluation
    assert found is not None
    return found


def crew() -> Crew:
    """Who samples: this process, with transformers."""
    return Crew(HFSampler(), HFSampler, processes=1)


def _sharpened(folder: Path) -> None:
    shutil.copytree(BASE, folder)
    weights = load_file(folder / "model.safetensors")
    # the last thing before the logits, which are linear in it
    weights["model.norm.weight"] = SHARPNESS * weights["model.norm.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    mark_complete(folder)
