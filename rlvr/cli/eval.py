"""`rlvr eval`: models to verdicts, summary and report.

The models are a training run's base and checkpoints, or whatever `--base` and `--model` name. With
several processes (torchrun, accelerate, srun) each takes its share and the first one reports.
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rlvr.cli.options.argument_types import duration, folder, whole
from rlvr.cli.options.common import add_dry_run, say_where, track, write_report
from rlvr.cli.options.probing import add_probe_arguments, probe
from rlvr.core.errors import UserError

if TYPE_CHECKING:
    from rlvr.api.evaluating import Request
    from rlvr.recipes.evaluation_section import Evaluation
    from rlvr.runs.run_directory import Run

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
    request = _request(options)
    if options.dry_run:
        return _dry_run(request)
    if options.watch:
        return _watch(request, options)
    from rlvr.api.evaluating import draw, subject, unreadable
    from rlvr_eval.plan.named_models_folder import nothing_left_if_refused

    asked = subject(request)
    asked.note()
    with nothing_left_if_refused(asked.run):
        if options.regrade:
            _regrade(asked.run, asked.settings)
        elif options.probe:
            probe(asked.run, asked.settings, options)
        else:
            draw(asked, options.processes)
        _report(asked.run, options)
    track(asked.run)
    return _tell_unreadable(unreadable(asked))


def _request(options: argparse.Namespace) -> "Request":
    """Return what the arguments ask for."""
    from rlvr.api.evaluating import Request

    _sort_arguments(options)
    changes = [*options.overrides, *([f"design={options.design}"] if options.design else [])]
    request = Request(
        path=Path(options.path) if options.path else None,
        base=options.base,
        models=tuple(options.model),
        benchmarks=tuple(options.benchmark),
        out=options.out,
        changes=tuple(changes),
    )
    _refuse_early_end(options, request)
    return request


def _sort_arguments(options: argparse.Namespace) -> None:
    """Tell a directory from the first override, before anything waits for the one or the other."""
    from rlvr.api.evaluating import is_file_of_models

    if options.path and "=" in options.path and not Path(options.path).exists():
        options.overrides, options.path = [options.path, *options.overrides], None
    if bool(options.path) == bool(options.base or options.model):
        raise UserError("name a run directory, or models with --base and --model; not both")
    if options.path and Path(options.path).is_file() and not is_file_of_models(Path(options.path)):
        raise UserError(f"{options.path}: neither a run directory nor a .yaml file of models")
    if options.watch and (options.regrade or options.probe):
        raise UserError("--watch evaluates what is new; give --regrade or --probe without it")


def _refuse_early_end(options: argparse.Namespace, request: "Request") -> None:
    if not (options.until_step or options.idle):
        return
    if not options.watch:
        raise UserError("--until-step and --idle say when --watch ends; add --watch")
    if not request.is_by_name() and (Path(options.path) / "recipe.yaml").is_file():
        raise UserError(
            "--until-step and --idle are for models by name; a training run's watch ends with it"
        )


def _tell_unreadable(unreadable: dict[str, str]) -> int:
    """Name models that could not be read; return the exit code, 1 if there are any."""
    for name, reason in unreadable.items():
        print(f"not evaluated: {name}: {reason}", file=sys.stderr)
    return 1 if unreadable else 0


def _dry_run(request: "Request") -> int:
    from rlvr.api.evaluating import subject
    from rlvr.cli.plan import Request as Plan
    from rlvr.cli.plan import plan_evaluation
    from rlvr_eval.plan.named_models_folder import is_given, read_given

    asked = subject(request)
    run, given = asked.run, asked.given
    if given is None and is_given(run):
        given = read_given(run)
    if given is None:
        names = [run.recipe().model, *(str(checkpoint.path) for checkpoint in run.checkpoints())]
    else:
        names = [*([given.base] if given.base else []), *given.models]
    return plan_evaluation(run.name, asked.settings, names, None, Plan(is_here=True))


def _regrade(run: "Run", settings: "Evaluation") -> None:
    from rlvr.verifiers import TIMEOUT_S
    from rlvr_eval.draw.regrade import regrade

    for regraded in regrade(run, timeout_s=settings.verify_timeout_s or TIMEOUT_S):
        print(regraded, file=sys.stderr)


def _watch(request: "Request", options: argparse.Namespace) -> int:
    from rlvr.api.evaluating import subject
    from rlvr.runs.run_directory import Run
    from rlvr_eval.draw.drawing import crew_for
    from rlvr_eval.draw.watch import Until, wait_for_start, watch
    from rlvr_eval.plan.planning import models_of, plan, store_of
    from rlvr_eval.tracking.background_process import TrackedEvaluation

    if not request.is_by_name() and wait_for_start(Run(Path(options.path))):
        print(f"{options.path}: training has started", file=sys.stderr)
    asked = subject(request)
    asked.note()
    run, settings = asked.run, asked.settings
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
