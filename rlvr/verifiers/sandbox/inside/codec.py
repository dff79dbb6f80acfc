"""Values as JSON text and back, for values that are data and nothing else.

What goes across: None, bool, int, float (also inf and nan), complex, str, bytes, list, tuple, dict,
set, frozenset, and scalars of numpy as the Python number they hold. An instance of a subclass goes
across as the plain value that it extends, so none of its methods, `__eq__` above all, travel with
it. Anything else arrives as an `Opaque`: an object that equals nothing but itself.

The decoder takes hostile text: it builds the types above and can do nothing else.
"""

from __future__ import annotations

import json

# importing `typing` takes longer than all the rest of the start
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Python refuses decimal numbers of more than 4,300 digits; hexadecimal has no such limit
_LARGE = 1 << 1024
_ATOMS = frozenset((type(None), bool, float, str))
_READ_AS_IS = _ATOMS | {int}


class Opaque:
    """Stands for a value that is not data, for example a compiled regular expression."""

    def __init__(self, type_name: str) -> None:
        self.type_name = type_name

    def __repr__(self) -> str:
        return f"<an object of type {self.type_name}>"


class NotData(TypeError):
    """The value cannot go across as data."""


def encode(value: Any, *, only_data: bool = False) -> bytes:
    """JSON text of a value.

    Args:
        only_data: True to refuse what would arrive as an Opaque.

    Raises:
        NotData: if the value is nested too deeply or contains itself.
    """
    try:
        text = json.dumps(_pack(value), separators=(",", ":")).encode()
    except (RecursionError, ValueError) as error:
        raise NotData(f"cannot be passed as data: {error}") from None
    # within a string of the value the quotation marks would be escaped
    if only_data and b'{"object":' in text:
        raise NotData("holds something that is not data")
    return text


def decode(text: bytes) -> Any:
    """The value of JSON text that `encode` wrote, or that a hostile process wrote in its place.

    Raises:
        NotData: if it is not such text.
    """
    try:
        return _unpack(json.loads(text))
    except (RecursionError, ValueError, TypeError, OverflowError) as error:
        raise NotData(f"not a data value: {error}") from None


def _pack(value: Any) -> Any:
    kind = type(value)
    if kind in _ATOMS:
        return value
    if kind is int:
        return value if -_LARGE < value < _LARGE else {"int": hex(value)}
    if kind is list:
        # most arguments and answers are long lists of plain things: one step for each of those
        return [item if type(item) in _ATOMS else _pack(item) for item in value]
    for base, pack in _PACKERS:
        if isinstance(value, base):
            return pack(value)
    return _pack_scalar(value)


def _pack_scalar(value: Any) -> Any:
    """A scalar of numpy as a Python number, anything else by the name of its type."""
    kind = type(value)
    if kind is Opaque:
        # a test may hand an answer back to the candidate, whatever it is
        return {"opaque": value.type_name}
    if kind.__module__ == "numpy" and getattr(value, "shape", None) == ():
        plain = value.item()
        if type(plain) is not kind:
            return _pack(plain)
    return {"object": f"{kind.__module__}.{kind.__qualname__}"}


# Methods of the plain type itself, since a subclass may have overridden them.
_PACKERS: tuple[tuple[type, Any], ...] = (
    (int, lambda value: _pack(int.__pos__(value))),
    (float, lambda value: float.__pos__(value)),
    (str, lambda value: str.__str__(value)),
    (list, lambda value: [_pack(item) for item in list.__iter__(value)]),
    (tuple, lambda value: {"tuple": [_pack(item) for item in tuple.__iter__(value)]}),
    (dict, lambda value: {"dict": [[_pack(key), _pack(held)] for key, held in dict.items(value)]}),
    (set, lambda value: {"set": [_pack(item) for item in set.__iter__(value)]}),
    (frozenset, lambda value: {"frozenset": [_pack(item) for item in frozenset.__iter__(value)]}),
    (complex, lambda value: {"complex": [value.real, value.imag]}),
    (bytes, lambda value: {"bytes": bytes.decode(value, "latin-1")}),
    (bytearray, lambda value: {"bytes": bytes(value).decode("latin-1")}),
)


def _unpack(value: Any) -> Any:
    if type(value) is list:
        return [item if type(item) in _READ_AS_IS else _unpack(item) for item in value]
    if type(value) is not dict:
        return value
    if len(value) != 1:
        raise ValueError("a tagged value has one tag")
    ((tag, held),) = value.items()
    if tag not in _UNPACKERS:
        raise ValueError(f"unknown tag {tag[:40]!r}")
    return _UNPACKERS[tag](held)


def _items(held: Any) -> Any:
    if type(held) is not list:
        raise ValueError("expected a list of items")
    return (_unpack(item) for item in held)


_UNPACKERS: dict[str, Any] = {
    "int": lambda held: int(held, 16),
    "tuple": lambda held: tuple(_items(held)),
    "dict": lambda held: {key: item for key, item in _items(held)},  # noqa: C416 - checks the pairs
    "set": lambda held: set(_items(held)),
    "frozenset": lambda held: frozenset(_items(held)),
    "complex": lambda held: complex(*(float(part) for part in held)),
    "bytes": lambda held: str.encode(held, "latin-1"),
    "object": lambda held: Opaque(str(held)[:100]),
    "opaque": lambda held: Opaque(str(held)[:100]),
}
