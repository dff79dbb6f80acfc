"""Sampling as arg max, with noise that depends on nothing but the draw and the position.

Adding Gumbel noise to log-probabilities and taking the largest is exact sampling (Gumbel 1954; the
"Gumbel-max trick"). Here the noise of a token is a function of (seed of the draw, position, token),
by the SplitMix64 mixing function (Steele, Lea & Flood 2014), so a draw is the same in any batch,
shard or order.
"""

import torch

_GOLDEN = -7046029254386353131  # 0x9E3779B97F4A7C15 as a signed 64-bit integer
_MIX_1 = -4658895280553007687  # 0xBF58476D1CE4E5B9
_MIX_2 = -7723592293110705685  # 0x94D049BB133111EB
_BELOW_ONE = 1 - 2.0**-53


def gumbel(seeds: torch.Tensor, position: int, vocabulary: int) -> torch.Tensor:
    """Compute standard Gumbel noise, float64, shape (draws, vocabulary).

    Args:
        seeds: int64, shape (draws,), one per draw.
        position: of the token within its completion, from 0.
    """
    streams = _mix(_mix(seeds) + _signed(position * _GOLDEN))
    tokens = torch.arange(1, vocabulary + 1, device=seeds.device) * _GOLDEN
    bits = _mix(streams[:, None] + tokens[None, :])
    # 53 random bits, shifted by half a step: uniform in the open interval (0, 1)
    uniform = (_shift_right(bits, 11).double() + 0.5) * 2.0**-53
    # the last step rounds to 1, whose noise would be infinite and beat every score
    return -torch.log(-torch.log(uniform.clamp(max=_BELOW_ONE)))


def _mix(z: torch.Tensor) -> torch.Tensor:
    z = (z ^ _shift_right(z, 30)) * _MIX_1
    z = (z ^ _shift_right(z, 27)) * _MIX_2
    return z ^ _shift_right(z, 31)


def _shift_right(z: torch.Tensor, bits: int) -> torch.Tensor:
    """Shift right logically: torch shifts the sign in, so it is masked away."""
    return (z >> bits) & ((1 << (64 - bits)) - 1)


def _signed(value: int) -> int:
    """Return the signed 64-bit integer with the same low 64 bits."""
    return (value + (1 << 63)) % (1 << 64) - (1 << 63)
