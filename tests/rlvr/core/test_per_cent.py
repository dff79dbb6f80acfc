"""Shares are written alike wherever people read them."""

import pytest

from rlvr.core.per_cent import per_cent


@pytest.mark.parametrize(
    ("share", "written", "signed"),
    [
        (0.0625, "6.3", "+6.3"),
        (-0.0625, "-6.3", "-6.3"),
        (0.3125, "31.3", "+31.3"),
        (-0.0004, "0.0", "0.0"),
        (0.9996, "100.0", "+100.0"),
        (-1.0, "-100.0", "-100.0"),
    ],
)
def test_shares_are_rounded_as_browsers_round_them_and_0_has_no_sign(
    share: float, written: str, signed: str
) -> None:
    assert per_cent(share) == written
    assert per_cent(share, sign=True) == signed
