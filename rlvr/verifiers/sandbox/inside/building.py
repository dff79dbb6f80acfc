"""Builds the values of `kinds` anew from a name and parts, both of which may be hostile."""

from __future__ import annotations

from . import arrays
from .kinds import DATA_TYPES, EXCEPTIONS, MEMBERS, PATHS

# importing `typing` takes longer than all the rest of the start
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_MOST_DECIMAL = 100_000
_MOST_FIELDS = 256
_TYPES: dict[str, Any] = {kind.__name__: kind for kind in (*DATA_TYPES, *EXCEPTIONS)}


def build(name: str, parts: Any) -> Any:
    """Build the value of a name and parts, either of which may be hostile.

    Raises:
        ArithmeticError, LookupError, TypeError, ValueError: if there is no such value.
    """
    if type(parts) is not tuple:
        raise ValueError(f"parts of {name[:20]!r}")
    return _BUILDERS[name](*parts)


def _build_deque(items: Any, most: Any) -> Any:
    from collections import deque

    return deque(_of(list, items), most)


def _build_mappingproxy(items: Any) -> Any:
    from types import MappingProxyType

    return MappingProxyType(_of(dict, items))


def _build_counter(counts: Any) -> Any:
    from collections import Counter

    return Counter(_of(dict, counts))


def _build_ordereddict(items: Any) -> Any:
    from collections import OrderedDict

    return OrderedDict(_of(dict, items))


def _build_defaultdict(factory: Any, items: Any) -> Any:
    from collections import defaultdict

    return defaultdict(None if factory is None else _of(type, factory), _of(dict, items))


def _build_namedtuple(name: Any, fields: Any, items: Any) -> Any:
    from collections import namedtuple

    if len(_of(tuple, fields)) > _MOST_FIELDS:
        raise ValueError(f"{len(fields)} fields")
    # it refuses names that are none, and those that begin with an underscore
    kind = namedtuple(_of(str, name), [_of(str, field) for field in fields])  # type: ignore[misc]
    return kind(*_of(tuple, items))


def _build_array(typecode: Any, items: Any) -> Any:
    from array import array

    return array(_of(str, typecode), _of(list, items))


def _build_fraction(numerator: Any, denominator: Any) -> Any:
    from fractions import Fraction

    return Fraction(_of(int, numerator), _of(int, denominator))


def _build_decimal(text: Any) -> Any:
    from decimal import Decimal

    if len(_of(str, text)) > _MOST_DECIMAL:
        raise ValueError(f"a decimal number of more than {_MOST_DECIMAL:,} digits")
    number = Decimal(text)
    # written out, 1e999999999 fills the memory
    if number.is_finite() and abs(number.adjusted()) > _MOST_DECIMAL:
        raise ValueError(f"a decimal number with an exponent beyond {_MOST_DECIMAL:,}")
    return number


def _build_timedelta(*parts: Any) -> Any:
    from datetime import timedelta

    return timedelta(*parts)


def _build_date(*parts: Any) -> Any:
    from datetime import date

    return date(*map(_whole, parts))


def _build_datetime(year: Any, month: Any, day: Any, *clock: Any) -> Any:
    from datetime import datetime

    return datetime.combine(_build_date(year, month, day), _build_time(*clock))


def _build_time(hour: Any, minute: Any, second: Any, micro: Any, offset: Any, fold: Any) -> Any:
    from datetime import time

    hour, minute, second, micro = map(_whole, (hour, minute, second, micro))
    return time(hour, minute, second, micro, _build_zone(offset), fold=_whole(fold))


def _build_zone(offset: Any) -> Any:
    from datetime import timezone

    return None if offset is None else timezone(offset)


def _build_member(plain: Any, name: Any) -> Any:
    # the class has the methods of numbers and texts alone, and two attributes
    kind = type("Member", (MEMBERS[MEMBERS.index(type(plain))],), {})
    member = kind(plain)
    member.name, member.value = _of(str, name), plain
    return member


def _build_exception(kind: Any, *arguments: Any) -> Any:
    if kind not in EXCEPTIONS:
        raise TypeError("no class of exceptions")
    return kind(*arguments)


def _build_uuid(number: Any) -> Any:
    from uuid import UUID

    return UUID(int=_of(int, number))


def _build_path(name: Any, text: Any) -> Any:
    import pathlib

    if name not in PATHS:
        raise ValueError("no kind of path")
    return getattr(pathlib, name)(_of(str, text))


def _build_namespace(attributes: Any) -> Any:
    from types import SimpleNamespace

    return SimpleNamespace(**_of(dict, attributes))


def _build_user(name: str, kind: type, data: Any) -> Any:
    import collections

    return getattr(collections, name)(_of(kind, data))


def _build_chain_map(maps: Any) -> Any:
    from collections import ChainMap

    return ChainMap(*[_of(dict, each) for each in _of(list, maps)])


def _whole(number: Any) -> Any:
    return _of(int, number)


def _of(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise TypeError(f"a {type(value).__name__} in place of a {kind.__name__}")
    return value


_BUILDERS: dict[str, Callable[..., Any]] = {
    "range": range,
    "slice": slice,
    "keys": lambda *items: dict.fromkeys(items).keys(),
    "values": lambda *items: dict(enumerate(items)).values(),
    "items": lambda *items: dict(items).items(),
    "type": lambda name: _TYPES[name],
    "constant": lambda is_ellipsis: ... if is_ellipsis else NotImplemented,
    "counter": _build_counter,
    "ordereddict": _build_ordereddict,
    "defaultdict": _build_defaultdict,
    "namedtuple": _build_namedtuple,
    "bytearray": lambda items: bytearray(_of(bytes, items)),
    "memoryview": lambda items: memoryview(_of(bytes, items)),
    "mappingproxy": _build_mappingproxy,
    "deque": _build_deque,
    "array": _build_array,
    "fraction": _build_fraction,
    "decimal": _build_decimal,
    "timedelta": _build_timedelta,
    "date": _build_date,
    "datetime": _build_datetime,
    "time": _build_time,
    "timezone": lambda offset: _build_zone(offset),
    "member": _build_member,
    "exception": _build_exception,
    "uuid": _build_uuid,
    "path": _build_path,
    "namespace": _build_namespace,
    "userlist": lambda data: _build_user("UserList", list, data),
    "userdict": lambda data: _build_user("UserDict", dict, data),
    "userstring": lambda data: _build_user("UserString", str, data),
    "chainmap": _build_chain_map,
    **arrays.BUILDERS,
}
