"""A directory for models that were named on the command line: which, and how they are measured.

`<dir>/evaluation.yaml` is to such a directory what recipe.yaml is to a training run's, so that
`rlvr eval <dir>` goes on where it was cut off, and finds checkpoints that have come since.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import yaml

from rlvr.answers import prompts
from rlvr.core import reading
from rlvr.core.errors import UserError
from rlvr.core.files import make_folder, write_atomically
from rlvr.recipes import recipe as recipes
from rlvr.recipes.evaluation_section import Evaluation as Settings
from rlvr.runs.run_directory import Run
from rlvr.tasks import problem_sources
from rlvr.weights import models
from rlvr_eval.estimators import parse_design

_FILE = "evaluation.yaml"
_LONGEST_NAME = 1000
_WRITTEN = {_FILE, "manifest.json"}


@dataclass(frozen=True)
class Given:
    """Models by name (see `rlvr_eval.plan.model_names`), and how they are measured."""

    base: str | None
    models: tuple[str, ...]
    settings: Settings


def is_given(run: Run) -> bool:
    """Return whether a directory is one for models that were named."""
    return (run.path / _FILE).is_file()


def read_given(run: Run) -> Given:
    """Read what `write_given` wrote.

    Raises:
        UserError: if it is something else.
    """
    path = run.path / _FILE
    raw = reading.yaml_mapping(path)
    try:
        base, models, evaluation = raw["base"], tuple(raw["models"]), raw["evaluation"]
    except (KeyError, TypeError) as fault:
        raise UserError(
            f"{path}: not what `rlvr eval --base .. --model ..` wrote ({fault}); remove the file "
            "and run that command again"
        ) from None
    return Given(base, models, recipes.evaluation(evaluation, source=str(path)))


def refuse_faulty(settings: Settings) -> None:
    """Refuse what no model could be measured by, as far as it can be known at once.

    Raises:
        UserError: naming design, benchmark, file or prompt that is not what it should be.
    """
    if settings.design is not None:
        parse_design(settings.design)
    if settings.prompt is not None:
        prompts.get(settings.prompt)
    for source in settings.benchmarks:
        problem_sources.check(source)
    if contradictions := settings.contradictions():
        raise UserError("\n".join(contradictions))


def write_given(run: Run, given: Given) -> None:
    """Write down what is to be evaluated in a directory.

    Raises:
        UserError: if it is a training run's, or what is given cannot be evaluated.
    """
    _refuse_faulty_names(given)
    refuse_faulty(given.settings)
    if (run.path / "recipe.yaml").is_file():
        raise UserError(f"{run.path} is a training run; choose another --out for models by name")
    make_folder(run.path)
    raw = {
        "base": given.base,
        "models": list(given.models),
        "evaluation": given.settings.model_dump(mode="json"),
    }
    write_atomically(run.path / _FILE, yaml.safe_dump(raw, sort_keys=False, allow_unicode=True))
    named = ([given.base] if given.base else []) + list(given.models)
    run.record(run=run.name, models=named)


def _refuse_faulty_names(given: Given) -> None:
    named = [*([] if given.base is None else [given.base]), *given.models]
    if not named:
        raise UserError("models: none is named; write at least one Hub id or folder")
    for name in named:
        if not name.strip() or not name.isprintable() or len(name) > _LONGEST_NAME:
            raise UserError(f"model {name!r:.60}: no name; write a Hub id[@revision] or a folder")
        fault = None if Path(name).is_dir() else models.local_fault(name.partition("@")[0])
        if fault:
            raise UserError(f"model '{name}': {fault}")


@contextmanager
def nothing_left_if_refused(run: Run) -> Iterator[None]:
    """Remove what `write_given` wrote if the evaluation is refused before it has anything else."""
    try:
        yield
    except (UserError, OSError):
        if is_given(run) and {entry.name for entry in run.path.iterdir()} <= _WRITTEN:
            shutil.rmtree(run.path)
            with suppress(OSError):  # there is something else in it
                run.path.parent.rmdir()
        raise


def settings_of(run: Run, overrides: Sequence[str] = ()) -> Settings:
    """Return a directory's own settings; `overrides` are key=value of that section.

    Raises:
        UserError: if it does not say, or an override is wrong.
    """
    settings = read_given(run).settings if is_given(run) else _of_recipe(run)
    raw = settings.model_dump(mode="json")
    return recipes.evaluation(raw, overrides, source=str(run.path)) if overrides else settings


def _of_recipe(run: Run) -> Settings:
    recipe = run.recipe()
    if recipe.evaluation is None:
        raise UserError(f"{run.path}/recipe.yaml has no evaluation: section; add one")
    if recipe.evaluation.verify_timeout_s is not None:
        return recipe.evaluation
    return recipe.evaluation.model_copy(update={"verify_timeout_s": recipe.verify_timeout_s})
