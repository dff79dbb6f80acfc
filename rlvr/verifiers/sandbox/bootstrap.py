"""Hands a sandbox the code of ours that runs in it, compiled, as the first thing on its input.

So nothing of this package has to be visible inside as a file, and no sandbox spends its first
milliseconds on compiling the same modules as the one before.
"""

import ast
import marshal
import threading
from functools import cache
from pathlib import Path

_INSIDE = Path(__file__).parent / "inside"
_SPEAKING = (
    "frames", "confine", "faults", "arrays", "kinds", "building", "opaque", "writer", "reader",
    "codec", "raised", "awaiting", "inspection", "operators", "stand_ins", "peer",
)  # fmt: skip
# the modules that each program needs, each after those that it imports
_MODULES = {
    "program": ("frames", "confine", "faults", "locks", "script", "program"),
    "candidate": (*_SPEAKING, "locks", "script", "candidate"),
    "judge": (*_SPEAKING, "numpy_shapes", "trust", "judge"),
}
# Python 3.11 raises SystemError where two threads turn source into trees at the same time
_COMPILING = threading.Lock()
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


def compiled(program: str) -> bytes:
    """Return the modules of a program, to be written to its standard input before all else."""
    with _COMPILING:
        return _compiled(program)


@cache
def _compiled(program: str) -> bytes:
    return marshal.dumps([(name, _compile(name)) for name in _MODULES[program]])


@cache
def loader(program: str) -> str:
    """Return source that receives `compiled(program)` and runs it."""
    return _LOADER.format(size=len(compiled(program)))


def _compile(name: str) -> object:
    tree = _Bare().visit(ast.parse((_INSIDE / f"{name}.py").read_text()))
    # without the docstrings, which would not fit into the pipe with the rest
    return compile(tree, f"inside/{name}.py", "exec", dont_inherit=True, optimize=2)


class _Bare(ast.NodeTransformer):
    """Leaves out annotations, which are a third of the code, and the import of `__future__`.

    Python would read that module from the disk.
    """

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom | None:
        return None if node.module == "__future__" else node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        if node.value is None:
            return None
        bare = ast.Assign([node.target], self.visit(node.value))
        return ast.copy_location(bare, node)
