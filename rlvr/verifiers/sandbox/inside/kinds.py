"""Kinds of values that go across as a name and parts, and are built anew on the other side.

They are the types of the standard library, and numpy's arrays, that functions return or take. What
arrives is of the same type as what was sent, so that a test finds a `range` unequal to a list and a
`Fraction` equal to a float, as it would in one process. Only the parts come from a hostile process;
the type and all its methods are this side's own.
"""

from __future__ import annotations

import builtins
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

DATA_TYPES: tuple[type, ...] = (
    bool, bytearray, bytes, complex, dict, float, frozenset, int, list, object, range, set, slice,
    str, tuple, type, type(None),
)  # fmt: skip
EXCEPTIONS: tuple[type, ...] = tuple(
    value
    for value in vars(builtins).values()
    if isinstance(value, type) and issubclass(value, BaseException)
)
MEMBERS: tuple[Any, ...] = (int, str, float)
PATHS = ("PosixPath", "PurePosixPath", "PureWindowsPath")
_DICT_VIEWS = {type({}.keys()): "keys", type({}.values()): "values", type({}.items()): "items"}


def describe(value: Any) -> tuple[str, tuple[Any, ...]] | None:
    """Return name and parts of a value, None where it is of no kind that goes across."""
    kind = type(value)
    if kind is range or kind is slice:
        return kind.__name__, (value.start, value.stop, value.step)
    if kind in _DICT_VIEWS:
        return _DICT_VIEWS[kind], tuple(value)
    if kind is type and (value in DATA_TYPES or value in EXCEPTIONS):
        return "type", (value.__name__,)
    if kind in EXCEPTIONS:
        return "exception", (kind, *value.args)
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
    """Describe a value whose type extends one of Python's own, and has more to it."""
    if isinstance(value, tuple):
        fields = getattr(type(value), "_fields", None)
        if type(fields) is tuple and all(type(field) is str for field in fields):
            return "namedtuple", (type(value).__name__, fields, tuple(tuple.__iter__(value)))
        return None
    if isinstance(value, dict):
        return _describe_dict(value)
    return arrays.describe_scalar(value) if "numpy" in sys.modules else _describe_member(value)


def _describe_member(value: Any) -> tuple[str, tuple[Any, ...]] | None:
    """Describe a member of an enumeration that is a number or a text as well."""
    enum = sys.modules.get("enum")
    if enum is not None and isinstance(value, enum.Enum):
        for kind in MEMBERS:
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
    if type(value) is collections.defaultdict and value.default_factory in (None, *DATA_TYPES):
        return "defaultdict", (value.default_factory, plain)
    return None


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
    """Return the offset of a fixed time zone; another kind of zone cannot be built anew."""
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
    return ("path", (name, str(value))) if name in PATHS else None


def _namespace(value: Any) -> tuple[str, tuple[Any, ...]] | None:
    exact = type(value) is sys.modules["types"].SimpleNamespace
    return ("namespace", (dict(vars(value)),)) if exact else None


def _user_data(value: Any) -> tuple[str, tuple[Any, ...]] | None:
    """Describe an instance of the classes themselves; subclasses have methods of their own."""
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
