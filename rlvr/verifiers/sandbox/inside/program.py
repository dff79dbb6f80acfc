"""Runs a whole program with a standard input of its own and the sandbox's real output.

The parent's first message carries the source and the input. The first message on standard output
says that nothing hostile has run yet; what follows is the program's own output.

The input becomes a file, as where a judge redirects one: fast ways to read ask for its size or map
it into memory, and it has a name, which the sandbox also has as /dev/stdin.
"""

import marshal
import os
import sys

from . import frames
from .confine import confine
from .faults import describe
from .script import make_module


def main() -> None:
    """Exit code 0 if the program ended or called sys.exit, else 1 and why on standard error."""
    channel = frames.Channel(0, 1)
    setup = marshal.loads(channel.receive().payload)
    _become_input(setup.pop("stdin"), setup["input_folder"])
    confine(setup["rlimits"], setup["uid"])
    channel.send(frames.Kind.READY)
    main_module = make_module("__main__", setup["source"])
    try:
        _run(setup["prelude"], "<prelude>", main_module.__dict__)
        _run(setup["source"], "<program>", main_module.__dict__)
    except SystemExit:
        pass
    except BaseException as error:
        sys.stderr.write(f"\n{describe(error)}\n")
        sys.exit(1)


def _become_input(content: bytes, folder: str) -> None:
    """Put a file with this content in the place of the standard input."""
    path = os.path.join(folder, "stdin")
    with open(path, "wb") as file:
        file.write(content)
    source = os.open(path, os.O_RDONLY)
    os.dup2(source, 0)
    os.close(source)
    if folder == os.curdir:
        os.unlink(path)
    # the one of the start takes what it reads from for a pipe
    sys.stdin = open(0, encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115


def _run(source: str, name: str, namespace: dict[str, object]) -> None:
    exec(compile(source, name, "exec", dont_inherit=True), namespace)
