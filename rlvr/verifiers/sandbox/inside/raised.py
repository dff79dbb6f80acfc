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

# These could end a loop of the test early, or pass for what a failing test raises itself; a test
# that names one of them expects it.
NEVER = ("AssertionError", "GeneratorExit", "KeyboardInterrupt", "StopAsyncIteration",
         "StopIteration", "SystemExit")  # fmt: skip
_NEVER = tuple(getattr(builtins, name) for name in NEVER)
_MOST_CAUSES = 5


class CandidateRaised(Exception):
    """The candidate's function raised what no test may expect."""


def pack(error: BaseException, causes: int = _MOST_CAUSES) -> tuple[Any, ...]:
    """Return class names, nearest first, arguments where they are data, and one line for people.

    A class of two bases is named by the bases' names as well, in the order of its resolution. The
    line is for people. What follows is the exception that was the cause, and those of a group.
    """
    names = tuple(kind.__name__ for kind in type(error).__mro__ if kind is not codec.NotData)
    arguments = _data(error.args)
    attributes = {
        name: value
        for name, value in getattr(error, "__dict__", {}).items()
        if type(name) is str and not name.startswith("_") and _data((value,)) is not None
    }
    cause = error.__cause__ if causes else None
    packed_cause = None if cause is None else pack(cause, causes - 1)
    group = error.exceptions if isinstance(error, BaseExceptionGroup) and causes else ()
    packed_group = tuple(pack(each, causes - 1) for each in group)
    if packed_group:
        arguments = _data((error.message,))  # type: ignore[attr-defined]
    return names, arguments, describe(error), attributes, packed_cause, packed_group


def _data(parts: Any) -> tuple[Any, ...] | None:
    """Return the parts, None where they are no data."""
    try:
        codec.encode(parts, only_data=True)
        return tuple(parts)
    except BaseException:
        return None


def rebuild(
    packed: Any, known: Mapping[str, Any], expected: frozenset[str] = frozenset()
) -> BaseException:
    """Build an exception of this side, with the line for people as its attribute `told`.

    Args:
        packed: what `pack` gave, or what a hostile process wrote in its place.
        known: names under which this side may have classes of its own.
        expected: names of those in `NEVER` that may be raised all the same.

    Raises:
        codec.NotData: if it is no such thing.
    """
    if type(packed) is not tuple or len(packed) != 6 or type(packed[2]) is not str:
        raise codec.NotData("not an exception")
    names, arguments, told, attributes, cause, group = packed
    if type(names) is not tuple or not all(type(name) is str for name in names):
        raise codec.NotData("not an exception")
    classes = _classes(names, known, expected)
    if not classes:
        return CandidateRaised(told)
    arguments = arguments if type(arguments) is tuple else (told,)
    if type(group) is tuple and group and issubclass(classes[0], BaseExceptionGroup):
        arguments = (*arguments[:1], [rebuild(each, known, expected) for each in group])
    error = _instance(_named(classes, names[0]), arguments)
    _set_attributes(error, attributes)
    error.told = told  # type: ignore[attr-defined]
    if cause is not None:
        error.__cause__ = rebuild(cause, known, expected)
    return error


def _set_attributes(error: BaseException, attributes: Any) -> None:
    for name, value in attributes.items() if type(attributes) is dict else ():
        if type(name) is str and not name.startswith("_"):
            try:
                BaseException.__setattr__(error, name, value)
            except (AttributeError, TypeError, ValueError):
                continue


def _classes(
    names: tuple[str, ...], known: Mapping[str, Any], expected: frozenset[str]
) -> list[type[BaseException]]:
    """Return this side's classes of those names, without those that another of them extends."""
    classes: list[type[BaseException]] = []
    for name in names:
        kind = known.get(name, getattr(builtins, name, None))
        if not isinstance(kind, type) or not issubclass(kind, BaseException):
            continue
        if issubclass(kind, _NEVER):
            if kind.__name__ not in expected:
                return []
        elif not issubclass(kind, Exception) and not issubclass(kind, BaseExceptionGroup):
            continue
        if not any(issubclass(nearer, kind) for nearer in classes):
            classes.append(kind)
    return classes


def _named(classes: list[type[BaseException]], name: str) -> list[type[BaseException]]:
    """Extend the classes by one of the program's own name where this side has none."""
    if any(kind.__name__ == name for kind in classes) or not name.isidentifier():
        return classes
    return [_extended(classes, name)]


def _extended(classes: list[type[BaseException]], name: str) -> type[BaseException]:
    try:
        return type(name, tuple(classes), {})
    except TypeError:
        # two classes that no class can extend together
        return type(name, (classes[0],), {})


def _instance(classes: list[type[BaseException]], arguments: tuple[Any, ...]) -> BaseException:
    kind = classes[0] if len(classes) == 1 else _extended(classes, classes[0].__name__)
    try:
        if kind.__init__ is not Exception.__init__ and kind.__module__ != "builtins":
            # a class of the question may take other arguments than its exceptions keep
            return kind.__new__(kind, *arguments)
        return kind(*arguments)
    except Exception:
        return kind.__new__(kind)
