"""A user's verifier or reward, run in a worker of the pool: called, and its answer checked.

    def same(completion: str, gold) -> bool | None

The completion and the gold come first; further parameters are given by name: `question`, `kind`,
`images`, `truncated`. A verifier returns True, False, or None where the completion holds no answer;
"correct", "wrong", "no_answer" and "undecided" say the same, and (verdict, answer) shows the answer
in reports. A reward returns a finite number.
"""

import importlib.util
import inspect
import json
import math
import sys
import traceback
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

BY_NAME = ("question", "kind", "images", "truncated")
_VERDICTS = ("correct", "wrong", "no_answer", "undecided")
_LONGEST = 1000

Request = list[Any]


class Refused(Exception):
    """What is wrong with a user's module or function, in one line."""


def verifier(argument: str) -> Callable[[Request], dict[str, Any]]:
    """Return the task that calls a verifier: (completion, gold, by name) -> verdict and answer."""
    function, file, names = _function(json.loads(argument))

    def task(request: Request) -> dict[str, Any]:
        return _verdict(_called(function, file, names, request))

    return task


def reward(argument: str) -> Callable[[Request], float]:
    """Return the task that calls a reward: (completion, gold, by name) -> number."""
    function, file, names = _function(json.loads(argument))

    def task(request: Request) -> float:
        return _number(_called(function, file, names, request))

    return task


def _function(told: Mapping[str, str]) -> tuple[Callable[..., Any], str, frozenset[str]]:
    """Return the function, its file, and the values that it takes by name.

    Raises:
        Refused: if it cannot be had, or does not take a completion and a gold.
    """
    file, name = told["file"], told["function"]
    sys.path.insert(0, told["root"])
    try:
        module = _module(file, told["module"])
    except BaseException as error:
        raise Refused(f"importing it failed: {_located(error, file)}") from None
    function = getattr(module, name, None)
    if function is None:
        functions = [key for key, value in vars(module).items() if inspect.isfunction(value)]
        raise Refused(
            f"there is no function '{name}' in it; it has {', '.join(functions) or 'none'}"
        )
    if not callable(function) or inspect.iscoroutinefunction(function):
        kind = "a coroutine" if callable(function) else f"of type {type(function).__name__}"
        raise Refused(f"'{name}' is {kind}, and no function that can be called")
    return function, file, _taken_by_name(function, name)


def _module(file: str, module: str) -> ModuleType:
    if module:
        return import_module(module)
    spec = importlib.util.spec_from_file_location(f"own_{Path(file).stem}", file)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


def _taken_by_name(function: Callable[..., Any], name: str) -> frozenset[str]:
    try:
        signature = inspect.signature(function)
    except (ValueError, TypeError):
        return frozenset()
    parameters = list(signature.parameters.values())
    takes_any = any(each.kind is each.VAR_KEYWORD for each in parameters)
    names = frozenset(BY_NAME if takes_any else BY_NAME & signature.parameters.keys())
    try:
        signature.bind("", None, **dict.fromkeys(names))
    except TypeError as error:
        raise Refused(
            f"{name}{signature} cannot be called: {error}; write {name}(completion, gold), and "
            f"beside these parameters called {', '.join(BY_NAME)}"
        ) from None
    return names


def _called(
    function: Callable[..., Any], file: str, names: frozenset[str], request: Request
) -> Any:
    completion, gold, by_name = request
    try:
        return function(completion, gold, **{name: by_name[name] for name in names})
    except MemoryError:
        raise
    except BaseException as error:  # SystemExit too: a verdict that was not reached
        raise Refused(_located(error, file)) from None


def _verdict(value: Any) -> dict[str, Any]:
    answer = None
    if isinstance(value, tuple) and len(value) == 2:
        value, answer = value
    value = _plain(value)
    if isinstance(value, bool | int | float) and value in (0, 1):
        value = "correct" if value else "wrong"
    value = "no_answer" if value is None else value
    if value not in _VERDICTS:
        raise Refused(
            f"it returned {value!r:.60}; a verifier returns True, False, None or one of "
            f"{', '.join(_VERDICTS)}"
        )
    return {"outcome": value, "answer": None if answer is None else str(answer)[:_LONGEST]}


def _number(value: Any) -> float:
    value = _plain(value)
    if not isinstance(value, bool | int | float) or not math.isfinite(value):
        raise Refused(f"it returned {value!r:.60}; a reward returns a finite number")
    return float(value)


def _plain(value: Any) -> Any:
    """Convert a number of NumPy's or torch's to Python's own."""
    if isinstance(value, bool | int | float | str) or not hasattr(value, "item"):
        return value
    try:
        return value.item()
    except (ValueError, TypeError, RuntimeError):
        return value


def _located(error: BaseException, file: str) -> str:
    """Write an exception in one line, with the last line of the user's file on its way."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == file]
    place = f"line {lines[-1]}: " if lines else ""
    said = " ".join(str(error).split())
    return f"{place}{type(error).__name__}{': ' if said else ''}{said}"[:400]
