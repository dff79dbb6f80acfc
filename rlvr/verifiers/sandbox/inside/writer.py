"""Values as bytes, as `codec` describes them."""

from __future__ import annotations

from . import arrays, kinds
from .opaque import NotData, Opaque, Written, sized, type_name

# importing `typing` takes longer than all the rest of the start
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .opaque import Desk


class Writer:
    """Collects the bytes of values."""

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
        if kind in SIMPLE:
            self.parts.append(SIMPLE[kind](value))
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
        if type(plain) in SIMPLE:
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


def _packed(items: list[Any]) -> bytes | None:
    """Pack a list of one type alone; most long lists are such, and are worth a short way."""
    types = set(map(type, items))
    if types == {int}:
        return sized(b"I", ",".join(map(hex, items)).encode())
    if types == {float}:
        return sized(b"D", ",".join(map(repr, items)).encode())
    packed = arrays.pack_scalars(items, types.pop()) if len(types) == 1 else None
    return None if packed is None else sized(b"S%s;" % packed[0].encode(), packed[1])


SIMPLE: dict[type, Callable[[Any], bytes]] = {
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
    """Return the plain value of a subclass instance or numpy scalar, else the value."""
    for base, plain in _BASES:
        if isinstance(value, base):
            return plain(value)
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
        return _plain_array_scalar(value)
    return value


def _plain_array_scalar(value: Any) -> Any:
    """Return the Python number in a scalar of numpy; a 0-d array stays an array."""
    return value if hasattr(type(value), "__setitem__") else value.item()
