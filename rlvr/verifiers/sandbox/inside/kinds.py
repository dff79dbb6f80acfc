"""Kinds of values that go across as a name and parts, and are built anew on the other side.

They are the types of the standard library, and numpy's arrays, that functions return or take. What
arrives is of the same type as what was sent, so that a test finds a `range` unequal to a list and a
`Fraction` equal to a float, as it would in one process. Only the parts come from a hostile process;
the type and all its methods are this side's own.
"""

from __future__ import annotations

import sys

from . import arrays

# importing `typing` takes longer than all the rest of the start
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# what the receiving side may change in place
MUTABLE = frozenset(
    {"bytearray", "deque", "array", "ndarray", "counter", "defaultdict", "ordereddict"}
)

_MOST_DECIMAL = 100_000
_MOST_FIELDS = 256
_DATA_TYPES: tuple[type, ...] = (
    bool, bytearray, bytes, complex, dict, float, frozenset, int, list, object, range, set, slice,
    str, tuple, type, type(None),
)  # fmt: skip
_TYPES: dict[str, Any] = {kind.__name__: kind for kind in _DATA_TYPES}
_MEMBERS: tuple[Any, ...] = (int, str, float)
_PATHS = ("PosixPath", "PurePosixPath", "PureWindowsPath")
_DICT_VIEWS = {type({}.keys()): "keys", type({}.values()): "values", type({}.items()): "items"}


def describe(value: Any) -> tuple[str, tuple[Any, ...]] | None:
    """Name and parts of a value, None where it is of no kind that goes across."""
    kind = type(value)
    if kind is range or kind is slice:
        return kind.__name__, (value.start, value.stop, value.step)
    if kind in _DICT_VIEWS:
        return _DICT_VIEWS[kind], tuple(value)
    if kind is type and value in _DATA_TYPES:
        return "type", (value.__name__,)
    if value is ... or value is NotImplemented:
        return "constant", (value is ...,)
    if "numpy" in sys.modules:
        array: tuple[str, tuple[Any, ...]] | None = arrays.describe(value)
        if array is not None:
            return array
    for module, name, parts in _LIBRARY:
        # a value of the type can only be there where its module has been imported
        if module in sys.modules and isinstance(value, getattr(sys.modules[module], name)):
            found: tuple[str, tuple[Any, ...]] | None = parts(value)
            return found
    return None


def describe_extended(value: Any) -> tuple[str, tuple[Any, ...]] | None:
    """Name and parts of a value whose type extends one of Python's own, and has more to it."""
    if isinstance(value, tuple):
        fields = getattr(type(value), "_fields", None)
        if type(fields) is tuple and all(type(field) is str for field in fields):
            return "namedtuple", (type(value).__name__, fields, tuple(tuple.__iter__(value)))
        return None
    if isinstance(value, dict):
        return _describe_dict(value)
    return arrays.describe_scalar(value) if "numpy" in sys.modules else _describe_member(value)


def _describe_member(value: Any) -> tuple[str, tuple[Any, ...]] | None:
    """A member of an enumeration that is a number or a text as well."""
    enum = sys.modules.get("enum")
    if enum is not None and isinstance(value, enum.Enum):
        for kind in _MEMBERS:
            if isinstance(value, kind):
                plain = str.__str__(value) if kind is str else kind.__pos__(value)
                return "member", (plain, value.name)
    return None


def _describe_dict(value: Any) -> tuple[str, tuple[Any, ...]] | None:
    collections, plain = sys.modules.get("collections"), dict(dict.items(value))
    if collections is None:
        return None
    if type(value) is collections.Counter:
        return "counter", (plain,)
    if type(value) is collections.OrderedDict:
        return "ordereddict", (dict(value.items()),)
    if type(value) is collections.defaultdict and value.default_factory in (None, *_DATA_TYPES):
        return "defaultdict", (value.default_factory, plain)
    return None


def build(name: str, parts: Any) -> Any:
    """The value of a name and parts, either of which may be hostile.

    Raises:
        ArithmeticError, LookupError, TypeError, ValueError: if there is no such value.
    """
    if type(parts) is not tuple:
        raise ValueError(f"parts of {name[:20]!r}")
    return _BUILDERS[name](*parts)


def _bytearray(value: Any) -> tuple[str, tuple[Any, ...]]:
    return "bytearray", (bytes(value),)


def _memoryview(value: Any) -> tuple[str, tuple[Any, ...]] | None:
    # one of other items than bytes equals what has the same numbers, and a copy of one that can be
    # written to would take a change away from what it shows
    is_plain = value.readonly and value.format == "B" and value.ndim == 1
    return ("memoryview", (value.tobytes(),)) if is_plain else None


def _mappingproxy(value: Any) -> tuple[str, tuple[Any, ...]]:
    return "mappingproxy", (dict(value),)


def _deque(value: Any) -> tuple[str, tuple[Any, ...]]:
    return "deque", (list(value), value.maxlen)


def _array(value: Any) -> tuple[str, tuple[Any, ...]]:
    return "array", (value.typecode, value.tolist())


def _fraction(value: Any) -> tuple[str, tuple[Any, ...]]:
    return "fraction", (value.numerator, value.denominator)


def _decimal(value: Any) -> tuple[str, tuple[Any, ...]]:
    return "decimal", (str(value),)


def _timedelta(value: Any) -> tuple[str, tuple[Any, ...]]:
    return "timedelta", (value.days, value.seconds, value.microseconds)


def _zone(value: Any) -> Any:
    """The offset of a fixed time zone; another kind of zone cannot be built anew."""
    zone = value.tzinfo
    if zone is not None and type(zone) is not sys.modules["datetime"].timezone:
        raise TypeError(f"a time zone of type {type(zone).__name__}")
    return None if zone is None else zone.utcoffset(None)


def _datetime(value: Any) -> tuple[str, tuple[Any, ...]]:
    day = (value.year, value.month, value.day)
    return "datetime", (*day, *_hours(value))


def _date(value: Any) -> tuple[str, tuple[Any, ...]]:
    return "date", (value.year, value.month, value.day)


def _time(value: Any) -> tuple[str, tuple[Any, ...]]:
    return "time", _hours(value)


def _hours(value: Any) -> tuple[Any, ...]:
    clock = (value.hour, value.minute, value.second, value.microsecond)
    return (*clock, _zone(value), value.fold)


def _timezone(value: Any) -> tuple[str, tuple[Any, ...]]:
    return "timezone", (value.utcoffset(None),)


def _uuid(value: Any) -> tuple[str, tuple[Any, ...]]:
    return "uuid", (value.int,)


def _path(value: Any) -> tuple[str, tuple[Any, ...]] | None:
    name = type(value).__name__
    return ("path", (name, str(value))) if name in _PATHS else None


def _namespace(value: Any) -> tuple[str, tuple[Any, ...]] | None:
    exact = type(value) is sys.modules["types"].SimpleNamespace
    return ("namespace", (dict(vars(value)),)) if exact else None


def _user_data(value: Any) -> tuple[str, tuple[Any, ...]] | None:
    """One of the classes themselves; one that extends them has methods of its own."""
    kind = type(value)
    return (kind.__name__.lower(), (value.data,)) if kind.__module__ == "collections" else None


def _chain_map(value: Any) -> tuple[str, tuple[Any, ...]] | None:
    exact = type(value) is sys.modules["collections"].ChainMap
    return ("chainmap", (list(value.maps),)) if exact else None


_LIBRARY: tuple[tuple[str, str, Callable[[Any], Any]], ...] = (
    ("builtins", "bytearray", _bytearray),
    ("builtins", "memoryview", _memoryview),
    ("types", "MappingProxyType", _mappingproxy),
    ("collections", "deque", _deque),
    ("array", "array", _array),
    ("fractions", "Fraction", _fraction),
    ("decimal", "Decimal", _decimal),
    ("datetime", "timedelta", _timedelta),
    ("datetime", "datetime", _datetime),
    ("datetime", "date", _date),
    ("datetime", "time", _time),
    ("datetime", "timezone", _timezone),
    ("uuid", "UUID", _uuid),
    ("pathlib", "PurePath", _path),
    ("types", "SimpleNamespace", _namespace),
    ("collections", "UserList", _user_data),
    ("collections", "UserDict", _user_data),
    ("collections", "UserString", _user_data),
    ("collections", "ChainMap", _chain_map),
)


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
    kind = type("Member", (_MEMBERS[_MEMBERS.index(type(plain))],), {})
    member = kind(plain)
    member.name, member.value = _of(str, name), plain
    return member


def _build_uuid(number: Any) -> Any:
    from uuid import UUID

    return UUID(int=_of(int, number))


def _build_path(name: Any, text: Any) -> Any:
    import pathlib

    if name not in _PATHS:
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
    "uuid": _build_uuid,
    "path": _build_path,
    "namespace": _build_namespace,
    "userlist": lambda data: _build_user("UserList", list, data),
    "userdict": lambda data: _build_user("UserDict", dict, data),
    "userstring": lambda data: _build_user("UserString", str, data),
    "chainmap": _build_chain_map,
    **arrays.BUILDERS,
}
