"""Numbers as ranges, for requests of consecutive draws."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from rlvr.core.ranges import ranges


@given(st.sets(st.integers(0, 40)))
def test_ranges_cover_the_numbers_and_nothing_else(indices: set[int]) -> None:
    found = list(ranges(sorted(indices)))
    covered = [index for start, stop in found for index in range(start, stop)]
    assert covered == sorted(indices)
    assert all(stop < start for (_, stop), (start, _) in pairwise(found))
