"""The `rlvr` command: finds the verb, runs it, and turns the user's mistakes into one message.

Exit codes: 0 done, 1 failed, 2 the user's input is wrong, 75 interrupted by a signal and saved
(start the same command again to go on), 76 saved where `--until save` asked for it.
"""

import argparse
import logging
import os
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from keyword import iskeyword

from rlvr import cli
from rlvr.cli.options.argument_types import Once
from rlvr.core import disk, extras, interrupt
from rlvr.core.errors import UserError, path_fault, shown
from rlvr.core.exit_codes import EXIT_BROKEN_PIPE


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code."""
    if arguments is None:  # this process is the command's own
        interrupt.watch()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    _quieten_libraries()
    options = _parse(sys.argv[1:] if arguments is None else arguments)
    try:
        with disk.told():
            extras.require(options.extra)
            code = int(options.run(options))
            sys.stdout.flush()
        return code
    except UserError as error:
        print(f"rlvr {options.verb}: {shown(error)}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        # whoever read our output has enough of it, as `head` does; nothing is left to say
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE
    except OSError as error:
        fault = path_fault(error)
        if fault is None:
            raise
        print(f"rlvr {options.verb}: {shown(UserError(fault))}", file=sys.stderr)
        return UserError.exit_code
    except ModuleNotFoundError as error:
        remedy = extras.explain_missing(error.name or "")
        if remedy is None:
            raise
        print(f"rlvr {options.verb}: {remedy}", file=sys.stderr)
        return UserError.exit_code
    except KeyboardInterrupt:
        interrupt.tell(options.verb)
        return interrupt.EXIT_CODE


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse a command; overrides may stand anywhere after the recipe, also behind options."""
    parser = build_parser()
    if any("\0" in word for word in arguments):
        parser.error("an argument holds a NUL character, which no file's name can")
    options, rest = parser.parse_known_args(arguments)
    strange = [word for word in rest if word.startswith("-") or "=" not in word]
    if strange or (rest and not hasattr(options, "overrides")):
        parser.error(f"unrecognized arguments: {' '.join(strange or rest)}")
    if rest:
        options.overrides = [*options.overrides, *rest]
    return options


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of all verbs."""
    parser = argparse.ArgumentParser(
        prog="rlvr",
        description="Train by RLVR or distillation; measure every checkpoint's pass@k.",
        epilog="start with:\n  rlvr quickstart",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    subparsers = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for name in cli.NAMES:
        verb = import_module(f"rlvr.cli.{name}_" if iskeyword(name) else f"rlvr.cli.{name}")
        subparser = subparsers.add_parser(
            name,
            help=verb.HELP,
            description=verb.HELP,
            epilog=f"example:\n  {verb.EXAMPLE}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        subparser.register("action", None, Once)
        verb.add_arguments(subparser)
        subparser.set_defaults(run=verb.run, extra=getattr(verb, "EXTRA", None))
    return parser


class _Version(argparse.Action):
    """Prints the version, which is only then looked up."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: object,
        values: object,
        option: object = None,
    ) -> None:
        import rlvr

        print(rlvr.__version__)
        parser.exit()


def _quieten_libraries() -> None:
    """Hide the libraries' progress bars and notices, unless the user set these variables."""
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TQDM_DISABLE", "1")
    # a library's log file that cannot be written is no news of the run
    logging.raiseExceptions = False
    # about its own use of vLLM, which is not ours
    warnings.filterwarnings("ignore", message="TRL currently supports vLLM")
