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

from . import arrays, kinds

# importing `typing` takes longer than all the rest of the start
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    class Desk(Protocol):
        """Lends objects that stay on this side, and knows those that the other side has lent."""

        def lend(self, value: Any) -> bytes | None:
            """The ticket for an object, None where it is not lent."""

        def borrow(self, number: int, abilities: str, type_name: str) -> Any:
            """The stand-in for an object that the other side lends."""

        def own(self, number: int) -> Any:
            """The object of this side for which the other side has the ticket."""


# a test that turns a larger one into a Decimal keeps a processor busy for a minute
MOST_INTEGER_BITS = 1 << 20


class Opaque:
    """Stands for a value that is not data, for example a compiled regular expression."""

    __slots__ = ("type_name",)

    def __init__(self, type_name: str) -> None:
        self.type_name = type_name

    def __repr__(self) -> str:
        return f"<an object of type {self.type_name}>"


class NotData(TypeError):
    """The value cannot go across as data."""


class Written:
    """Stands for a value as it was at one moment, whatever happens to it before it goes across."""

    def __init__(self, text: bytes) -> None:
        self.text = text


def written(value: Any, desk: Desk) -> Any:
    """A value that does not change before it goes across."""
    return value if type(value) in _SIMPLE else Written(encode(value, desk=desk))


def encode(
    value: Any,
    *,
    only_data: bool = False,
    desk: Desk | None = None,
    known: list[Any] | None = None,
    number_new: bool = False,
) -> bytes:
    """The bytes of a value.

    Args:
        only_data: True to refuse what would arrive as an Opaque and is none yet.
        desk: lends what is no data.
        known: mutable containers that the other side has as well, which are named by their number.
        number_new: True to add the containers that are met to `known`.

    Raises:
        NotData: also if the value is nested too deeply or contains itself.
    """
    writer = _Writer(only_data, desk, [] if known is None else known, number_new)
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
    """The value of bytes that `encode` wrote, or that a hostile process wrote in their place.

    Raises:
        NotData: if they are no such bytes.
    """
    reader = _Reader(text, desk, [] if known is None else known, number_new)
    try:
        value = reader.value()
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise NotData(f"not a value: {str(error)[:100]}") from None
    if reader.at != len(text):
        raise NotData("not a value: something follows it")
    return value


class _Writer:
    def __init__(
        self, only_data: bool, desk: Desk | None, known: list[Any], number_new: bool
    ) -> None:
        self.parts: list[bytes] = []
        self._only_data, self._desk = only_data, desk
        self._known, self._number_new = known, number_new
        self._numbers = {id(container): number for number, container in enumerate(known)}

    def write(self, value: Any) -> None:
        """Append the bytes of a value to the parts."""
        kind = type(value)
        if kind in _SIMPLE:
            self.parts.append(_SIMPLE[kind](value))
        elif kind is Written:
            self.parts.append(value.text)
        elif id(value) in self._numbers:
            self.parts.append(b"r%d;" % self._numbers[id(value)])
        elif kind in _OPENING:
            if kind in _MUTABLE:
                self._number(value)
            self._write_container(value, kind)
        else:
            self._write_other(value)

    def _write_container(self, value: Any, kind: type) -> None:
        packed = _packed(value) if kind is list else None
        if packed is not None:
            self.parts.append(packed)
            return
        self.parts.append(_OPENING[kind] + b"%d;" % len(value))
        for item in value.items() if kind is dict else value:
            for part in item if kind is dict else (item,):
                self.write(part)

    def _write_other(self, value: Any) -> None:
        # without a desk nobody asks what a value is, beyond what it equals
        extended = kinds.describe_extended(value) if self._desk is not None else None
        if extended is not None:
            self._write_kind(value, *extended)
            return
        plain = _plain(value)
        if type(plain) in _SIMPLE:
            self.write(plain)
        elif type(plain) in _OPENING:
            if type(plain) in _MUTABLE:
                self._number(value)
            self._write_container(plain, type(plain))
        elif (described := kinds.describe(plain)) is not None:
            self._write_kind(value, *described)
        else:
            self._write_object(value)

    def _write_kind(self, value: Any, name: str, parts: tuple[Any, ...]) -> None:
        if name in kinds.MUTABLE:
            self._number(value)
        self.parts.append(b"v%s;" % name.encode())
        self.write(parts)

    def _write_object(self, value: Any) -> None:
        ticket = self._desk.lend(value) if self._desk is not None else None
        kind = type(value)
        if ticket is not None:
            self.parts.append(ticket)
        elif kind is Opaque:
            self.parts.append(sized(b"o", value.type_name.encode(errors="replace")))
        elif self._only_data:
            raise NotData(f"holds an object of type {kind.__qualname__}")
        else:
            self.parts.append(sized(b"o", type_name(value)))

    def _number(self, container: Any) -> None:
        if self._number_new:
            self._numbers[id(container)] = len(self._known)
            self._known.append(container)


def type_name(value: Any) -> bytes:
    """Module and name of a value's type, at most 100 letters."""
    kind = type(value)
    return f"{kind.__module__}.{kind.__qualname__}"[:100].encode(errors="replace")


def sized(tag: bytes, text: bytes) -> bytes:
    """The tag, how many bytes follow, and the bytes."""
    return tag + b"%d;" % len(text) + text


def _packed(items: list[Any]) -> bytes | None:
    """A list of one type alone; most long lists are such, and are worth a short way."""
    types = set(map(type, items))
    if types == {int}:
        return sized(b"I", ",".join(map(hex, items)).encode())
    if types == {float}:
        return sized(b"D", ",".join(map(repr, items)).encode())
    packed = arrays.pack_scalars(items, types.pop()) if len(types) == 1 else None
    return None if packed is None else sized(b"S%s;" % packed[0].encode(), packed[1])


_SIMPLE: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda _: b"N",
    bool: lambda value: b"T" if value else b"F",
    # hexadecimal: Python refuses decimal numbers of more than 4,300 digits
    int: lambda value: b"i%s;" % hex(value).encode(),
    float: lambda value: b"f%s;" % repr(value).encode(),
    complex: lambda value: b"c%s;%s;" % (repr(value.real).encode(), repr(value.imag).encode()),
    str: lambda value: sized(b"s", value.encode(errors="surrogatepass")),
    bytes: lambda value: sized(b"b", value),
}
_OPENING: dict[type, bytes] = {list: b"[", tuple: b"(", set: b"{", frozenset: b"<", dict: b"m"}
_MUTABLE = frozenset({list, set, dict})

# Methods of the plain type itself, since a subclass may have overridden them.
_BASES: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (int, int.__pos__),
    (float, float.__pos__),
    (complex, complex.__pos__),
    (str, str.__str__),
    (bytes, lambda value: b"".join((value,))),
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
        return _plain_array_scalar(value)
    return value


def _plain_array_scalar(value: Any) -> Any:
    """The Python number in a scalar of numpy; an array without dimensions stays an array."""
    return value if hasattr(type(value), "__setitem__") else value.item()


class _Reader:
    """Reads values from hostile bytes, one after the other."""

    def __init__(self, text: bytes, desk: Desk | None, known: list[Any], number_new: bool) -> None:
        self.text, self.at = text, 0
        self.desk, self.known = desk, known
        self._number_new = number_new

    def value(self) -> Any:
        tag = self.text[self.at : self.at + 1]
        self.at += 1
        # containers item by item, so that an alarm can end one that is slow to build
        match tag:
            case b"[":
                return self._list()
            case b"(":
                return tuple([self.value() for _ in range(self._count())])
            case b"{":
                return self._set()
            case b"<":
                return frozenset({self.value() for _ in range(self._count())})
            case b"m":
                return self._dict()
            case b"I":
                return self._numbered(_integers(self.sized()))
            case b"D":
                return self._numbered(_floats(self.sized()))
            case b"S":
                return self._numbered(arrays.unpack_scalars(self.field(), self.sized()))
            case b"v":
                return self._kind()
        if tag not in _READERS:
            raise ValueError(f"unknown tag {tag!r}")
        return _READERS[tag](self)

    def _list(self) -> list[Any]:
        count, items = self._count(), self._numbered([])
        for _ in range(count):
            items.append(self.value())
        return items

    def _set(self) -> set[Any]:
        count, items = self._count(), self._numbered(set())
        for _ in range(count):
            items.add(self.value())
        return items

    def _dict(self) -> dict[Any, Any]:
        count, items = self._count(), self._numbered({})
        for _ in range(count):
            key = self.value()
            items[key] = self.value()
        return items

    def _kind(self) -> Any:
        name, slot = self.field(), len(self.known)
        if name in kinds.MUTABLE:
            self._numbered(None)
        value = kinds.build(name, self.value())
        if self._number_new and name in kinds.MUTABLE:
            self.known[slot] = value
        return value

    def _numbered(self, container: Any) -> Any:
        if self._number_new:
            self.known.append(container)
        return container

    def field(self) -> str:
        """Up to the next semicolon."""
        end = self.text.index(b";", self.at)
        field = self.text[self.at : end].decode("ascii")
        self.at = end + 1
        return field

    def number(self) -> int:
        """A small number that is not negative, up to the next semicolon."""
        number = int(self.field())
        if number < 0:
            raise ValueError(f"the number {number}")
        return number

    def sized(self) -> bytes:
        """So many bytes as the next field says."""
        begin = self._count() + self.at
        text, self.at = self.text[self.at : begin], begin
        return text

    def _count(self) -> int:
        """A number of bytes or values that the rest of the text can hold."""
        count = self.number()
        if count > len(self.text) - self.at:
            raise ValueError(f"{count} of something")
        return count


def _integer(digits: str) -> int:
    if len(digits) > MOST_INTEGER_BITS // 4:
        raise ValueError(f"an integer of more than {MOST_INTEGER_BITS:,} bits")
    return int(digits, 16)


def _integers(text: bytes) -> list[int]:
    return [_integer(part) for part in text.decode("ascii").split(",")]


def _floats(text: bytes) -> list[float]:
    return [float(part) for part in text.decode("ascii").split(",")]


def _ticket(reader: _Reader) -> Any:
    number, abilities = reader.number(), reader.field()
    lent_type = reader.sized().decode(errors="replace")
    if reader.desk is None:
        return Opaque(lent_type)
    return reader.desk.borrow(number, abilities, lent_type)


def _own(reader: _Reader) -> Any:
    if reader.desk is None:
        raise ValueError("a ticket where nothing is lent")
    return reader.desk.own(reader.number())


_READERS: dict[bytes, Callable[[_Reader], Any]] = {
    b"N": lambda reader: None,
    b"T": lambda reader: True,
    b"F": lambda reader: False,
    b"i": lambda reader: _integer(reader.field()),
    b"f": lambda reader: float(reader.field()),
    b"c": lambda reader: complex(float(reader.field()), float(reader.field())),
    b"s": lambda reader: reader.sized().decode(errors="surrogatepass"),
    b"b": lambda reader: reader.sized(),
    b"o": lambda reader: Opaque(reader.sized().decode(errors="replace")),
    b"r": lambda reader: reader.known[reader.number()],
    b"p": _ticket,
    b"q": _own,
}
