"""Values as bytes and back, for values that are data and nothing else.

What goes across: None, bool, int, float (also inf and nan), complex, str, bytes, list, tuple, dict,
set, frozenset, and scalars of numpy as the Python number they hold. An instance of a subclass goes
across as the plain value that it extends, so none of its methods, `__eq__` above all, travel with
it. Anything else arrives as an `Opaque`: an object that equals nothing but itself.

A value is a tag of one letter, then a number or a count up to a semicolon, then so many bytes or so
many values. The decoder takes hostile bytes: it builds the types above and can do nothing else.
pickle and marshal are unsafe on such bytes, and importing json takes as long as Python's start.
"""

from __future__ import annotations

# importing `typing` takes longer than all the rest of the start
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Opaque:
    """Stands for a value that is not data, for example a compiled regular expression."""

    def __init__(self, type_name: str) -> None:
        self.type_name = type_name

    def __repr__(self) -> str:
        return f"<an object of type {self.type_name}>"


class NotData(TypeError):
    """The value cannot go across as data."""


def encode(value: Any, *, only_data: bool = False) -> bytes:
    """The bytes of a value.

    Args:
        only_data: True to refuse what would arrive as an Opaque and is none yet.

    Raises:
        NotData: also if the value is nested too deeply or contains itself.
    """
    parts: list[bytes] = []
    try:
        _write(value, parts, only_data)
    except RecursionError:
        raise NotData("is nested too deeply to be passed on") from None
    return b"".join(parts)


def decode(text: bytes) -> Any:
    """The value of bytes that `encode` wrote, or that a hostile process wrote in their place.

    Raises:
        NotData: if they are no such bytes.
    """
    reader = _Reader(text)
    try:
        value = reader.value()
    except (ArithmeticError, RecursionError, TypeError, ValueError) as error:
        raise NotData(f"not a value: {str(error)[:100]}") from None
    if reader.at != len(text):
        raise NotData("not a value: something follows it")
    return value


def _write(value: Any, parts: list[bytes], only_data: bool) -> None:
    if type(value) not in _SIMPLE and type(value) not in _OPENING:
        value = _plain(value)
    kind = type(value)
    if kind in _SIMPLE:
        parts.append(_SIMPLE[kind](value))
    elif kind is Opaque:
        parts.append(_sized(b"o", value.type_name.encode(errors="replace")))
    elif kind not in _OPENING:
        if only_data:
            raise NotData(f"holds an object of type {kind.__qualname__}")
        name = f"{kind.__module__}.{kind.__qualname__}"
        parts.append(_sized(b"o", name[:100].encode(errors="replace")))
    elif kind is list and _all_are(int, value):
        parts.append(_sized(b"I", ",".join(map(hex, value)).encode()))
    else:
        parts.append(_OPENING[kind] + b"%d;" % len(value))
        for item in value.items() if kind is dict else value:
            for part in item if kind is dict else (item,):
                _write(part, parts, only_data)


def _all_are(kind: type, items: list[Any]) -> bool:
    """True for a list of one type alone; most long lists are such, and are worth a short way."""
    return set(map(type, items)) == {kind}


def _sized(tag: bytes, text: bytes) -> bytes:
    return tag + b"%d;" % len(text) + text


_SIMPLE: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda _: b"N",
    bool: lambda value: b"T" if value else b"F",
    # hexadecimal: Python refuses decimal numbers of more than 4,300 digits
    int: lambda value: b"i%s;" % hex(value).encode(),
    float: lambda value: b"f%s;" % repr(value).encode(),
    complex: lambda value: b"c%s;%s;" % (repr(value.real).encode(), repr(value.imag).encode()),
    str: lambda value: _sized(b"s", value.encode(errors="surrogatepass")),
    bytes: lambda value: _sized(b"b", value),
}
_OPENING: dict[type, bytes] = {list: b"[", tuple: b"(", set: b"{", frozenset: b"<", dict: b"m"}

# Methods of the plain type itself, since a subclass may have overridden them.
_BASES: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (int, int.__pos__),
    (float, float.__pos__),
    (complex, complex.__pos__),
    (str, str.__str__),
    (bytes, lambda value: b"".join((value,))),
    (bytearray, bytes),
    (list, lambda value: list(list.__iter__(value))),
    (tuple, lambda value: tuple(tuple.__iter__(value))),
    (dict, lambda value: dict(dict.items(value))),
    (set, lambda value: set(set.__iter__(value))),
    (frozenset, lambda value: frozenset(frozenset.__iter__(value))),
)


def _plain(value: Any) -> Any:
    """The plain value in an instance of a subclass or in a scalar of numpy, else the value."""
    for base, plain in _BASES:
        if isinstance(value, base):
            return plain(value)
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
        return value.item()
    return value


class _Reader:
    """Reads values from hostile bytes, one after the other."""

    def __init__(self, text: bytes) -> None:
        self.text, self.at = text, 0

    def value(self) -> Any:
        tag = self.text[self.at : self.at + 1]
        self.at += 1
        match tag:
            case b"[":
                return [self.value() for _ in range(self._count())]
            case b"(":
                return tuple([self.value() for _ in range(self._count())])
            # sets and dicts item by item, so that an alarm can end one that is slow to build
            case b"{":
                return {self.value() for _ in range(self._count())}
            case b"<":
                return frozenset({self.value() for _ in range(self._count())})
            case b"m":
                return {self.value(): self.value() for _ in range(self._count())}
        if tag not in _READERS:
            raise ValueError(f"unknown tag {tag!r}")
        return _READERS[tag](self)

    def field(self) -> str:
        """Up to the next semicolon."""
        end = self.text.index(b";", self.at)
        field = self.text[self.at : end].decode("ascii")
        self.at = end + 1
        return field

    def sized(self) -> bytes:
        """So many bytes as the next field says."""
        begin = self._count() + self.at
        text, self.at = self.text[self.at : begin], begin
        return text

    def _count(self) -> int:
        """A number of bytes or values that the rest of the text can hold."""
        count = int(self.field())
        if not 0 <= count <= len(self.text) - self.at:
            raise ValueError(f"{count} of something")
        return count


_READERS: dict[bytes, Callable[[_Reader], Any]] = {
    b"N": lambda reader: None,
    b"T": lambda reader: True,
    b"F": lambda reader: False,
    b"i": lambda reader: int(reader.field(), 16),
    b"I": lambda reader: [int(part, 16) for part in reader.sized().decode("ascii").split(",")],
    b"f": lambda reader: float(reader.field()),
    b"c": lambda reader: complex(float(reader.field()), float(reader.field())),
    b"s": lambda reader: reader.sized().decode(errors="surrogatepass"),
    b"b": lambda reader: reader.sized(),
    b"o": lambda reader: Opaque(reader.sized().decode(errors="replace")),
}
