"""The fixed design: every problem gets the same n completions, and pass@k is Chen's formula.

    (1-p)^k  is estimated by  F[c, k] = C(n-c, k) / C(n, k),    pass@k by 1 - F[c, k]

(Chen et al. 2021, arXiv:2107.03374, eq. 1). It is the share of k-subsets of the n completions that
hold no correct one, hence unbiased, and defined only for k <= n. Binomials overflow and log-gamma
loses digits, so F comes from a recursion in which every factor lies in [0, 1]:

    F[0, k] = 1,    F[c+1, k] = F[c, k] * max(n-c-k, 0) / (n-c)
"""

from dataclasses import dataclass
from typing import overload

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln

from rlvr_eval.estimators.design import (
    LARGEST_CACHED_N_MAX,
    Design,
    Floats,
    Ints,
    Stops,
    check_k,
    counts,
)


@dataclass(frozen=True)
class FixedDesign(Design):
    """n completions for every problem, whatever they turn out to be. Written "fixed:<n>"."""

    n: int

    def __post_init__(self) -> None:
        if self.n < 1:
            raise ValueError(f"a fixed design needs n >= 1, not {self.n}")

    def __str__(self) -> str:
        return f"fixed:{self.n}"

    @property
    def looks(self) -> tuple[int, ...]:
        return (self.n,)

    def threshold(self, look: int) -> int:
        return 0

    def stops(self) -> Stops:
        c = np.arange(self.n + 1)
        log_paths = gammaln(self.n + 1) - gammaln(c + 1) - gammaln(self.n - c + 1)
        return Stops(np.full_like(c, self.n), c, log_paths)

    def stop_index(self, n: ArrayLike, c: ArrayLike) -> Ints:
        drawn, correct = counts(n, c)
        if (drawn != self.n).any():
            other = drawn[drawn != self.n].flat[0]
            raise ValueError(
                f"counts with n = {other} do not belong to the design {self}: the fixed-n formula "
                "is biased for completions whose number depended on their verdicts; use the "
                "design they were sampled under, such as SequentialDesign(looks, thresholds)"
            )
        return correct

    def failure_rows(self, stops: Ints) -> Floats:
        if self.n <= LARGEST_CACHED_N_MAX:
            return failure_rows(self.n, stops)
        return failure(self.n, stops[:, None], np.arange(1, self.n + 1))

    @overload
    def pass_at_k(self, n: int, c: int, k: int) -> float: ...
    @overload
    def pass_at_k(self, n: ArrayLike, c: ArrayLike, k: int) -> float | Floats: ...
    def pass_at_k(self, n: ArrayLike, c: ArrayLike, k: int) -> float | Floats:
        """Estimate as `Design.pass_at_k` does, without the table of all k."""
        check_k(k, self.n)
        estimates = 1.0 - failure(self.n, self.stop_index(n, c), k)
        return float(estimates) if estimates.ndim == 0 else estimates

    def failures_at(self, stops: Ints, ks: Ints) -> Floats:
        return failure(self.n, stops[:, None], ks)


def failure_rows(n: int, correct: Ints) -> Floats:
    """Compute C(n-c, k) / C(n, k) for the given c and all k = 1..n: shape (len(correct), n).

    A c above n has no meaning and is refused by the caller; values agree with exact arithmetic to
    a few units in the last place times c.
    """
    k = np.arange(1, n + 1)
    rows = np.empty((correct.size, n))
    wanted: dict[int, list[int]] = {}
    for row, c in enumerate(correct.tolist()):
        wanted.setdefault(c, []).append(row)
    failure = np.ones(n)
    for c in range(int(correct.max(initial=-1)) + 1):
        for row in wanted.get(c, ()):
            rows[row] = failure
        if c < n:
            failure *= np.maximum(n - c - k, 0) / (n - c)
    return rows


# a product of fewer factors than this is exact enough, and cheap
_FEW_FACTORS = 32


def failure(n: ArrayLike, c: ArrayLike, k: ArrayLike) -> Floats:
    """Compute C(n-c, k) / C(n, k), elementwise for arrays whose shapes broadcast.

    c and k may be exchanged, so that the smaller of the two, m, counts the factors
    (n-M-j) / (n-j), j < m, with M the larger. Where these are many, Stirling's series sums their
    logarithms, in a form whose terms are no larger than the result where that is above rounding.
    Agrees with exact arithmetic to 1e-12.
    """
    draws, one, other = np.broadcast_arrays(*(np.asarray(each, np.float64) for each in (n, c, k)))
    fewer, more = np.minimum(one, other), np.maximum(one, other)
    left = draws - fewer - more
    found = np.zeros(draws.shape)
    is_short = fewer <= _FEW_FACTORS
    found[is_short] = _product(draws[is_short], fewer[is_short], more[is_short])
    # with less left, the product is below 1e-30
    is_long = ~is_short & (left > draws / 8)
    found[is_long] = np.exp(_log_by_stirling(draws[is_long], fewer[is_long], more[is_long]))
    return found


def _product(n: Floats, fewer: Floats, more: Floats) -> Floats:
    """Multiply the factors (n - more - j) / (n - j) for j < fewer; flat arrays."""
    product = np.ones(n.shape)
    for j in range(int(fewer.max(initial=0.0))):
        factor = np.maximum(n - more - j, 0.0) / np.maximum(n - j, 1.0)
        product *= np.where(j < fewer, factor, 1.0)
    return product


def _log_by_stirling(n: Floats, fewer: Floats, more: Floats) -> Floats:
    """Compute log of (n-M)! (n-m)! / (n! (n-M-m)!), x! as x**x e**-x sqrt(2 pi x) e**rest(x)."""
    left, without_more, without_fewer = n - fewer - more, n - more, n - fewer
    powers = (
        left * _excess(fewer / left)
        - without_fewer * _excess(fewer / without_fewer)
        + fewer * np.log1p(-more / without_fewer)
    )
    roots = 0.5 * np.log1p(fewer * more / (n * left))
    rests = _rest(without_more) + _rest(without_fewer) - _rest(n) - _rest(left)
    return np.asarray(powers + roots + rests)


def _excess(x: Floats) -> Floats:
    """Compute (1 + x) log(1 + x) - x."""
    return np.asarray((1.0 + x) * np.log1p(x) - x)


def _rest(x: Floats) -> Floats:
    """Compute what Stirling's formula for log x! lacks, to 1e-12 from x = 20 on."""
    square = x * x
    return np.asarray((1 / 12 - (1 / 360 - 1 / 1260 / square) / square) / x)
