"""Numbers as ranges."""

from collections.abc import Iterable, Iterator
from itertools import groupby


def ranges(indices: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Write ascending numbers as half-open ranges: 0, 1, 2, 7 -> (0, 3), (7, 8)."""
    for _, run in groupby(enumerate(indices), key=lambda pair: pair[1] - pair[0]):
        first, *rest = (index for _, index in run)
        yield first, (rest[-1] if rest else first) + 1
