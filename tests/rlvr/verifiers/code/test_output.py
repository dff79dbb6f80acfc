"""When a printed output is the expected one, by LiveCodeBench's rules."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlvr.verifiers.code.output import outputs_match


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("1\n", "1"),
        ("  1 2  \n 3\t\n\n", "1 2\n3"),
        ("1.0", "1"),
        ("1.50 2", "1.5 2.0"),
        ("1e3", "1000"),
        ("-0", "0"),
        ("YES\n1.0", "YES\n1"),
        ("", "\n"),
        ("1\r\n2\r\n", "1\n2\n"),
        ("9" * 5000, "9" * 5000 + ".0"),
    ],
)
def test_outputs_that_agree(output: str, expected: str) -> None:
    assert outputs_match(output, expected)
    assert outputs_match(expected, output)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("1", "1\n2"),
        ("1\n2", "1"),
        ("1 2", "1\n2"),
        ("1\n\n2", "1\n2"),
        ("yes", "YES"),
        ("a  b", "a b"),
        ("0.30000000000000004", "0.3"),
        ("50000000000000000", "50000000000000001"),
        ("nan", "NaN"),
        ("sNaN", "1"),
        ("inf", "infinity"),
        ("1 x", "1.0 x"),
        ("", "0"),
        ("0", "\0"),
    ],
)
def test_outputs_that_differ(output: str, expected: str) -> None:
    assert not outputs_match(output, expected)
    assert not outputs_match(expected, output)


@settings(deadline=None)
@given(st.text(), st.text())
def test_comparing_never_raises_and_has_no_direction(one: str, other: str) -> None:
    assert outputs_match(one, one)
    assert outputs_match(one, other) == outputs_match(other, one)


@settings(deadline=None)
@given(st.lists(st.integers(), min_size=2))
def test_prefix_of_an_output_never_matches(numbers: list[int]) -> None:
    lines = [str(number) for number in numbers]
    assert not outputs_match("\n".join(lines[:-1]), "\n".join(lines))
