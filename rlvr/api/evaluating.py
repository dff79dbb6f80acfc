"""From models to verdicts: what `rlvr eval` and `rlvr.evaluate` both call."""

import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlvr.api.faults import raises_user_errors
from rlvr.api.results import Evaluation
from rlvr.api.settings import overrides_of
from rlvr.core.errors import UserError

if TYPE_CHECKING:
    from rlvr.recipes.evaluation_section import Evaluation as Settings
    from rlvr.runs.run_directory import Run
    from rlvr_eval.plan.named_models_folder import Given

logger = logging.getLogger(__name__)

Benchmark = str | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """What to evaluate: a run directory, a file of models, or models by name.

    Attributes:
        benchmarks: as a recipe writes them, or NAME[=FILE][,KEY=VALUE..]; none leaves them as the
            directory or the file has them.
        out: run directory of models by name.
        changes: KEY=VALUE of the evaluation section.
    """

    path: Path | None = None
    base: str | None = None
    models: tuple[str, ...] = ()
    benchmarks: tuple[Benchmark, ...] = ()
    out: Path | None = None
    changes: tuple[str, ...] = ()

    def is_by_name(self) -> bool:
        """Return whether the models are named, here or in a file."""
        return self.path is None or is_file_of_models(self.path)


@dataclass(frozen=True, slots=True)
class Subject:
    """A directory, how its models are measured, and models that are named and not noted yet."""

    run: "Run"
    settings: "Settings"
    given: "Given | None" = None

    def note(self) -> None:
        """Write down in the directory which models were named."""
        from rlvr_eval.plan.named_models_folder import write_given

        if self.given is not None:
            write_given(self.run, self.given)


def is_file_of_models(path: Path) -> bool:
    """Return whether a path is that of a file of models, by its suffix."""
    return path.suffix in (".yaml", ".yml")


def subject(request: Request) -> Subject:
    """Find out what a request asks for; write nothing.

    Raises:
        UserError: if it names nothing, or a value is wrong.
    """
    from rlvr.runs.run_directory import Run
    from rlvr_eval.plan import models_file
    from rlvr_eval.plan.named_models_folder import settings_of

    changes = list(request.changes)
    if request.path is None:
        return _named_models(request)
    if request.benchmarks:
        changes.append(f"benchmarks={json.dumps(_benchmarks(request.benchmarks))}")
    if is_file_of_models(request.path):
        given = models_file.read(request.path, changes)
        return Subject(_directory(request, request.path.stem), given.settings, given)
    run = Run(request.path)
    return Subject(run, settings_of(run, changes))


def draw(subject: Subject, processes: int | None = None) -> None:
    """Draw and verify what is missing.

    Args:
        processes: how many sample; None takes one per GPU, or per core without any.
    """
    from rlvr_eval.draw.drawing import evaluate as draw_missing

    draw_missing(subject.run, subject.settings, processes=processes)


def unreadable(subject: Subject) -> dict[str, str]:
    """Return models that were named and that no report can show, with the reason."""
    from rlvr_eval.plan.named_models_folder import is_given
    from rlvr_eval.plan.planning import models_of

    found: dict[str, str] = {}
    if is_given(subject.run):
        models_of(subject.run, subject.settings.beside, found)
    return found


@raises_user_errors("hf")
def evaluate(
    run: str | PathLike[str] | None = None,
    *,
    base: str | None = None,
    models: str | Sequence[str] = (),
    benchmarks: Benchmark | Sequence[Benchmark] = (),
    out: str | PathLike[str] | None = None,
    processes: int | None = None,
    **overrides: Any,
) -> Evaluation:
    """Evaluate the base and new checkpoints of a run, or models by name, and write the report.

    The function behind `rlvr eval`. What was drawn before is not drawn again. Completions are
    sampled in processes that import the calling script; there, call it below
    `if __name__ == "__main__":`.

    Args:
        run: run directory, or a file of models (YAML); None where `base` or `models` name them.
        base: base model: Hub id[@revision] or folder.
        models: Hub ids, folders, or folders of checkpoints of any trainer.
        benchmarks: names, `NAME=FILE,KEY=VALUE..` or dicts as in a recipe; needed for models by
            name, otherwise the run's own.
        out: run directory for models by name (default: runs/NAME of the first).
        processes: how many sample (default: one per GPU, without GPUs one per core).
        overrides: values of the evaluation section to replace: `design="fixed:64"`,
            `sampling={"temperature": 1.0}`.

    Raises:
        UserError: if nothing or both are named, a value is wrong, or a model cannot be loaded.
    """
    from rlvr_eval.plan.named_models_folder import nothing_left_if_refused
    from rlvr_eval.report.rebuild import report

    named = (models,) if isinstance(models, str) else tuple(models)
    if (run is None) != bool(base or named):
        raise UserError("name a run directory, or models with base= and models=; not both")
    plain = Request(
        path=None if run is None else Path(fspath(run)),
        base=base,
        models=named,
        benchmarks=(benchmarks,) if isinstance(benchmarks, str | Mapping) else tuple(benchmarks),
        out=None if out is None else Path(fspath(out)),
    )
    asked = subject(_with_changes(plain, overrides))
    asked.note()
    with nothing_left_if_refused(asked.run):
        draw(asked, processes)
        summary = report(asked.run, stream=None)
    track(asked.run)
    return Evaluation(asked.run.path, summary, unreadable(asked))


def track(run: "Run") -> None:
    """Show in W&B what was reported, if the run is shown there; never fails, never waits long."""
    from rlvr_eval.tracking.background_process import TrackedEvaluation

    tracked = TrackedEvaluation(run)
    tracked.refresh()
    if told := tracked.outcome():
        logger.info(told)


def _with_changes(request: Request, overrides: Mapping[str, Any]) -> Request:
    if not overrides:
        return request
    raw = subject(request).settings.model_dump(mode="json")
    return replace(request, changes=overrides_of(overrides, raw))


def _named_models(request: Request) -> Subject:
    from rlvr.recipes import recipe as recipes
    from rlvr_eval.plan.named_models_folder import Given

    if not request.benchmarks:
        raise UserError("say what to measure on: --benchmark math500, or NAME=FILE; see --help")
    raw = {"benchmarks": _benchmarks(request.benchmarks)}
    settings = recipes.evaluation(raw, request.changes, source="rlvr eval")
    name = Path(request.base or request.models[0]).name
    base = _lasting(request.base) if request.base else None
    given = Given(base, tuple(map(_lasting, request.models)), settings)
    return Subject(_directory(request, re.sub(r"[^A-Za-z0-9.+_-]", "_", name)), settings, given)


def _directory(request: Request, name: str) -> "Run":
    from rlvr.runs.run_directory import Run

    return Run(request.out or Path("runs") / name)


def _lasting(model: str) -> str:
    """Write a folder as its whole path, since the command may be repeated from elsewhere."""
    return str(Path(model).resolve()) if Path(model).is_dir() else model


def _benchmarks(written: Sequence[Benchmark]) -> list[dict[str, Any]]:
    """Return benchmarks as a recipe's section has them."""
    from rlvr.tasks.problem_section import from_text

    return [from_text(each) if isinstance(each, str) else dict(each) for each in written]
