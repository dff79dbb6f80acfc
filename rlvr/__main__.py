"""The `rlvr` command: verbs only. Each imports what it needs when it runs.

Exit codes: 0 done, 1 failed, 2 the user's input is wrong, 75 interrupted by a signal and saved
(start the same command again to go on).
"""

import argparse
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from rlvr import __version__
from rlvr.errors import UserError

if TYPE_CHECKING:
    from rlvr.recipe import Evaluation
    from rlvr.runs import Run

EXIT_USER_ERROR = 2
EXIT_REQUEUE = 75
EXIT_SIGINT = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    _quieten_libraries()
    options = _parse(sys.argv[1:] if arguments is None else arguments)
    try:
        return int(options.run(options))
    except UserError as error:
        print(f"rlvr {options.verb}: {error}", file=sys.stderr)
        return EXIT_USER_ERROR
    except KeyboardInterrupt:
        print(f"rlvr {options.verb}: stopped; run it again to go on", file=sys.stderr)
        return EXIT_SIGINT


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Overrides may stand anywhere after the recipe, also behind options."""
    parser = _parser()
    options, rest = parser.parse_known_args(arguments)
    strange = [word for word in rest if word.startswith("-") or "=" not in word]
    if strange or (rest and not hasattr(options, "overrides")):
        parser.error(f"unrecognized arguments: {' '.join(strange or rest)}")
    if rest:
        options.overrides = [*options.overrides, *rest]
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rlvr",
        description="Train by RLVR or distillation; measure every checkpoint's pass@k.",
        epilog="start with:\n  rlvr quickstart",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=__version__)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for add in (_add_quickstart, _add_train, _add_eval, _add_report):
        add(verbs)
    return parser


Verbs: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def _add(
    verbs: Verbs, run: Callable[[argparse.Namespace], int], text: str, example: str
) -> argparse.ArgumentParser:
    name = run.__name__.removeprefix("_")
    parser = verbs.add_parser(
        name,
        help=text,
        description=text,
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser


def _add_quickstart(verbs: Verbs) -> None:
    parser = _add(
        verbs,
        _quickstart,
        "Run the whole loop on the embedded model: train, evaluate every checkpoint, report.",
        "rlvr quickstart",
    )
    _add_runs(parser)
    _add_overrides(parser)


def _quickstart(options: argparse.Namespace) -> int:
    from rlvr import tiny

    recipe = tiny.RECIPES / "grpo.yaml"
    code = _train_recipe(recipe, options)
    if code:
        return code
    return _evaluate_and_report(_run(options.runs / "quickstart"), None, None, as_json=False)


def _add_train(verbs: Verbs) -> None:
    parser = _add(
        verbs,
        _train,
        "Train a recipe; run again on the same run directory, it resumes.",
        "rlvr train recipes/quickstart/grpo.yaml seed=2 trainer.max_steps=100",
    )
    parser.add_argument("recipe", type=Path, help="recipe file (YAML)")
    _add_overrides(parser)
    _add_runs(parser)


def _train(options: argparse.Namespace) -> int:
    return _train_recipe(options.recipe, options)


def _train_recipe(path: Path, options: argparse.Namespace) -> int:
    from rlvr import recipe as recipes

    recipe = recipes.load(path, options.overrides)
    run = _run(options.runs / recipe.name)
    from rlvr.training.run import Ending, train

    ending = train(recipe, run, source=str(path))
    print(f"{run.path}: {ending.value}")
    return EXIT_REQUEUE if ending is Ending.INTERRUPTED else 0


def _add_eval(verbs: Verbs) -> None:
    parser = _add(
        verbs,
        _eval,
        "Evaluate a run's base and every checkpoint that is not evaluated yet.",
        "rlvr eval runs/quickstart --design fixed:256",
    )
    parser.add_argument("path", type=Path, metavar="RUN", help="run directory")
    parser.add_argument("--design", help="fixed:N or sequential[:LOOKS/THRESHOLDS]")
    parser.add_argument("--processes", type=int, help="processes that sample at once")
    parser.add_argument("--json", action="store_true", help="print summary.json, not the table")


def _eval(options: argparse.Namespace) -> int:
    run = _run(options.path)
    settings = run.recipe().evaluation
    if settings and options.design:
        settings = settings.model_copy(update={"design": options.design})
    return _evaluate_and_report(run, settings, options.processes, as_json=options.json)


def _add_report(verbs: Verbs) -> None:
    parser = _add(
        verbs,
        _report,
        "Rebuild table, summary.json and report.html from the stored draws; loads no model.",
        "rlvr report runs/quickstart",
    )
    parser.add_argument("path", type=Path, metavar="RUN", help="run directory")
    parser.add_argument("--json", action="store_true", help="print summary.json, not the table")


def _report(options: argparse.Namespace) -> int:
    return _write_report(_run(options.path), as_json=options.json)


def _evaluate_and_report(
    run: "Run", settings: "Evaluation | None", processes: int | None, *, as_json: bool
) -> int:
    from rlvr_eval.pipeline import evaluate

    settings = settings or run.recipe().evaluation
    if settings is None:
        raise UserError(f"{run.path}/recipe.yaml has no evaluation: section; add one")
    evaluate(run, settings, processes=processes)
    return _write_report(run, as_json=as_json)


def _write_report(run: "Run", *, as_json: bool) -> int:
    from rlvr_eval.pipeline import report

    summary = report(run, stream=sys.stderr if as_json else sys.stdout)
    if as_json:
        print(json.dumps(summary))
    else:
        print(f"report: {run.path / 'report.html'}")
    return 0


def _add_overrides(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="values to replace")


def _add_runs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of run directories")


def _run(path: Path) -> "Run":
    from rlvr.runs import Run

    return Run(path)


def _quieten_libraries() -> None:
    """Their progress bars and notices would bury ours; whoever sets these variables keeps them."""
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TQDM_DISABLE", "1")
    os.environ.setdefault("DS_ACCELERATOR_LOG_LEVEL", "ERROR")


if __name__ == "__main__":
    sys.exit(main())
