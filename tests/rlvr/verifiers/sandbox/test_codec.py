"""Values on their way between two sandboxes."""

import math
import re
from array import array
from collections import Counter, OrderedDict, deque, namedtuple
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlvr.verifiers.sandbox.inside.codec import NotData, Opaque, decode, encode

KEYS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
LEAVES = KEYS | st.binary() | st.complex_numbers(allow_nan=False) | st.integers(2**2000, 2**2100)
HASHABLE = st.recursive(KEYS | st.binary(), lambda inner: st.tuples(inner, inner), max_leaves=4)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.dictionaries(HASHABLE, inner),
        st.sets(HASHABLE),
        st.frozensets(HASHABLE),
    ),
    max_leaves=20,
)


def _same(one: Any, other: Any) -> bool:
    """Equal, and of equal types all the way down: 1 is not True here, and 0.0 is not -0.0."""
    return one == other and sorted(repr(one)) == sorted(repr(other))


@settings(deadline=None)
@given(VALUES)
def test_data_comes_back_as_it_went(value: Any) -> None:
    assert _same(decode(encode(value)), value)
    assert _same(decode(encode(value, only_data=True)), value)


def test_numbers_that_are_not_finite_come_back() -> None:
    nan, low, high = decode(encode([math.nan, -math.inf, math.inf]))
    assert math.isnan(nan)
    assert (low, high) == (-math.inf, math.inf)


class _Yes(int):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = int.__hash__

    def __index__(self) -> int:
        return 42

    def __repr__(self) -> str:
        return "42"


class _Text(str):
    __slots__ = ()

    def __str__(self) -> str:
        return "other"

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = str.__hash__


Point = namedtuple("Point", "x y")


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (_Yes(7), 7),
        (_Text("text"), "text"),
        ([_Yes(7), (_Text("a"),)], [7, ("a",)]),
        (Counter("aab"), {"a": 2, "b": 1}),
        (OrderedDict(a=1), {"a": 1}),
        (Point(1, 2), (1, 2)),
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (np.True_, True),
    ],
)
def test_instances_of_subclasses_arrive_as_the_plain_value(value: Any, plain: Any) -> None:
    arrived = decode(encode(value))
    assert type(arrived) is type(plain)
    assert _same(arrived, plain)


@pytest.mark.parametrize(
    "value",
    [object(), print, iter([]), Opaque, re.error("x"), np.void(3), re.compile("")],
)
def test_what_is_not_data_arrives_as_something_that_equals_nothing(value: Any) -> None:
    arrived = decode(encode([value]))[0]
    assert isinstance(arrived, Opaque)
    assert arrived not in (None, 0, [], "", True, decode(encode(value)))
    with pytest.raises(NotData):
        encode([value], only_data=True)


KINDS = [
    range(1, 9, 2), slice(1, None), deque([1, [2]], 5), array("d", [1.5]), Fraction(-1, 3),
    Decimal("-1.50"), Decimal("NaN"), date(2024, 2, 29), time(1, 2, 3, 4, UTC, fold=1),
    datetime(2024, 2, 29, 1, 2, tzinfo=timezone(timedelta(hours=-3))), timedelta(-1, 2, 3), UTC,
    np.arange(6.0).reshape(2, 3), np.array(5), np.zeros((2, 0), int), np.array(["ab", "c"]),
    np.array([None, [1], "x"], dtype=object), np.array(["2024-02-29"], "datetime64[D]"),
    np.array([True]), np.array([1j]), int, list, type(None), ..., bytearray(b"\xff"),
    MappingProxyType({1: [2]}),
]  # fmt: skip


@pytest.mark.parametrize("value", KINDS, ids=repr)
def test_kinds_of_the_standard_library_come_back_as_they_went(value: Any) -> None:
    arrived = decode(encode([value], only_data=True))[0]
    assert type(arrived) is type(value)
    assert repr(arrived) == repr(value)
    assert getattr(arrived, "dtype", None) == getattr(value, "dtype", None)


def test_views_of_a_dict_come_back_as_views() -> None:
    plain = {"a": 1, "b": 2}
    keys, values, items = decode(encode([plain.keys(), plain.values(), plain.items()]))
    assert (keys, list(values), items) == ({"a", "b"}, [1, 2], {("a", 1), ("b", 2)})
    assert [type(view) for view in (keys, values, items)] == [
        type(plain.keys()), type(plain.values()), type(plain.items())
    ]  # fmt: skip


class _Sly(Fraction):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = Fraction.__hash__


class _SlyArray(np.ndarray):  # type: ignore[type-arg]
    def __eq__(self, other: object) -> bool:  # type: ignore[override]
        return True


class _SlyQueue(deque):  # type: ignore[type-arg]
    def __eq__(self, other: object) -> bool:
        return True


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (_Sly(1, 2), Fraction),
        (np.zeros(2).view(_SlyArray), np.ndarray),
        (_SlyQueue([1]), deque),
    ],
)
def test_methods_of_a_subclass_stay_behind(value: Any, kind: type) -> None:
    arrived = decode(encode(value))
    assert type(arrived) is kind
    assert not np.all(arrived == 7)


def _of_kind(name: str, *parts: Any) -> bytes:
    return b"v%s;" % name.encode() + encode(parts)


@pytest.mark.parametrize(
    "text",
    [
        b"vrange;",
        b"vrange;N",
        b"vnothing;(0;",
        b"r0;",
        b"q0;",
        b"r-1;",
        b"D1;x",
        _of_kind("range", "a"),
        _of_kind("range", 1, 2, 0),
        _of_kind("type", "eval"),
        _of_kind("type", ["int"]),
        _of_kind("fraction", 1, 0),
        _of_kind("fraction", "1/2", 1),
        _of_kind("decimal", "1e999999999"),
        _of_kind("decimal", 1.5),
        _of_kind("decimal", "x"),
        _of_kind("deque", [1], -1),
        _of_kind("deque", 5, None),
        _of_kind("date", 0, 0, 0),
        _of_kind("date", 2024.0, 1, 1),
        _of_kind("datetime", 2024, 1, 1),
        _of_kind("time", 1, 2, 3, 4, "UTC", 0),
        _of_kind("timezone", timedelta(days=9)),
        _of_kind("timedelta", 10**12),
        _of_kind("keys", [1]),
        _of_kind("items", 1),
        _of_kind("array", "u", [1]),
        _of_kind("namedtuple", "P", ("__eq__",), (1,)),
        _of_kind("namedtuple", "P", ("x, y): return 1 #",), (1,)),
        _of_kind("namedtuple", "P", tuple(f"x{n}" for n in range(999)), ()),
        _of_kind("counter", [1]),
        _of_kind("ordereddict", 1),
        _of_kind("defaultdict", "eval", {}),
        _of_kind("ndarray", "<f8", (1 << 40,), b""),
        _of_kind("ndarray", "<f8", (2,), b"1234567"),
        _of_kind("ndarray", "<f8", (-1, -1), b"12345678"),
        _of_kind("ndarray", "O", (1 << 40,), []),
        _of_kind("ndarray", "|O", (1,), b"12345678"),
        _of_kind("ndarray", "V8", (1,), b"12345678"),
        _of_kind("ndarray", "<U0", (1 << 40,), b""),
        _of_kind("ndarray", "f8,(", (1,), b"12345678"),
        _of_kind("ndarray", "f8" * 10**4, (1,), b"12345678"),
        b"i" + b"f" * (1 << 19) + b";",
        b"I524288;" + b"f" * (1 << 19),
    ],
    ids=lambda text: text[:30],
)
def test_hostile_parts_of_a_kind_are_refused(text: bytes) -> None:
    with pytest.raises(NotData):
        decode(text)


def test_containers_that_both_sides_have_are_named_by_number() -> None:
    inner: list[Any] = [1, 2]
    theirs: list[Any] = []
    ours: list[Any] = []
    sent = encode(([inner, inner], {"x": inner}), known=ours, number_new=True)
    pair, named = decode(sent, known=theirs, number_new=True)
    assert pair[0] is pair[1] is named["x"]
    assert [id(container) for container in ours] == [id(c) for c in (ours[0], inner, ours[2])]
    answer = encode([theirs[1], [theirs[1]]], known=theirs)
    back = decode(answer, known=ours)
    assert back[0] is inner
    assert back[1][0] is inner


def test_answer_that_was_not_data_may_be_passed_on() -> None:
    arrived = decode(encode(decode(encode(object())), only_data=True))
    assert (type(arrived), arrived.type_name) == (Opaque, "builtins.object")


@pytest.mark.parametrize("make", [lambda xs: xs.append(xs), lambda xs: xs.append(_deep(10**5))])
def test_what_is_endless_or_too_deep_is_refused(make: Any) -> None:
    xs: list[Any] = []
    make(xs)
    with pytest.raises(NotData):
        encode(xs)


def _deep(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"nonsense",
        b"NN",
        b"\xff\xfe",
        b"i;",
        b"i1",
        b"i0x;",
        b"fx;",
        b"f" + b"9" * 10**6,
        b"c1;",
        b"[1;",
        b"[2;N",
        b"[-1;",
        b"[99999999999999999999;N",
        b"[" + b"9" * 10**5 + b";N",
        b"[1;" * 10**5,
        b"m1;" * 10**5,
        b"m1;N",
        b"m1;[0;N",
        b"{1;[0;",
        b"{1;{0;",
        b"s5;abc",
        b"s-1;abc",
        b"s1;\xff",
        b"b9;",
        b"I0;",
        b"I3;1,x",
        b"I2;\xff\xff",
        b"o4;abc",
        b"\x80\x04cos\nsystem\n.",
    ],
)
def test_hostile_bytes_are_refused(text: bytes) -> None:
    with pytest.raises(NotData):
        decode(text)


TAGS = [bytes([tag]) for tag in b"NTFifcsbIDorpq[({<m"]
KIND_TAGS = [b"vrange;", b"vdeque;", b"vdecimal;", b"vndarray;"]
FIELDS = [b"0;", b"1;", b"2;", b"3;", b"1,2", b";", b"-1;", b"nan;", b"\xff"]
TOKENS = st.sampled_from([*TAGS, *KIND_TAGS, *FIELDS])


@settings(deadline=None)
@given(st.lists(TOKENS).map(b"".join) | st.binary())
def test_any_bytes_give_plain_values_or_are_refused(text: bytes) -> None:
    try:
        value = decode(text)
    except NotData:
        return
    kinds = (type(None), bool, int, float, complex, str, bytes, list, tuple, set, frozenset, dict)
    assert type(value) in (*kinds, range, deque, Decimal, np.ndarray, Opaque)


@settings(deadline=None)
@given(VALUES, st.data())
def test_bytes_that_were_tampered_with_give_plain_values_or_are_refused(
    value: Any, data: st.DataObject
) -> None:
    text = bytearray(encode(value))
    at = data.draw(st.integers(0, len(text) - 1))
    text[at] = data.draw(st.integers(0, 255))
    try:
        decode(bytes(text))
    except NotData:
        return
