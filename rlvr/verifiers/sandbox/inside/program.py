"""Runs a whole program with the sandbox's real standard input and output.

The parent's first message on standard input carries the source; what follows it is the program's
own input. The first message on standard output says that nothing hostile has run yet; what follows
is the program's own output.
"""

import marshal
import sys

from . import frames
from .confine import confine
from .faults import describe


def main() -> None:
    """Exit code 0 if the program ended or called sys.exit, else 1 and why on standard error."""
    channel = frames.Channel(0, 1)
    setup = marshal.loads(channel.receive().payload)
    confine(setup["rlimits"], setup["uid"])
    channel.send(frames.Kind.READY)
    main_module = type(sys)("__main__")
    sys.modules["__main__"] = main_module
    sys.argv = ["program.py"]
    try:
        _run(setup["prelude"], "<prelude>", main_module.__dict__)
        _run(setup["source"], "<program>", main_module.__dict__)
    except SystemExit:
        pass
    except BaseException as error:
        sys.stderr.write(f"\n{describe(error)}\n")
        sys.exit(1)


def _run(source: str, name: str, namespace: dict[str, object]) -> None:
    exec(compile(source, name, "exec", dont_inherit=True), namespace)
