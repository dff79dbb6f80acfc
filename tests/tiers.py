"""Which tier a test belongs to, found from what its file imports, its fixtures and its folder.

`make check` runs the tests without a marker: they start no process, train nothing and finish in
seconds. Nobody has to remember a marker. Imports are read from the source, through the project's
own modules, so that the quick tier does not even import what it leaves out; and a quick test that
starts a process or a training all the same fails there and names the marker that it needs.
"""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

MARKERS = {
    "slow": "loads or trains a model, imports what that needs, or computes for long",
    "process": "starts processes: commands, workers, launchers",
    "sandbox": "runs programs in the code verifier's sandbox",
    "vllm": "starts vLLM",
    "browser": "opens a page in Chromium",
}

_ROOT = Path(__file__).resolve().parents[1]
_PACKAGES = {"rlvr": _ROOT, "rlvr_eval": _ROOT / "eval", "tests": _ROOT}
_BY_IMPORT = {
    **dict.fromkeys(("torch", "transformers", "trl", "peft", "accelerate", "datasets"), "slow"),
    **dict.fromkeys(("subprocess", "multiprocessing"), "process"),
}
_BY_FIXTURE = {
    "browser": "browser",
    "isolation": "sandbox",
    "code_verifier": "sandbox",
    "lora_checkpoint": "slow",
}
# what functions of the package import, start or compute for long, out of sight of the imports
_BY_PLACE = {
    "tests/rlvr/verifiers/": "process",  # its pool verifies in processes of its own
    "tests/rlvr/samplers/vllm/": "vllm",
    "tests/rlvr/api/test_measuring.py": "process",
    "tests/rlvr/cli/test_bad_input.py": "slow",
    "tests/rlvr/core/test_plugins.py": "process",
    "tests/rlvr/recipes/test_recipes.py": "process",
    "tests/rlvr/tasks/benchmarks/test_golds.py": "slow",
    "tests/rlvr/tasks/test_bad_golds.py": "process",
    "tests/rlvr/tiny/test_countdown.py": "slow",
    "tests/rlvr_eval/draw/test_looks.py": "slow",
    "tests/rlvr_eval/draw/test_simulator.py": "slow",
    "tests/rlvr_eval/tracking/test_wandb_run.py": "process",
    "tests/rlvr/test_notebook.py": "slow",
}
# starting one of these is what the quick tier refuses
_STARTS_PROCESS = ("subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.exec")


def markers_of(file: Path, fixtures: tuple[str, ...] = ()) -> set[str]:
    """Return the markers of a test of this file that asks for these fixtures."""
    path = file.relative_to(_ROOT).as_posix()
    of_place = {marker for place, marker in _BY_PLACE.items() if path.startswith(place)}
    of_fixtures = {_BY_FIXTURE[name] for name in fixtures if name in _BY_FIXTURE}
    return of_place | of_fixtures | _of_imports(file)


@cache
def _of_imports(file: Path) -> frozenset[str]:
    """Follow imports to their end; only the tests' own may start processes by importing."""
    found: set[str] = set()
    seen, left = {file}, [file]
    while left:
        at = left.pop()
        is_test = at.is_relative_to(_ROOT / "tests")
        for name in _imports(at):
            marker = _BY_IMPORT.get(name.partition(".")[0])
            if marker == "slow" or (marker == "process" and is_test):
                found.add(marker)
            for further in _files(name):
                if further not in seen:
                    seen.add(further)
                    left.append(further)
    return frozenset(found)


@cache
def _imports(file: Path) -> tuple[str, ...]:
    """Names of modules, or of what is in them, that importing this file imports."""
    return tuple(_imported(ast.parse(file.read_text(encoding="utf-8")).body))


def _imported(statements: list[ast.stmt]) -> Iterator[str]:
    for statement in statements:
        if isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom) and statement.module:
            yield statement.module
            yield from (f"{statement.module}.{alias.name}" for alias in statement.names)
        elif isinstance(statement, ast.With):
            yield from _imported(statement.body)


@cache
def _files(name: str) -> tuple[Path, ...]:
    """The project's own files that importing a name runs: packages on the way, and the module."""
    parts = name.split(".")
    if parts[0] not in _PACKAGES:
        return ()
    paths = [_PACKAGES[parts[0]].joinpath(*parts[:end]) for end in range(1, len(parts) + 1)]
    candidates = [
        file for path in paths for file in (path / "__init__.py", path.with_suffix(".py"))
    ]
    return tuple(file for file in candidates if file.is_file())


class QuickTier:
    """Fails a test that starts a process or imports a trainer while it runs."""

    def __init__(self) -> None:
        self._broken: list[str] = []
        sys.addaudithook(self._watch)

    def take(self) -> list[str]:
        """Return what was started since the last call."""
        found, self._broken = self._broken, []
        return found

    def _watch(self, event: str, arguments: tuple[Any, ...]) -> None:
        # the standard library's `platform` asks uname for the processor's name, once a process
        if event in _STARTS_PROCESS and arguments[:1] != ("uname",):
            self._broken.append(f"{event} {arguments[0] if arguments else ''}".strip())
        elif event == "import" and arguments[0] == "trl":
            self._broken.append("import trl")
