"""Writes shares in per cent, as terminal, page and model cards all do."""

from decimal import ROUND_HALF_UP, Decimal

_TENTH = Decimal("0.1")


def per_cent(share: float, *, sign: bool = False) -> str:
    """Write a share in per cent with one decimal; 0 has no sign.

    Halves are rounded away from 0, as browsers do on the page: 1 of 16 is 6.3, not 6.2.
    """
    # adding 0 turns -0.0 into 0.0
    rounded = Decimal(100.0 * share).quantize(_TENTH, ROUND_HALF_UP) + 0
    return f"{rounded:+}" if sign and rounded else f"{rounded}"
