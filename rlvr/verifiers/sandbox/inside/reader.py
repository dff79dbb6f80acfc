"""Values from bytes, which a hostile process may have written."""

from __future__ import annotations

from . import arrays, building, kinds
from .opaque import Opaque

# importing `typing` takes longer than all the rest of the start
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .opaque import Desk

# a test that turns a larger one into a Decimal keeps a processor busy for a minute
MOST_INTEGER_BITS = 1 << 20


class Reader:
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
        value = building.build(name, self.value())
        if self._number_new and name in kinds.MUTABLE:
            self.known[slot] = value
        return value

    def _numbered(self, container: Any) -> Any:
        if self._number_new:
            self.known.append(container)
        return container

    def field(self) -> str:
        """Read up to the next semicolon."""
        end = self.text.index(b";", self.at)
        field = self.text[self.at : end].decode("ascii")
        self.at = end + 1
        return field

    def number(self) -> int:
        """Read a small number that is not negative, up to the next semicolon."""
        number = int(self.field())
        if number < 0:
            raise ValueError(f"the number {number}")
        return number

    def sized(self) -> bytes:
        """Read as many bytes as the next field says."""
        begin = self._count() + self.at
        text, self.at = self.text[self.at : begin], begin
        return text

    def _count(self) -> int:
        """Read a number of bytes or values that the rest of the text can hold."""
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


def _ticket(reader: Reader) -> Any:
    number, abilities = reader.number(), reader.field()
    lent_type = reader.sized().decode(errors="replace")
    if reader.desk is None:
        return Opaque(lent_type)
    return reader.desk.borrow(number, abilities, lent_type)


def _own(reader: Reader) -> Any:
    if reader.desk is None:
        raise ValueError("a ticket where nothing is lent")
    return reader.desk.own(reader.number())


_READERS: dict[bytes, Callable[[Reader], Any]] = {
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
