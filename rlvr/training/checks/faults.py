"""Everything that is wrong with a recipe, told at once and before anything is written or loaded.

Each function below looks at one kind of thing that a recipe names: the trainer's fields, models,
problems, files, prompts, the verifier, the design. They look at this machine alone. What only the
Hub, a tokenizer or the problems themselves can tell is found later, by `rlvr.training.loop.train`,
which makes no run directory before that either.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rlvr import verifiers
from rlvr.answers import prompts
from rlvr.core.errors import Fault, Faults, UserError
from rlvr.planning.hardware import Devices
from rlvr.planning.plan import engine_faults
from rlvr.planning.prompts import ASSUMED_TOKENS
from rlvr.planning.training import engine_of
from rlvr.recipes import partial_recipe
from rlvr.recipes.distill_section import EndpointTeacher, ModelTeacher, RecordedTeacher
from rlvr.recipes.partial_recipe import Draft
from rlvr.recipes.recipe import Recipe
from rlvr.tasks import datafiles, problem_sources
from rlvr.training.checks import settings
from rlvr.training.methods import registry
from rlvr.verifiers.own import check_reward
from rlvr.weights import models


def check(
    raw: Mapping[str, Any],
    *,
    source: str,
    parse_design: Callable[[str], object],
    processes: int | None = None,
) -> Recipe:
    """Return the recipe if nothing is wrong with it.

    Args:
        raw: as `rlvr.recipes.recipe.read` returns it.
        source: what every fault begins with: the recipe's file.
        parse_design: raises UserError for an evaluation design that there is none of.
        processes: that a recipe for another machine is meant for; None to train it on this one.

    Raises:
        Faults: naming every one, with its key and what to write instead.
    """
    draft = partial_recipe.read(raw)
    found = [*draft.faults, *_of_method(draft, processes)]
    for faults in (_models, _problems, _files, _names):
        found += faults(draft.recipe)
    if not any(fault.startswith("data.problems") for fault in found):
        found += _together(draft.recipe)
    found += _design(draft.recipe, parse_design)
    if found:
        raise Faults(source, found)
    return draft.recipe


def check_engine(recipe: Recipe, *, source: str) -> None:
    """Refuse a training whose vLLM could not start, as far as arithmetic tells.

    Weights and one sequence must fit in vLLM's share of the GPUs of this machine, or of the
    recipe's `hardware:` where there is none.

    Raises:
        Faults: naming each option to change.
    """
    import torch

    if torch.cuda.is_available():
        devices = Devices.here()
    elif recipe.hardware:
        devices = Devices.of(recipe.hardware)
    else:
        return
    values = settings.planned_values(recipe, registry.get(recipe.method))
    engine = engine_of(recipe, values, devices, ASSUMED_TOKENS)
    if found := list(engine_faults(engine, devices)):
        raise Faults(source, found)


def _of_method(draft: Draft, processes: int | None) -> list[str]:
    """Check by TRL's fields, PEFT's and the method's rules, except sections that cannot be read."""
    if "method" in draft.incomplete:
        return []
    try:
        method = registry.get(draft.recipe.method)
    except UserError as error:
        return [f"method: {error}"]
    found = [
        *settings.section_faults(draft.recipe, method),
        *settings.trainer_faults(draft.recipe, method, processes),
        *settings.peft_faults(draft.recipe),
    ]
    # demonstrations come from either of the two
    with_data = {"data"} if "distill" in draft.incomplete else set()
    unknown = draft.incomplete | with_data
    return [fault for fault in found if _section(fault) not in unknown]


def _section(fault: str) -> str:
    """Return the top-level key that a fault is about."""
    return (fault if isinstance(fault, Fault) else Fault(fault)).key.partition(".")[0]


def _models(recipe: Recipe) -> Iterator[str]:
    """Find missing folders and unknown embedded models."""
    for key, name in _named_models(recipe):
        if isinstance(name, str) and (fault := models.local_fault(name)):
            yield f"{key}: {name}: {fault}"


def _named_models(recipe: Recipe) -> Iterator[tuple[str, Any]]:
    yield "model", recipe.model
    yield "ppo.critic", recipe.ppo.critic if recipe.ppo else None
    key = "teacher_model_name_or_path"
    yield f"trainer.{key}", recipe.trainer.get(key)
    if recipe.distill and isinstance(recipe.distill.teacher, ModelTeacher):
        yield "distill.teacher.model", recipe.distill.teacher.model
    for name in recipe.evaluation.beside if recipe.evaluation else ():
        if "/" in name:  # the others are runs, which need not have begun
            yield "evaluation.beside", name if Path(name).is_dir() else name.partition("@")[0]


def _problems(recipe: Recipe) -> Iterator[str]:
    """Find unknown benchmarks, and benchmarks that cannot be read from where the recipe says."""
    distill, evaluation = recipe.distill, recipe.evaluation
    verifier = {
        "data.problems": recipe.data.verifier,
        "distill.select.decontaminate": problem_sources.NOTHING_VERIFIED,
    }
    listed = {
        "data.problems": recipe.data.problems,
        "distill.select.decontaminate": distill.select.decontaminate if distill else (),
        "evaluation.benchmarks": evaluation.benchmarks if evaluation else (),
    }
    for key, sources in listed.items():
        for named in sources:
            yield from _told(key, problem_sources.check, named, verifier=verifier.get(key))


def _together(recipe: Recipe) -> Iterator[str]:
    """Find training sets that one verifier cannot verify, once each of them exists."""
    sources, verifier = recipe.data.problems, recipe.data.verifier
    yield from _told("data.problems", problem_sources.check_together, sources, verifier=verifier)


def _files(recipe: Recipe) -> Iterator[str]:
    """Find missing files of demonstrations and of recorded traces."""
    demonstrations = recipe.data.demonstrations
    if demonstrations and demonstrations.path and not demonstrations.path.is_file():
        yield f"data.demonstrations.path: no such file: {demonstrations.path}"
    teacher = recipe.distill.teacher if recipe.distill else None
    if isinstance(teacher, RecordedTeacher) and teacher.path:
        yield from _told("distill.teacher.path", datafiles.check, teacher.path)


def _names(recipe: Recipe) -> Iterator[str]:
    """Find unknown prompt templates and verifiers."""
    teacher = recipe.distill.teacher if recipe.distill else None
    of_teacher = teacher.prompt if isinstance(teacher, ModelTeacher | EndpointTeacher) else None
    named = {
        "data.prompt": recipe.data.prompt,
        "evaluation.prompt": recipe.evaluation.prompt if recipe.evaluation else None,
        "distill.teacher.prompt": of_teacher,
    }
    for key, name in named.items():
        if name is not None:
            yield from _told(key, prompts.get, name)
    verifier = recipe.data.verifier
    if verifier is not None:
        yield from _told("data.verifier", verifiers.check, verifier)
    for reward in recipe.rewards.own:
        yield from _told("rewards.own", check_reward, reward.function)


def _design(recipe: Recipe, parse_design: Callable[[str], object]) -> Iterator[str]:
    if recipe.evaluation:
        if recipe.evaluation.design is not None:
            yield from _told("evaluation.design", parse_design, recipe.evaluation.design)
        yield from (f"evaluation.{fault}" for fault in recipe.evaluation.contradictions())


def _told(key: str, check: Callable[..., object], *values: Any, **named: Any) -> Iterator[str]:
    """Turn what a check refuses into a fault of the key."""
    try:
        check(*values, **named)
    except UserError as error:
        yield f"{key}: {error}"
