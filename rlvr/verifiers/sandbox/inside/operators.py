"""Operators with two operands, by the names of their special methods without underscores."""

from __future__ import annotations

import _operator

# importing `typing` takes longer than all the rest of the start
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
_ARITHMETIC = (
    "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and_", "or_", "xor",
    "lshift", "rshift",
)  # fmt: skip


def _bare(name: str) -> str:
    return name.strip("_")


def _reflected(operate: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda subject, other: operate(other, subject)


def _all() -> dict[str, Callable[[Any, Any], Any]]:
    found = {name: getattr(_operator, name) for name in COMPARISONS}
    found |= {_bare(name): getattr(_operator, name) for name in _ARITHMETIC}
    found |= {f"i{name}": getattr(_operator, f"i{name}") for name in map(_bare, _ARITHMETIC)}
    found["divmod"] = divmod
    found |= {f"r{name}": _reflected(found[name]) for name in (*map(_bare, _ARITHMETIC), "divmod")}
    return found


OPERATORS = _all()
