"""From a run directory and its settings to the evaluations that they ask for."""

from collections.abc import Sequence
from pathlib import Path

from rlvr.answers import prompts
from rlvr.recipes.evaluation_section import Evaluation as Settings
from rlvr.recipes.keep_text import KeepText
from rlvr.recipes.recipe import Recipe
from rlvr.runs.run_directory import Run
from rlvr.tasks import problem_sources
from rlvr.tasks.benchmarks import Benchmark
from rlvr.verifiers import TIMEOUT_S
from rlvr.weights import models
from rlvr.weights.model_hash import weights_hash
from rlvr_eval.estimators import parse_design
from rlvr_eval.estimators.design import Design
from rlvr_eval.plan.chat import template_of
from rlvr_eval.plan.evaluation import Evaluation, Model
from rlvr_eval.plan.model_names import Unreadable, given_models, left_out_if_faulty, models_beside
from rlvr_eval.plan.named_models_folder import is_given, read_given, refuse_faulty
from rlvr_eval.statistics.lineup import lineup

BASE = "base"


def store_of(run: Run) -> Path:
    """Return the store that all neighbouring runs share, so that they share their base's draws."""
    return run.path.parent / "store"


def merged_of(run: Run) -> Path:
    """Return the folder, beside the store, for merged checkpoints of other trainers."""
    return run.path.parent / "merged"


def models_of(
    run: Run, beside: Sequence[str] | None = None, unreadable: Unreadable | None = None
) -> list[Model]:
    """List the base, complete checkpoints by step or the named models, and models beside.

    Args:
        beside: as in the evaluation section; None for what the run's own says.
        unreadable: of models that were named, as `given_models` fills it.

    Raises:
        UserError: if the weights of the base or of a model beside cannot be had, or are not what
            the run was started from.
    """
    if is_given(run):
        given = read_given(run)
        named = given_models(given.base, given.models, unreadable, merged_of(run))
        return named + models_beside(run, given.settings.beside if beside is None else beside)
    recipe = run.recipe()
    if beside is None:
        beside = recipe.evaluation.beside if recipe.evaluation else ()
    return _trained(run, recipe) + models_beside(run, beside)


def _trained(run: Run, recipe: Recipe) -> list[Model]:
    found = []
    if recipe.initialize == "pretrained":
        folder = models.resolve(recipe.model, recipe.revision)
        weights = weights_hash(folder)
        run.refuse_changed_base(folder, weights)
        found.append(Model(BASE, 0, folder, weights))
    for checkpoint in run.sound_checkpoints():
        name, folder = checkpoint.path.name, checkpoint.path
        with left_out_if_faulty(name):
            found.append(Model(name, checkpoint.step, folder, weights_hash(folder)))
    return found


def base_among(found: Sequence[Model]) -> Model | None:
    """Return the base, where these have one."""
    return lineup(found, lambda model: model.ref).base


def design_of(settings: Settings, benchmark: Benchmark) -> Design:
    """Return the requested design, or the benchmark's own number of draws."""
    return parse_design(settings.design or f"fixed:{benchmark.n}")


def plan(
    found: Sequence[Model], settings: Settings, store: Path, *, base: Model | None = None
) -> list[Evaluation]:
    """List every model on every benchmark, model by model, so that weights load once each.

    Args:
        base: whose chat template `chat` is for all of them; needed where it is not in `found`.

    Raises:
        UserError: as `refuse_faulty`, and if a benchmark's problems cannot be had.
    """
    refuse_faulty(settings)
    benchmarks = [
        (
            problem_sources.benchmark_of(source),
            problem_sources.revision_of(source),
            tuple(problem_sources.load(source)),
            source.path,
        )
        for source in settings.benchmarks
    ]
    base = base or base_among(found)
    return [
        Evaluation(
            model=model,
            benchmark=benchmark.name,
            revision=revision,
            problems=loaded,
            prompt=settings.prompt or benchmark.prompt,
            verifier=benchmark.verifier,
            sampling=settings.sampling,
            design=design_of(settings, benchmark),
            run_seed=settings.run_seed,
            store=store,
            keep_text=KeepText.parse(settings.keep_text),
            file=file,
            verify_timeout_s=settings.verify_timeout_s or TIMEOUT_S,
            chat_template=_chat_template(settings.prompt or benchmark.prompt, base, model),
            planned_looks=settings.looks,
            keep_merged=settings.keep_merged,
        )
        for model in found
        for benchmark, revision, loaded, file in benchmarks
    ]


def _chat_template(prompt: str, base: Model | None, model: Model) -> Path | None:
    """Return the folder of a model's chat template, where the prompt is one."""
    if not prompts.is_chat(prompt):
        return None
    return template_of(base.folder if base else None, model.folder)
