"""Hands a sandbox the code of ours that runs in it, compiled, as the first thing on its input.

So nothing of this package has to be visible inside as a file, and no sandbox spends its first
milliseconds on compiling the same modules as the one before.
"""

import __future__

import ast
import marshal
from functools import cache
from pathlib import Path

_INSIDE = Path(__file__).parent / "inside"
_SPEAKING = (
    "frames",
    "confine",
    "faults",
    "arrays",
    "kinds",
    "codec",
    "raised",
    "stand_ins",
    "peer",
)
# the modules that each program needs, each after those that it imports
_MODULES = {
    "program": ("frames", "confine", "faults", "locks", "script", "program"),
    "candidate": (*_SPEAKING, "locks", "script", "candidate"),
    "judge": (*_SPEAKING, "numpy_shapes", "judge"),
}
_LOADER = """
import marshal, os, sys
parts, missing = [], {size}
while missing:
    parts.append(os.read(0, missing))
    missing -= len(parts[-1])
    if not parts[-1]:
        sys.exit("the code did not arrive")
package = sys.modules["inside"] = type(sys)("inside")
package.__path__ = []
for name, code in marshal.loads(b"".join(parts)):
    module = sys.modules["inside." + name] = type(sys)("inside." + name)
    module.__package__ = "inside"
    setattr(package, name, module)
    exec(code, module.__dict__)
module.main()
"""


@cache
def compiled(program: str) -> bytes:
    """The modules of a program, to be written to its standard input before all else."""
    return marshal.dumps([(name, _compile(name)) for name in _MODULES[program]])


@cache
def loader(program: str) -> str:
    """Source that receives `compiled(program)` and runs it."""
    return _LOADER.format(size=len(compiled(program)))


def _compile(name: str) -> object:
    tree = ast.parse((_INSIDE / f"{name}.py").read_text())
    # by a flag instead of the statement, which reads the module `__future__` from the disk
    flags = __future__.annotations.compiler_flag
    tree.body = [statement for statement in tree.body if not _is_future(statement)]
    # without the docstrings, which would not fit into the pipe with the rest
    return compile(tree, f"inside/{name}.py", "exec", flags, dont_inherit=True, optimize=2)


def _is_future(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"
