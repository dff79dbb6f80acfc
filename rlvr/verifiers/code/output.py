"""Whether a program printed what it had to.

The rules are LiveCodeBench's: white space around the whole and around each line does not count; two
lines agree if they are the same, or if both are numbers throughout and the numbers are equal
exactly (1.0 is 1, and 0.30000000000000004 is not 0.3).
"""

from decimal import Decimal, InvalidOperation


def outputs_match(output: str, expected: str) -> bool:
    """Return True if every line agrees and there are as many of them."""
    ours, theirs = _lines(output), _lines(expected)
    return len(ours) == len(theirs) and all(map(_agree, ours, theirs))


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().split("\n")]


def _agree(ours: str, theirs: str) -> bool:
    if ours == theirs:
        return True
    try:
        return _numbers(ours) == _numbers(theirs)
    except InvalidOperation:
        return False


def _numbers(line: str) -> list[Decimal]:
    """Parse the line's numbers.

    Raises:
        InvalidOperation: if a word of it is no number.
    """
    numbers = [Decimal(word) for word in line.split()]
    if not all(number.is_finite() for number in numbers):
        # a signalling NaN raises where it is compared; no answer is a NaN or an infinity
        raise InvalidOperation(line[:40])
    return numbers
