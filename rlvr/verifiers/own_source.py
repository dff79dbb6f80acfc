"""Where a user's function is, and what stands for its source.

    checks/same.py:same          function `same` of a file
    package.module:same          the same of a module that can be imported

The digest covers the file and the files of the same folder or package that it imports, so that a
verdict or a reward is never taken for that of a changed function. Nothing of it is imported here:
a user's module may do anything, so it is run in processes that can be killed (`own_worker`).
"""

import ast
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote, unquote

from rlvr.core.errors import UserError
from rlvr.core.hashing import streamed

_DIGEST_BYTES = 8
_LONGEST = 200  # characters; with the digest it is the name of a folder
_VERSION = re.compile(r"(?P<name>[^/@]+:[^/@]+)@[0-9a-f]{16}")
_KEPT = "".join(map(chr, range(33, 127))).replace("/", "").replace("@", "").replace("%", "")


@dataclass(frozen=True)
class OwnSource:
    """A function of the user's, found but not imported.

    Attributes:
        written: as the user names it.
        file: that it is in.
        module: its dotted name; empty for a file.
        function: its name there.
        root: folder that is on the path of imports.
    """

    written: str
    file: Path
    module: str
    function: str
    root: Path

    @cached_property
    def digest(self) -> str:
        """Of all source files that it may depend on, 16 hexadecimal digits."""
        hashed = streamed(_DIGEST_BYTES)
        for file in _sources(self.file, self.module, self.root):
            content = file.read_bytes()
            hashed.update(f"{file.relative_to(self.root)}|{len(content)}|".encode() + content)
        return hashed.hexdigest()

    @property
    def version(self) -> str:
        """The name and the digest, as one name of a folder."""
        return f"{quote(self.written, safe=_KEPT)}@{self.digest}"

    def argument(self) -> str:
        """Return what `own_worker` is started with."""
        told = {name: str(value) for name, value in asdict(self).items()}
        return json.dumps(told | {"digest": self.digest})


def is_own(name: str) -> bool:
    """Return whether a verifier's or reward's name is that of a user's function."""
    return ":" in name


def name_in(version: str) -> str | None:
    """Return the name in a version that `OwnSource.version` made; None if it is another's."""
    found = _VERSION.fullmatch(version)
    return unquote(found["name"]) if found else None


def find(written: str) -> OwnSource:
    """Find the file of a function.

    Raises:
        UserError: if it is written otherwise, or there is no such file or module.
    """
    place, _, function = written.rpartition(":")
    if not place or not place.isprintable() or not function.isidentifier():
        raise UserError(
            f"'{written}' names no function; write path/to/file.py:function or "
            "package.module:function"
        )
    try:
        stored = quote(written, safe=_KEPT)
    except UnicodeEncodeError:  # bytes of the command line that are not UTF-8
        raise UserError(f"{written!r:.100}: the name is not UTF-8; rename the file") from None
    if len(stored) > _LONGEST:
        raise UserError(f"{written:.100}..: the path is too long; give it relative to {Path.cwd()}")
    if place.endswith(".py"):
        file = Path(place)
        if not file.is_file():
            raise UserError(f"{written}: no such file {place}, seen from {Path.cwd()}")
        return OwnSource(written, file.resolve(), "", function, file.resolve().parent)
    return _in_module(written, place, function)


def _in_module(written: str, module: str, function: str) -> OwnSource:
    places = [str(Path.cwd()), *sys.path]
    root: Path | None = None
    for name in _prefixes(module):
        spec = PathFinder.find_spec(name, places)
        if spec is None and root is None:  # an editable installation has a finder of its own
            spec = find_spec(name)
        if spec is None or (spec.origin is None and not spec.submodule_search_locations):
            raise UserError(
                f"{written}: there is no module {name}; write path/to/file.py:function for a file"
            )
        places = list(spec.submodule_search_locations or ())
        origin = Path(spec.origin).resolve() if spec.origin else Path(places[0]) / "__init__.py"
        if root is None:
            root = origin.parent.parent if places else origin.parent
    if not origin.is_file() or origin.suffix != ".py":
        raise UserError(f"{written}: {module} has no Python source file")
    assert root is not None
    return OwnSource(written, origin, module, function, root)


def _prefixes(module: str) -> Iterator[str]:
    parts = module.split(".")
    return (".".join(parts[:length]) for length in range(1, len(parts) + 1))


def _sources(file: Path, module: str, root: Path) -> list[Path]:
    """List the file and what it imports of the same package or folder, sorted."""
    top = module.partition(".")[0]
    found, waiting = {file}, [file]
    while waiting:
        for path in _imported(waiting.pop(), root):
            is_near = not top or path.relative_to(root).parts[0] in (top, f"{top}.py")
            if is_near and path not in found:
                found.add(path)
                waiting.append(path)
    return sorted(found)


def _imported(file: Path, root: Path) -> Iterator[Path]:
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError):
        return  # told when it is imported
    package = file.relative_to(root).parent.parts
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [tuple(alias.name.split(".")) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            beginning = package[: len(package) - node.level + 1] if node.level else ()
            whole = (*beginning, *(node.module.split(".") if node.module else ()))
            names = [whole, *((*whole, alias.name) for alias in node.names)]
        else:
            continue
        for name in names:
            for length in range(1, len(name) + 1):
                place = root.joinpath(*name[:length])
                for path in (place.with_suffix(".py"), place / "__init__.py"):
                    if path.is_file():
                        yield path
