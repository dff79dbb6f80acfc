"""`rlvr grade`: trustworthy verdicts on completions from anywhere."""

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from rlvr.cli.options.common import add_verify_timeout
from rlvr.core.errors import UserError

HELP = "Grade completions: read JSON lines, write one verdict per line in the same order."
EXAMPLE = "rlvr grade answers.jsonl --task math | jq -r .verdict | sort | uniq -c"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to grade, and by which verifier."""
    parser.add_argument(
        "file", help='JSON lines {"id", "gold" or "problem", "completion"}, or - for stdin'
    )
    parser.add_argument(
        "--task",
        required=True,
        help="verifier: math, code, countdown, .. or path/to/file.py:function",
    )
    parser.add_argument(
        "--prompt",
        default="plain",
        help="template of the completions' prompts: a name, a file, or text with {question} "
        "(default: plain)",
    )
    parser.add_argument(
        "--path",
        action="append",
        default=[],
        metavar="BENCHMARK=FILE",
        help="local file of the benchmark whose problems the lines name",
    )
    add_verify_timeout(parser)


def run(options: argparse.Namespace) -> int:
    """Grade; exit code 1 if a line could not be graded."""
    from rlvr.tasks import problems
    from rlvr.tasks.grade import grade

    pairs = [pair.partition("=") for pair in options.path]
    for name, _, path in pairs:
        if not path:
            raise UserError(f"--path {name}: write BENCHMARK=FILE, such as math500=math500.jsonl")
        problems.check(name, path=path)
    settings = {
        "template": options.prompt,
        "paths": {name: path for name, _, path in pairs},
        "timeout_s": options.verify_timeout_s,
    }
    if options.file == "-":
        # lines as bytes, so that one that is not UTF-8 does not end the reading
        lines_in = getattr(sys.stdin, "buffer", sys.stdin)
        return grade(lines_in, options.task, sys.stdout, sys.stderr, **settings)
    path = Path(options.file)
    if not path.is_file():
        raise UserError(f"{path}: no such file; give a file of JSON lines, or - for stdin")
    with path.open("rb") as lines:
        return grade(_read(lines, path), options.task, sys.stdout, sys.stderr, **settings)


def _read(lines: Iterable[bytes], path: Path) -> Iterator[bytes]:
    try:
        yield from lines
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from None
