"""Exceptions on their way between two sandboxes.

What crosses is the names of an exception's classes and its arguments. The other side raises one of
its own classes: of the names, the nearest that it knows. So a test that expects a `ValueError` gets
one where the program raised a subclass, and no code of the program travels.
"""

from __future__ import annotations

import builtins

from . import codec
from .faults import describe

# importing `typing` takes longer than all the rest of the start
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# These could end a loop of the test early, or pass for what a failing test raises itself.
_NEVER = (AssertionError, GeneratorExit, KeyboardInterrupt, StopAsyncIteration, StopIteration,
          SystemExit)  # fmt: skip


class CandidateRaised(Exception):
    """The candidate's function raised what no test may expect."""


def pack(error: BaseException) -> tuple[tuple[str, ...], Any, str]:
    """Names of the classes, nearest first, arguments where they are data, and one line for people.

    A class of two bases is named by the bases' names as well, in the order of its resolution.
    """
    names = tuple(kind.__name__ for kind in type(error).__mro__)
    try:
        codec.encode(error.args, only_data=True)
        arguments: Any = tuple(error.args)
    except BaseException:
        arguments = None
    return names, arguments, describe(error)


def rebuild(packed: Any, known: Mapping[str, Any]) -> Exception:
    """An exception of this side, with the line for people as its attribute `told`.

    Args:
        packed: what `pack` gave, or what a hostile process wrote in its place.
        known: names under which this side may have classes of its own.

    Raises:
        codec.NotData: if it is no such thing.
    """
    if type(packed) is not tuple or len(packed) != 3 or type(packed[2]) is not str:
        raise codec.NotData("not an exception")
    names, arguments, told = packed
    if type(names) is not tuple or not all(type(name) is str for name in names):
        raise codec.NotData("not an exception")
    classes = _classes(names, known)
    if not classes:
        return CandidateRaised(told)
    error = _instance(classes, arguments if type(arguments) is tuple else (told,))
    error.told = told  # type: ignore[attr-defined]
    return error


def _classes(names: tuple[str, ...], known: Mapping[str, Any]) -> list[type[Exception]]:
    """The classes of this side by those names that no other one of them extends already."""
    classes: list[type[Exception]] = []
    for name in names:
        kind = known.get(name, getattr(builtins, name, None))
        if not isinstance(kind, type) or not issubclass(kind, Exception):
            continue
        if issubclass(kind, _NEVER):
            return []
        if not any(issubclass(nearer, kind) for nearer in classes):
            classes.append(kind)
    return classes


def _instance(classes: list[type[Exception]], arguments: tuple[Any, ...]) -> Exception:
    kind = classes[0]
    if len(classes) > 1:
        try:
            kind = type(kind.__name__, tuple(classes), {})
        except TypeError:
            # two classes that no class can extend together
            kind = classes[0]
    try:
        if kind.__init__ is not Exception.__init__ and kind.__module__ != "builtins":
            # a class of the question may take other arguments than its exceptions keep
            return kind.__new__(kind, *arguments)
        return kind(*arguments)
    except Exception:
        return kind.__new__(kind)
