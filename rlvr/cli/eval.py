"""`rlvr eval`: models to verdicts, summary and report.

The models are a training run's base and checkpoints, or whatever `--base` and `--model` name. With
several processes (torchrun, accelerate, srun) each takes its share and the first one reports.
"""

import argparse
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlvr.cli.options.argument_types import duration, folder, whole
from rlvr.cli.options.common import add_dry_run, say_where, track, write_report
from rlvr.cli.options.probing import add_probe_arguments, probe
from rlvr.core.errors import UserError

if TYPE_CHECKING:
    from rlvr.recipes.evaluation_section import Evaluation
    from rlvr.runs.run_directory import Run
    from rlvr_eval.plan.named_models_folder import Given

HELP = "Evaluate the base and new checkpoints of a run, or models that you name."
EXTRA = "hf"
EXAMPLE = (
    "rlvr eval runs/quickstart --design fixed:256\n"
    "  rlvr eval --base Qwen/Qwen2.5-7B --model out/checkpoints --benchmark math500 "
    "design=sequential\n"
    "  rlvr eval recipes/evaluations/figure-7.yaml"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to evaluate, and what to change of its recipe."""
    parser.add_argument(
        "path", nargs="?", metavar="RUN|FILE", help="run directory, or a file of models"
    )
    parser.add_argument(
        "overrides", nargs="*", metavar="KEY=VALUE", help="replace values of the evaluation section"
    )
    parser.add_argument("--base", metavar="MODEL", help="base model: Hub id[@revision] or folder")
    parser.add_argument(
        "--model",
        action="append",
        default=[],
        metavar="MODEL",
        help="model to evaluate: Hub id[@revision], folder, or a folder of checkpoints of any "
        "trainer; may be repeated",
    )
    parser.add_argument(
        "--benchmark",
        action="append",
        default=[],
        metavar="NAME[=FILE][,KEY=VALUE..]",
        help="benchmark to measure on (default: the recipe's); FILE replaces the data of the Hub. "
        "Your own problems: mine=problems.csv,question=COLUMN,gold=COLUMN,verifier=math, or "
        "mine=hub:OWNER/SET,files=PATTERN,..",
    )
    parser.add_argument(
        "--out", type=folder, metavar="DIR", help="run directory for --base and --model"
    )
    parser.add_argument(
        "--design",
        help="sampling design: fixed:N, or sequential[:N or :LOOKS/THRESHOLDS], which stops "
        "problems whose answer is known; sequential:1024@k=1,256 makes differences at these k "
        "nearly as sure as fixed:1024 does; one with /continue:LOOK@PROBABILITY is reported "
        "with control 0 (default: fixed:N, N as the benchmark is measured)",
    )
    parser.add_argument(
        "--processes",
        type=whole(1, 1024),
        metavar="N",
        help="number of processes that sample (default: one per GPU, or per "
        "engine.tensor_parallel_size GPUs; without GPUs one per core)",
    )
    parser.add_argument(
        "--until-step",
        type=whole(1),
        metavar="N",
        help="with --watch and models by name: stop once a model of step N is evaluated",
    )
    parser.add_argument(
        "--idle",
        type=duration,
        metavar="TIME",
        help="with --watch and models by name: stop when no new model came for TIME (2h, 30m)",
    )
    parser.add_argument(
        "--watch", action="store_true", help="wait for new checkpoints while the run trains"
    )
    parser.add_argument(
        "--regrade", action="store_true", help="verify the stored completions again; sample nothing"
    )
    parser.add_argument(
        "--json", action="store_true", help="print summary.json instead of the tables"
    )
    add_dry_run(parser)
    add_probe_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Evaluate what is due, then report."""
    _sort_arguments(options)
    if options.dry_run:
        return _dry_run(options)
    if options.watch:
        return _watch(options)
    from rlvr_eval.plan.named_models_folder import nothing_left_if_refused

    evaluated, settings = _subject(options)
    with nothing_left_if_refused(evaluated):
        if options.regrade:
            _regrade(evaluated, settings)
        elif options.probe:
            probe(evaluated, settings, options)
        else:
            from rlvr_eval.draw.drawing import evaluate

            evaluate(evaluated, settings, processes=options.processes)
        _report(evaluated, options)
    track(evaluated)
    return _tell_unreadable(_unreadable(evaluated, settings))


def _sort_arguments(options: argparse.Namespace) -> None:
    """Tell a directory from the first override, before anything waits for the one or the other."""
    if options.path and "=" in options.path and not Path(options.path).exists():
        options.overrides, options.path = [options.path, *options.overrides], None
    if bool(options.path) == bool(options.base or options.model):
        raise UserError("name a run directory, or models with --base and --model; not both")
    if options.path and Path(options.path).is_file() and not _is_file_of_models(options.path):
        raise UserError(f"{options.path}: neither a run directory nor a .yaml file of models")
    if options.watch and (options.regrade or options.probe):
        raise UserError("--watch evaluates what is new; give --regrade or --probe without it")
    is_by_name = not options.path or _is_file_of_models(options.path)
    if (options.until_step or options.idle) and not options.watch:
        raise UserError("--until-step and --idle say when --watch ends; add --watch")
    if (options.until_step or options.idle) and not is_by_name and _is_training_run(options.path):
        raise UserError(
            "--until-step and --idle are for models by name; a training run's watch ends with it"
        )


def _is_file_of_models(path: str) -> bool:
    return Path(path).suffix in (".yaml", ".yml")


def _is_training_run(path: str) -> bool:
    return (Path(path) / "recipe.yaml").is_file()


def _unreadable(evaluated: "Run", settings: "Evaluation") -> dict[str, str]:
    """List models that were named and that no report can show."""
    from rlvr_eval.plan.named_models_folder import is_given
    from rlvr_eval.plan.planning import models_of

    found: dict[str, str] = {}
    if is_given(evaluated):
        models_of(evaluated, settings.beside, found)
    return found


def _tell_unreadable(unreadable: dict[str, str]) -> int:
    """Name models that could not be read; return the exit code, 1 if there are any."""
    for name, reason in unreadable.items():
        print(f"not evaluated: {name}: {reason}", file=sys.stderr)
    return 1 if unreadable else 0


def _subject(options: argparse.Namespace) -> "tuple[Run, Evaluation]":
    """Return the directory, and how its models are measured; note models that were named."""
    from rlvr_eval.plan.named_models_folder import write_given

    run, settings, given = _asked_for(options)
    if given is not None:
        write_given(run, given)
    return run, settings


def _asked_for(options: argparse.Namespace) -> "tuple[Run, Evaluation, Given | None]":
    """Return directory, settings, and models that are not a run's; write nothing."""
    from rlvr.runs.run_directory import Run
    from rlvr_eval.plan.named_models_folder import settings_of

    changes = [*options.overrides, *([f"design={options.design}"] if options.design else [])]
    if options.path and _is_file_of_models(options.path):
        return _recipe_of_models(Path(options.path), options, changes)
    if options.path:
        run = Run(Path(options.path))
        if options.benchmark:
            changes.append(f"benchmarks={json.dumps(_benchmarks(options.benchmark))}")
        return run, settings_of(run, changes), None
    return _named_models(options, changes)


def _named_models(
    options: argparse.Namespace, changes: list[str]
) -> "tuple[Run, Evaluation, Given]":
    from rlvr.recipes import recipe as recipes
    from rlvr.runs.run_directory import Run
    from rlvr_eval.plan.named_models_folder import Given

    if not options.benchmark:
        raise UserError("say what to measure on: --benchmark math500, or NAME=FILE; see --help")
    raw = {"benchmarks": _benchmarks(options.benchmark)}
    settings = recipes.evaluation(raw, changes, source="rlvr eval")
    name = re.sub(r"[^A-Za-z0-9.+_-]", "_", Path(options.base or options.model[0]).name)
    run = Run(options.out or Path("runs") / name)
    base = _lasting(options.base) if options.base else None
    return run, settings, Given(base, tuple(map(_lasting, options.model)), settings)


def _recipe_of_models(
    path: Path, options: argparse.Namespace, changes: list[str]
) -> "tuple[Run, Evaluation, Given]":
    from rlvr.runs.run_directory import Run
    from rlvr_eval.plan import models_file

    if options.benchmark:
        changes.append(f"benchmarks={json.dumps(_benchmarks(options.benchmark))}")
    given = models_file.read(path, changes)
    return Run(options.out or Path("runs") / path.stem), given.settings, given


def _dry_run(options: argparse.Namespace) -> int:
    from rlvr.cli.plan import Request, plan_evaluation
    from rlvr_eval.plan.named_models_folder import is_given, read_given

    run, settings, given = _asked_for(options)
    if given is None and is_given(run):
        given = read_given(run)
    if given is None:
        names = [run.recipe().model, *(str(checkpoint.path) for checkpoint in run.checkpoints())]
    else:
        names = [*([given.base] if given.base else []), *given.models]
    return plan_evaluation(run.name, settings, names, None, Request(is_here=True))


def _lasting(model: str) -> str:
    """Write a folder as its whole path, since the command may be repeated from elsewhere."""
    return str(Path(model).resolve()) if Path(model).is_dir() else model


def _benchmarks(written: list[str]) -> list[dict[str, Any]]:
    """Return the benchmarks in the form that a recipe's section has."""
    from rlvr.tasks.problem_section import from_text

    return [from_text(entry) for entry in written]


def _regrade(run: "Run", settings: "Evaluation") -> None:
    from rlvr.verifiers import TIMEOUT_S
    from rlvr_eval.draw.regrade import regrade

    for regraded in regrade(run, timeout_s=settings.verify_timeout_s or TIMEOUT_S):
        print(regraded, file=sys.stderr)


def _watch(options: argparse.Namespace) -> int:
    from rlvr.runs.run_directory import Run
    from rlvr_eval.draw.drawing import crew_for
    from rlvr_eval.draw.watch import Until, wait_for_start, watch
    from rlvr_eval.plan.planning import models_of, plan, store_of
    from rlvr_eval.tracking.background_process import TrackedEvaluation

    is_run = options.path and not _is_file_of_models(options.path)
    if is_run and wait_for_start(Run(Path(options.path))):
        print(f"{options.path}: training has started", file=sys.stderr)
    run, settings = _subject(options)
    # models that are not whole yet are waited for
    planned = plan(models_of(run, settings.beside, {}), settings, store_of(run))
    crew = crew_for(settings, processes=options.processes, evaluations=planned)
    tracked = TrackedEvaluation(run)

    def evaluated(run: Run) -> None:
        _report(run, options)
        tracked.refresh()

    until = Until(options.until_step, options.idle)
    unreadable = watch(run, settings, crew, evaluated=evaluated, until=until)
    say_where(tracked)
    return _tell_unreadable(unreadable)


def _report(run: "Run", options: argparse.Namespace) -> None:
    """Report from the first of several processes: it stays until all is drawn."""
    from rlvr.core.launched import rank_and_world

    if rank_and_world()[0] == 0:
        write_report(run, as_json=options.json)
