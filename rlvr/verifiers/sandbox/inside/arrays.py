"""Kinds of numpy's values that go across: arrays, records and scalars.

An array crosses as its type, its shape and its bytes. Types are named by a letter and a size, so
that no text of a hostile process reaches the parser of types that numpy has.
"""

from __future__ import annotations

import sys

# importing `typing` takes longer than all the rest of the start
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# kinds of items whose bytes say all: bool, integers, floats, complex, text, times
_PLAIN_KINDS = frozenset("biufcSUmM")
_SCALAR_KINDS = frozenset("biufcmM")
_LONGEST_DTYPE = 40
_MOST_FIELDS = 256
_MOST_NESTED = 8


def describe(value: Any) -> tuple[str, tuple[Any, ...]] | None:
    """Return name and parts of an array or a record, None for anything else."""
    numpy = sys.modules["numpy"]
    if isinstance(value, numpy.void):
        dtype = _describe_dtype(value.dtype)
        name = "record" if isinstance(value, numpy.record) else "void"
        return None if dtype is None else (name, (dtype, value.tobytes()))
    if not isinstance(value, numpy.ndarray) or hasattr(value, "mask"):
        return None
    view = "recarray" if isinstance(value, numpy.recarray) else ""
    array = numpy.asarray(value)
    if array.dtype.kind == "O":
        return "ndarray", ("O", array.shape, array.ravel().tolist(), "")
    dtype = _describe_dtype(array.dtype)
    return None if dtype is None else ("ndarray", (dtype, array.shape, array.tobytes(), view))


def describe_scalar(value: Any) -> tuple[str, tuple[Any, ...]] | None:
    """Return name and parts of one of numpy's numbers or times, None for anything else."""
    numpy = sys.modules["numpy"]
    kind = type(value)
    if not isinstance(value, numpy.generic) or kind.__module__ != "numpy":
        return None
    if value.dtype.kind not in _SCALAR_KINDS:
        return None
    return "scalar", (value.dtype.str, value.tobytes())


def _describe_dtype(dtype: Any) -> Any:
    """Return the name of a plain type, the fields of a record's, None for any other."""
    if dtype.names is None:
        return dtype.str if dtype.kind in _PLAIN_KINDS else None
    fields = []
    for name in dtype.names:
        field, shape = dtype[name], ()
        if field.subdtype is not None:
            field, shape = field.subdtype
        described = _describe_dtype(field)
        if described is None:
            return None
        fields.append((name, described, shape))
    # one with gaps between its fields would arrive as another
    is_dense = _build_dtype(tuple(fields)) == dtype
    return tuple(fields) if is_dense else None


def _build_dtype(described: Any, depth: int = 0) -> Any:
    import numpy as np

    if type(described) is str:
        # a comma would make it a list of fields, which numpy parses as Python
        if "," in described or len(described) > _LONGEST_DTYPE:
            raise ValueError("an array of many fields")
        dtype = np.dtype(described)
        if dtype.kind not in _PLAIN_KINDS or not dtype.itemsize:
            raise ValueError(f"an array of {dtype}")
        return dtype
    if type(described) is not tuple or len(described) > _MOST_FIELDS or depth > _MOST_NESTED:
        raise ValueError("an array of no type")
    fields = []
    for name, field, shape in described:
        if type(name) is not str or type(shape) is not tuple:
            raise ValueError("a field without a name")
        _size(shape)
        fields.append((name, _build_dtype(field, depth + 1), shape))
    return np.dtype(fields)


def _build_array(described: Any, shape: Any, items: Any, view: Any) -> Any:
    import numpy as np

    if described == "O":
        return _build_object_array(shape, items)
    dtype = _build_dtype(described)
    if dtype.itemsize * _size(shape) != len(_of(bytes, items)):
        raise ValueError(f"an array of {dtype}")
    # a copy, since what lies over bytes cannot be changed
    array = np.ndarray(shape, dtype, items).copy()
    return array.view(np.recarray) if view == "recarray" else array


def _build_object_array(shape: Any, items: Any) -> Any:
    import numpy as np

    if _size(shape) != len(_of(list, items)):
        raise ValueError("an array of another size")
    array = np.empty(shape, dtype=object)
    flat = array.ravel()
    # one by one, since numpy would take lists among the items for further dimensions
    for at, item in enumerate(items):
        flat[at] = item
    return array


def pack_scalars(items: list[Any], kind: type) -> tuple[str, bytes] | None:
    """Return type and bytes of numbers of one numpy type, None for anything else."""
    numpy = sys.modules.get("numpy")
    if numpy is None or kind.__module__ != "numpy" or not issubclass(kind, numpy.number):
        return None
    array = numpy.array(items)
    return (array.dtype.str, array.tobytes()) if array.dtype.kind in "iufc" else None


def unpack_scalars(described: str, items: bytes) -> list[Any]:
    """Return the numbers again, each of numpy's type."""
    import numpy as np

    return list(np.frombuffer(items, _build_dtype(described)))


def _build_single(described: Any, items: Any) -> Any:
    import numpy as np

    dtype = _build_dtype(described)
    if dtype.itemsize != len(_of(bytes, items)):
        raise ValueError(f"an array of {dtype}")
    return np.frombuffer(items, dtype).copy()[0]


def _build_record(described: Any, items: Any) -> Any:
    """Build a record whose fields are attributes as well."""
    return _build_array(described, (1,), items, "recarray")[0]


def _size(shape: Any) -> int:
    size = 1
    for length in _of(tuple, shape):
        size *= _of(int, length)
    if size < 0:
        raise ValueError("a negative size")
    return size


def _of(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise TypeError(f"a {type(value).__name__} in place of a {kind.__name__}")
    return value


BUILDERS: dict[str, Callable[..., Any]] = {
    "ndarray": _build_array,
    "record": _build_record,
    "void": _build_single,
    "scalar": _build_single,
}
