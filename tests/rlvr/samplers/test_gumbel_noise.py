"""The noise that makes arg max a draw: exact in distribution, fixed by seed, position and token."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rlvr.samplers.gumbel_noise import gumbel

GOLDEN, MIX_1, MIX_2 = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
WORD = 2**64
seeds = st.integers(0, 2**60 + 2**20)


@given(st.lists(seeds, min_size=1, max_size=8), st.integers(0, 20_000))
def test_noise_of_a_draw_does_not_depend_on_its_batch(drawn: list[int], position: int) -> None:
    together = gumbel(torch.tensor(drawn), position, 7)
    for row, seed in zip(together, drawn, strict=True):
        assert torch.equal(row, gumbel(torch.tensor([seed]), position, 7)[0])
    assert torch.isfinite(together).all()


def test_noise_is_standard_gumbel() -> None:
    noise = gumbel(torch.arange(200), 3, 500).flatten().numpy()
    assert stats.kstest(noise, "gumbel_r").pvalue > 0.01


def test_neighbouring_seeds_positions_and_tokens_are_uncorrelated() -> None:
    first = gumbel(torch.arange(400), 0, 250).numpy()
    next_seed = gumbel(torch.arange(1, 401), 0, 250).numpy()
    next_position = gumbel(torch.arange(400), 1, 250).numpy()
    for other in (next_seed, next_position, np.roll(first, 1, axis=1)):
        correlation = np.corrcoef(first.flatten(), other.flatten())[0, 1]
        assert abs(correlation) < 4 / np.sqrt(first.size)


def test_arg_max_draws_each_token_as_often_as_its_probability() -> None:
    probability = torch.tensor([0.5, 0.3, 0.15, 0.05])
    draws = 20_000
    chosen = (probability.log() + gumbel(torch.arange(draws), 5, 4)).argmax(1)
    observed = torch.bincount(chosen, minlength=4).numpy()
    assert stats.chisquare(observed, probability.numpy() * draws).pvalue > 0.01


def test_the_largest_of_all_random_numbers_makes_finite_noise() -> None:
    """A seed whose first token draws 53 ones, found by running the mixing function backwards."""
    seed = _unmix((_unmix((_unmix(WORD - 1) - GOLDEN) % WORD) - 5 * GOLDEN) % WORD)
    seed -= WORD if seed >= WORD // 2 else 0
    noise = gumbel(torch.tensor([seed]), 5, 3)[0]
    assert noise[0] == pytest.approx(53 * np.log(2), rel=1e-12)
    assert torch.isfinite(noise).all()
    assert noise[0] > noise[1:].max()


def _unmix(z: int) -> int:
    """The number that SplitMix64 mixes into `z`."""
    z = _unshift(z, 31) * pow(MIX_2, -1, WORD) % WORD
    z = _unshift(z, 27) * pow(MIX_1, -1, WORD) % WORD
    return _unshift(z, 30)


def _unshift(z: int, bits: int) -> int:
    """The x with x ^ (x >> bits) == z."""
    found = z
    for _ in range(64 // bits):
        found = z ^ (found >> bits)
    return found
