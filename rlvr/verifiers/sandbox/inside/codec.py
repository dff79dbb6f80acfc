"""Values as bytes and back, for values that are data and nothing else.

What goes across: None, bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset,
and the kinds of `kinds`. An instance of a subclass goes across as the plain value that it extends,
so none of its methods, `__eq__` above all, travel with it. An object that is no data stays where it
is: a `Desk` may lend it, so that the other side can call it, and otherwise it arrives as an
`Opaque`, which equals nothing but itself.

A value is a tag of one letter, then a number or a count up to a semicolon, then so many bytes or so
many values. The decoder takes hostile bytes: it builds the types above and can do nothing else.
pickle and marshal are unsafe on such bytes, and importing json takes as long as Python's start.
"""

from __future__ import annotations

from .opaque import NotData, Opaque, Written, sized, type_name
from .reader import Reader
from .writer import SIMPLE, Writer

# importing `typing` takes longer than all the rest of the start
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .opaque import Desk

__all__ = ["NotData", "Opaque", "decode", "encode", "sized", "type_name", "written"]


def written(value: Any, desk: Desk) -> Any:
    """Return a value that does not change before it goes across."""
    return value if type(value) in SIMPLE else Written(encode(value, desk=desk))


def encode(
    value: Any,
    *,
    only_data: bool = False,
    desk: Desk | None = None,
    known: list[Any] | None = None,
    number_new: bool = False,
) -> bytes:
    """Encode a value as bytes.

    Args:
        only_data: True to refuse what would arrive as an Opaque and is none yet.
        desk: lends what is no data.
        known: mutable containers that the other side has as well, which are named by their number.
        number_new: True to add the containers that are met to `known`.

    Raises:
        NotData: also if the value is nested too deeply or contains itself.
    """
    writer = Writer(only_data, desk, [] if known is None else known, number_new)
    try:
        writer.write(value)
    except RecursionError:
        raise NotData("is nested too deeply to be passed on") from None
    return b"".join(writer.parts)


def decode(
    text: bytes,
    *,
    desk: Desk | None = None,
    known: list[Any] | None = None,
    number_new: bool = False,
) -> Any:
    """Decode bytes that `encode` wrote, or that a hostile process wrote in their place.

    Raises:
        NotData: if they are no such bytes.
    """
    reader = Reader(text, desk, [] if known is None else known, number_new)
    try:
        value = reader.value()
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise NotData(f"not a value: {str(error)[:100]}") from None
    if reader.at != len(text):
        raise NotData("not a value: something follows it")
    return value
