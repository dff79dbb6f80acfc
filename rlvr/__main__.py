"""The `rlvr` command: verbs only. Each imports what it needs when it runs.

Exit codes: 0 done, 1 failed, 2 the user's input is wrong, 75 interrupted by a signal and saved
(start the same command again to go on).
"""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from rlvr import __version__
from rlvr.errors import UserError

EXIT_USER_ERROR = 2
EXIT_REQUEUE = 75


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except UserError as error:
        print(f"rlvr {options.verb}: {error}", file=sys.stderr)
        return EXIT_USER_ERROR


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rlvr",
        description="Train by RLVR or distillation; measure every checkpoint's pass@k.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    _add_train(verbs)
    return parser


def _add(
    verbs: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, text: str, example: str
) -> argparse.ArgumentParser:
    return verbs.add_parser(
        name,
        help=text,
        description=text,
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def _add_train(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = _add(
        verbs,
        "train",
        "Train a recipe; run again on the same run directory, it resumes.",
        "rlvr train recipes/quickstart/grpo.yaml seed=2 trainer.max_steps=100",
    )
    parser.add_argument("recipe", type=Path, help="recipe file (YAML)")
    parser.add_argument(
        "overrides", nargs="*", metavar="KEY=VALUE", help="recipe values to replace"
    )
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of run directories")
    parser.set_defaults(run=_train)


def _train(options: argparse.Namespace) -> int:
    from rlvr import recipe as recipes
    from rlvr.runs import Run

    recipe = recipes.load(options.recipe, options.overrides)
    run = Run(options.runs / recipe.name)
    from rlvr.training.run import Ending, train

    ending = train(recipe, run, source=str(options.recipe))
    print(f"{run.path}: {ending.value}")
    return EXIT_REQUEUE if ending is Ending.INTERRUPTED else 0


if __name__ == "__main__":
    sys.exit(main())
