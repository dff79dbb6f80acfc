"""Values that are no data: what stands for them, and who lends them."""

from __future__ import annotations

# importing `typing` takes longer than all the rest of the start
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    class Desk(Protocol):
        """Lends objects that stay on this side, and knows those that the other side has lent."""

        def lend(self, value: Any) -> bytes | None:
            """Return the ticket for an object, None where it is not lent."""

        def borrow(self, number: int, abilities: str, type_name: str) -> Any:
            """Return the stand-in for an object that the other side lends."""

        def own(self, number: int) -> Any:
            """Return the object of this side for which the other side has the ticket."""


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


def type_name(value: Any) -> bytes:
    """Return module and name of a value's type, at most 100 letters."""
    kind = type(value)
    return f"{kind.__module__}.{kind.__qualname__}"[:100].encode(errors="replace")


def sized(tag: bytes, text: bytes) -> bytes:
    """Write the tag, how many bytes follow, and the bytes."""
    return tag + b"%d;" % len(text) + text
