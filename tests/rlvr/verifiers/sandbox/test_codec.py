"""Values on their way between two sandboxes."""

import math
from collections import Counter, OrderedDict, namedtuple
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
        (bytearray(b"\xff"), b"\xff"),
    ],
)
def test_instances_of_subclasses_arrive_as_the_plain_value(value: Any, plain: Any) -> None:
    arrived = decode(encode(value))
    assert type(arrived) is type(plain)
    assert _same(arrived, plain)


@pytest.mark.parametrize(
    "value", [object(), print, np.zeros(3), range(3), iter([]), Opaque, {}.keys()]
)
def test_what_is_not_data_arrives_as_something_that_equals_nothing(value: Any) -> None:
    arrived = decode(encode([value]))[0]
    assert isinstance(arrived, Opaque)
    assert arrived not in (None, 0, [], "", True, decode(encode(value)))
    with pytest.raises(NotData):
        encode([value], only_data=True)


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


TOKENS = st.sampled_from(
    [*b"NTFifcsbIo[({<m", *(b"%d;" % n for n in range(4)), b"1,2", b";", b"-1;", b"nan;", b"\xff"]
).map(lambda token: token if isinstance(token, bytes) else bytes([token]))


@settings(deadline=None)
@given(st.lists(TOKENS).map(b"".join) | st.binary())
def test_any_bytes_give_plain_values_or_are_refused(text: bytes) -> None:
    try:
        value = decode(text)
    except NotData:
        return
    kinds = (type(None), bool, int, float, complex, str, bytes, list, tuple, set, frozenset, dict)
    assert type(value) in (*kinds, Opaque)


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
