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

from rlvr_eval.design import (
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
        return failure_rows(self.n, stops)

    @overload
    def pass_at_k(self, n: int, c: int, k: int) -> float: ...
    @overload
    def pass_at_k(self, n: ArrayLike, c: ArrayLike, k: int) -> float | Floats: ...
    def pass_at_k(self, n: ArrayLike, c: ArrayLike, k: int) -> float | Floats:
        """As `Design.pass_at_k`, from the one column of the table that it needs."""
        check_k(k, self.n)
        estimates = 1.0 - _failure_column(self.n, k)[self.stop_index(n, c)]
        return float(estimates) if estimates.ndim == 0 else estimates

    def pass_at_ks(self, n: ArrayLike, c: ArrayLike, ks: Ints) -> Floats:
        """As `Design.pass_at_ks`; where no table is kept, from the columns that it needs."""
        if self.n <= LARGEST_CACHED_N_MAX:
            return super().pass_at_ks(n, c, ks)
        correct = self.stop_index(n, c)
        columns = [1.0 - _failure_column(self.n, k)[correct] for k in ks.tolist()]
        return np.stack(columns, axis=-1)


def failure_rows(n: int, correct: Ints) -> Floats:
    """C(n-c, k) / C(n, k) for the given c and all k = 1..n: shape (len(correct), n).

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


def _failure_column(n: int, k: int) -> Floats:
    """C(n-c, k) / C(n, k) for one k and all c = 0..n."""
    c = np.arange(n)
    return np.concatenate(([1.0], np.cumprod(np.maximum(n - c - k, 0) / (n - c))))
