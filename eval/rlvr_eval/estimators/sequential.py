"""Adaptive sampling that keeps pass@k exactly unbiased for every k up to n_max.

Most completions of a fixed-n evaluation go to problems whose answer is already known. A sequential
design looks at a problem after t_1 < t_2 < ... < t_J = n_max completions and stops it at look j as
soon as c >= r_j of them are correct, with r_1 >= ... >= r_{J-1} >= 1; the last look always stops.

Given where a problem stopped, all verdict sequences leading there are equally likely. So the share
of them that begin with k failures is an unbiased estimate of (1-p)^k (Girshick, Mosteller & Savage
1946), even for k beyond the completions drawn: a stop before n_max has c >= 1, which settles that
not all of them failed. With t = t_{j-1}, b = t_j - t and r = r_{j-1}, a stop at (t_j, c) gives

    w_a = C(t, a) C(b, c-a) / sum over a' < r of C(t, a') C(b, c-a')      a of the c came before t
    k <= t:          sum over a < r of w_a  C(t-k, a) / C(t, a)
    t < k <= t_j:    w_0 C(t_j-k, c) / C(b, c)
    k > t_j:         0

which is written here as a mean of fixed-n tables under weights from exact integers: all terms are
positive, so nothing cancels. At the first look it is the fixed-n formula itself.

Thresholds must not increase: only then does being below r_{j-1} at look j-1 imply having been below
every earlier threshold, which the count of sequences relies on.

The default looks and thresholds are the outcome of a search over exact variances
(tests/benchmarks/design_search.py): at least 2, 2.2 and 9 times fewer completions than fixed
n = 1024 on sets like AIME, Omni-MATH and MATH500, at no more than 5 % more total standard error of
pass@64 and pass@1024. Between those k they cost more, at most 17 % near k = 640: a threshold of 1
settles large k on little evidence.

What a paired difference costs depends on how alike the two models are, because what they share
cancels and what is left is sampling noise. With difficulties that correlate by 0.9 on a normal
scale, as two models after much training, D(k) has at most 5 % more standard error at k = 1, 64 and
1024. For models closer to each other it is far more: between a base and a checkpoint moved a
little (by 0.5 +- 0.7 on the logit scale) 19 to 28 % at k = 1, 17 to 26 % at k = 64, up to 36 %
beyond; on outcomes recorded of two models of one family 46 % at k = 1 and 16 % at k = 64; and for a
model against itself about 400 % at k = 1. `for_ks` gives designs for the k that matter, with these
figures, for sets like AIME, Omni-MATH, MATH500 (tests/benchmarks/designs.py):

    fewer completions, more standard error of D(k) between such near models
    sequential                 2.2, 2.4, 8.4 x     k = 1: 27, 19, 28 %    k = 256: 28, 25, 27 %
    sequential:1024@k=1,256    1.6, 1.8, 4.1 x     k = 1:  7,  5,  7 %    k = 256:  2,  2,  3 %
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import comb, log

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln, logsumexp

from rlvr_eval.estimators.design import (
    LARGEST_CACHED_N_MAX,
    Design,
    Floats,
    Ints,
    Stops,
    counts,
)
from rlvr_eval.estimators.fixed import failure, failure_rows

DEFAULT_LOOKS = (32, 64, 96, 128, 256, 384, 512, 640, 768, 1024)
DEFAULT_THRESHOLDS = (7, 7, 7, 7, 7, 7, 2, 1, 1)
# where named k lie between: stopping needs more evidence, at the default's looks
_CAREFUL_THRESHOLDS = (16, 16, 16, 16, 16, 16, 16, 8, 4)
# below this k, more draws of every problem are what helps: the first look is this many
_SMALL_K, _FIRST_LOOK_FOR_SMALL_K = 16, 128


@dataclass(frozen=True)
class SequentialDesign(Design):
    """Stop a problem at `looks[j]` once `thresholds[j]` completions are correct.

    Written "sequential:<looks>/<thresholds>", both comma-separated.

    Attributes:
        looks: increasing numbers of completions; the last is n_max and stops every problem.
        thresholds: one for every look but the last, not increasing, each at least 1. A final 0 for
            the last look may be written out.

    Raises:
        ValueError: naming what makes the looks or thresholds unusable.
    """

    looks: tuple[int, ...] = DEFAULT_LOOKS
    thresholds: tuple[int, ...] = DEFAULT_THRESHOLDS

    def __post_init__(self) -> None:
        looks, thresholds = tuple(self.looks), tuple(self.thresholds)
        if len(thresholds) == len(looks) and thresholds[-1:] == (0,):
            thresholds = thresholds[:-1]
        object.__setattr__(self, "looks", looks)
        object.__setattr__(self, "thresholds", thresholds)
        if fault := _fault(looks, thresholds):
            raise ValueError(f"looks {looks} with thresholds {thresholds}: {fault}")

    @classmethod
    def up_to(cls, n_max: int) -> "SequentialDesign":
        """Use the default's looks and thresholds below `n_max`, which becomes the last look.

        Written "sequential:<n_max>".

        Raises:
            ValueError: if n_max is below 1, or beyond the default's.
        """
        if n_max > DEFAULT_LOOKS[-1]:
            raise ValueError(
                f"the default's looks end at {DEFAULT_LOOKS[-1]}; for n_max = {n_max} name looks "
                "and thresholds"
            )
        return cls._part(n_max, 1, DEFAULT_THRESHOLDS)

    @classmethod
    def for_ks(cls, n_max: int, ks: Sequence[int]) -> "SequentialDesign":
        """Adapt `up_to(n_max)` to differences at these k.

        A k below 16 takes a first look at 128 draws, because a problem that stops at 32 gives
        pass@1 eight times the variance that it could have had. A k from 16 on and below n_max takes
        higher thresholds, because it depends on problems with p near 1/k, which stop on few
        successes. Written "sequential:<n_max>@k=<ks>".

        Raises:
            ValueError: if there is no k, one is outside 1..n_max, or n_max beyond the default's.
        """
        if not ks:
            raise ValueError("name at least one k after @k=, such as @k=1,256")
        if outside := [k for k in ks if not 1 <= k <= n_max]:
            raise ValueError(f"k = {outside[0]} is outside 1..{n_max}, what the design estimates")
        cls.up_to(n_max)  # refuses an n_max that it has no looks for
        first = _FIRST_LOOK_FOR_SMALL_K if min(ks) < _SMALL_K else 1
        is_between = any(_SMALL_K <= k < n_max for k in ks)
        return cls._part(n_max, first, _CAREFUL_THRESHOLDS if is_between else DEFAULT_THRESHOLDS)

    @classmethod
    def _part(cls, n_max: int, first: int, thresholds: Sequence[int]) -> "SequentialDesign":
        """Take the default's looks and thresholds from `first` to below `n_max`, then n_max."""
        both = zip(DEFAULT_LOOKS, thresholds, strict=False)
        part = [(look, threshold) for look, threshold in both if first <= look < n_max]
        return cls((*(look for look, _ in part), n_max), tuple(r for _, r in part))

    def __str__(self) -> str:
        return f"sequential:{_join(self.looks)}/{_join(self.thresholds)}"

    def threshold(self, look: int) -> int:
        return (*self.thresholds, 0)[look]

    def stops(self) -> Stops:
        return _stops(self)

    def stop_index(self, n: ArrayLike, c: ArrayLike) -> Ints:
        drawn, correct = counts(n, c)
        look = np.minimum(np.searchsorted(self.looks, drawn), len(self.looks) - 1)
        lowest, highest, offset = np.array(_count_ranges(self)).T[:, look]
        is_wrong = (np.array(self.looks)[look] != drawn) | (correct < lowest) | (correct > highest)
        if is_wrong.any():
            at = np.flatnonzero(is_wrong)[0]
            raise ValueError(
                f"n = {drawn.flat[at]}, c = {correct.flat[at]} (entry {at}) cannot come from the "
                f"design {self}; replay the verdicts in sample-index order to find where it stops"
            )
        return np.asarray(offset + correct - lowest)

    def failure_rows(self, stops: Ints) -> Floats:
        rows = np.zeros((stops.size, self.n_max))
        every = self.stops()
        for look, n in enumerate(self.looks):
            is_here = every.n[stops] == n
            correct = every.c[stops[is_here]]
            if self.n_max <= LARGEST_CACHED_N_MAX:
                rows[is_here, :n] = self._rows_at(look, correct)
            elif correct.size:
                rows[is_here, :n] = self._failures_at(look, correct, np.arange(1, n + 1))
        return rows

    def failures_at(self, stops: Ints, ks: Ints) -> Floats:
        every = self.stops()
        failures = np.zeros((stops.size, ks.size))
        for look, drawn in enumerate(self.looks):
            is_here = every.n[stops] == drawn
            if is_here.any():
                failures[is_here] = self._failures_at(look, every.c[stops[is_here]], ks)
        return failures

    def _failures_at(self, look: int, correct: Ints, ks: Ints) -> Floats:
        """Compute `_rows_at` at any k: shape (len(correct), ks)."""
        if look == 0:
            return failure(self.looks[0], correct[:, None], ks) * (ks <= self.looks[0])
        before, batch = self.looks[look - 1], self.looks[look] - self.looks[look - 1]
        weights = _weights_without_paths(self, look, correct)
        is_within, is_beyond = ks <= before, (ks > before) & (ks <= self.looks[look])
        failures = np.zeros((correct.size, ks.size))
        earlier = np.arange(weights.shape[1])[:, None]
        failures[:, is_within] = weights @ failure(before, earlier, ks[is_within])
        # c > batch has w_0 = 0, so the row that stands in for it is never seen
        later = failure(batch, np.minimum(correct, batch)[:, None], ks[is_beyond] - before)
        failures[:, is_beyond] = weights[:, :1] * later
        return failures

    def _rows_at(self, look: int, correct: Ints) -> Floats:
        """Estimate (1-p)**k for k = 1..looks[look] from stops at one look with the given counts."""
        if look == 0:
            return failure_rows(self.looks[0], correct)
        before, batch = self.looks[look - 1], self.looks[look] - self.looks[look - 1]
        weights = _weights_of_earlier_counts(self, look, correct)
        within = weights @ failure_rows(before, np.arange(weights.shape[1]))
        # c > batch has w_0 = 0, so the row that stands in for it is never seen
        beyond = weights[:, :1] * failure_rows(batch, np.minimum(correct, batch))
        return np.hstack([within, beyond])


def _fault(looks: Sequence[int], thresholds: Sequence[int]) -> str | None:
    """Say why these make no design; None where they do."""
    if not looks or looks[0] < 1 or any(b <= a for a, b in pairwise(looks)):
        return "looks must be at least 1 and increase"
    if len(thresholds) != len(looks) - 1:
        return "one threshold is needed for every look but the last, which always stops"
    if any(r < 1 for r in thresholds):
        return "thresholds must be at least 1; stopping with c = 0 would decide pass@k unseen"
    if any(b > a for a, b in pairwise(thresholds)):
        return (
            "thresholds must not increase: the estimator counts the sequences below each "
            "threshold, and is unbiased only if passing a later one implies passing the earlier"
        )
    return None


def _most_correct_before(design: SequentialDesign, look: int) -> int:
    """Return the largest count with which a problem can continue to `look` (not the first)."""
    return min(design.thresholds[look - 1] - 1, design.looks[look - 1])


@lru_cache(maxsize=64)
def _count_ranges(design: SequentialDesign) -> list[tuple[int, int, int]]:
    """Return per look: lowest and highest c at which a problem can stop, and the lowest's index."""
    ranges, offset = [], 0
    for look, n in enumerate(design.looks):
        lowest = design.threshold(look)
        batch = n - design.looks[look - 1]
        highest = n if look == 0 else _most_correct_before(design, look) + batch
        ranges.append((lowest, highest, offset))
        offset += max(0, highest - lowest + 1)
    return ranges


@lru_cache(maxsize=64)
def _stops(design: SequentialDesign) -> Stops:
    n, c, log_paths = [], [], []
    is_exact = design.n_max <= LARGEST_CACHED_N_MAX  # beyond, whole numbers have too many digits
    for look, (lowest, highest, _) in enumerate(_count_ranges(design)):
        for correct in range(lowest, highest + 1):
            n.append(design.looks[look])
            c.append(correct)
            if is_exact:
                log_paths.append(log(sum(_paths_by_earlier_count(design, look, correct))))
        if not is_exact:
            within = np.arange(lowest, highest + 1)
            log_paths += logsumexp(_log_paths(design, look, within), axis=1).tolist()
    return Stops(np.array(n), np.array(c), np.array(log_paths))


def _paths_by_earlier_count(design: SequentialDesign, look: int, correct: int) -> list[int]:
    """Count verdict sequences to (look, correct) by the count a at the look before; exact."""
    if look == 0:
        return [comb(design.looks[0], correct)]
    before, batch = design.looks[look - 1], design.looks[look] - design.looks[look - 1]
    return [
        comb(before, a) * comb(batch, correct - a) if a <= correct else 0
        for a in range(_most_correct_before(design, look) + 1)
    ]


def _weights_of_earlier_counts(design: SequentialDesign, look: int, correct: Ints) -> Floats:
    """Compute w_a of the module's text: shape (len(correct), largest a + 1), rows summing to 1."""
    weights = np.empty((correct.size, _most_correct_before(design, look) + 1))
    for row, c in enumerate(correct.tolist()):
        paths = _paths_by_earlier_count(design, look, c)
        total = sum(paths)
        weights[row] = [count / total for count in paths]  # correctly rounded, however large
    return weights


def _log_paths(design: SequentialDesign, look: int, correct: Ints) -> Floats:
    """Compute logarithms of `_paths_by_earlier_count`: shape (len(correct), largest a + 1)."""
    if look == 0:
        return _log_comb(design.looks[0], correct)[:, None]
    before, batch = design.looks[look - 1], design.looks[look] - design.looks[look - 1]
    a = np.arange(_most_correct_before(design, look) + 1)
    return _log_comb(before, a) + _log_comb(batch, correct[:, None] - a)


def _log_comb(n: int, k: Ints) -> Floats:
    """Compute log C(n, k); -inf where k is outside 0..n."""
    inside = np.clip(k, 0, n)
    found = gammaln(n + 1) - gammaln(inside + 1) - gammaln(n - inside + 1)
    return np.where(inside == k, found, -np.inf)


def _weights_without_paths(design: SequentialDesign, look: int, correct: Ints) -> Floats:
    """Compute `_weights_of_earlier_counts` from logarithms, to 1e-8."""
    logs = _log_paths(design, look, correct)
    return np.asarray(np.exp(logs - logsumexp(logs, axis=1, keepdims=True)))


def _join(numbers: Sequence[int]) -> str:
    return ",".join(map(str, numbers))
