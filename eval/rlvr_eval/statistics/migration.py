"""Which problems a checkpoint keeps, loses and gains against its base.

Three views, from expectation to proof:

- `migration`: how many problems k draws solve under both, only the base, only the checkpoint, as
  unbiased expectations with intervals, beside the churn that noise alone would produce.
- `coverage`: the sets solved at least once (Yue et al. 2025, Tables 4 and 5) with McNemar's test.
  Naive at large k: with no change at all some problems are solved in one sample and not the other.
- `certified_changes`: the problems whose loss or gain stands up to a test for each.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtr

from rlvr_eval.estimators.design import Counts, Floats
from rlvr_eval.estimators.fixed import FixedDesign, failure
from rlvr_eval.statistics.exact import bisect, upper_tail
from rlvr_eval.statistics.population_intervals import (
    Interval,
    benjamini_hochberg,
    population_interval,
)

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Migration:
    """Expected numbers of problems, for k = 1..n_max // 2 or those asked for.

    Attributes:
        kept, lost, gained, neither: solved in k draws by both, only the base, only the checkpoint,
            none. They add up to the number of problems, and lost - gained = -problems * D(k).
        churn: problems "lost" from one sample of the base to another with no change at all.
    """

    kept: Interval
    lost: Interval
    gained: Interval
    neither: Interval
    churn: Floats


def migration(base: Floats, checkpoint: Floats, *, families: ArrayLike | None = None) -> Migration:
    """Estimate migration from per-problem curves (problems, n_max), sampled independently.

    Axes between those two, such as one of simulated runs, are carried along.

    Limited to k <= n_max / 2: beyond, the churn has no unbiased estimate, and at k = n_max the
    products are nothing but the counting of sets.

    Raises:
        ValueError: if the curves' shapes differ.
    """
    if base.shape != checkpoint.shape:
        raise ValueError(f"base has shape {base.shape}, checkpoint {checkpoint.shape}")
    half = base.shape[-1] // 2
    twice = base[..., 1 : 2 * half : 2]
    return migration_at(base[..., :half], checkpoint[..., :half], twice, families=families)


def migration_at(
    before: Floats, after: Floats, twice: Floats, *, families: ArrayLike | None = None
) -> Migration:
    """Estimate migration at any k, from estimates of shape (problems, .., ks).

    Args:
        before, after: base and checkpoint at k.
        twice: the base at 2k.
    """

    def total(per_problem: Floats) -> Interval:
        mean = population_interval(per_problem, families=families)
        problems = len(per_problem)
        return Interval(problems * mean.value, problems * mean.low, problems * mean.high)

    return Migration(
        kept=total(before * after),
        lost=total(before * (1.0 - after)),
        gained=total((1.0 - before) * after),
        neither=total((1.0 - before) * (1.0 - after)),
        # base failing k draws but not k more, by chance alone: qhat_k - qhat_2k, summed
        churn=np.asarray((twice - before).sum(axis=0)),
    )


@dataclass(frozen=True)
class Coverage:
    """Problems solved at least once by both, by one only, by neither (bool per problem).

    `p_value` is exact McNemar's, two-sided, that losses and gains are equally likely.
    """

    both: Bools
    base_only: Bools
    checkpoint_only: Bools
    neither: Bools
    p_value: float


def coverage(base_is_solved: ArrayLike, checkpoint_is_solved: ArrayLike) -> Coverage:
    """Count the four cells of solvable-problem coverage, from two arrays bool (problems,)."""
    base, checkpoint = np.asarray(base_is_solved, bool), np.asarray(checkpoint_is_solved, bool)
    lost, gained = base & ~checkpoint, checkpoint & ~base
    return Coverage(
        both=base & checkpoint,
        base_only=lost,
        checkpoint_only=gained,
        neither=~base & ~checkpoint,
        p_value=mcnemar(int(lost.sum()), int(gained.sum())),
    )


def mcnemar(lost: int, gained: int) -> float:
    """Compute the exact two-sided p-value of McNemar's test from its two discordant counts."""
    fewer, total = min(lost, gained), lost + gained
    return min(1.0, 2.0 * float(bdtr(fewer, total, 0.5))) if total else 1.0


@dataclass(frozen=True)
class CertifiedChanges:
    """Problems whose loss or gain is certified, with adjusted p-values; arrays (problems,)."""

    lost: Bools
    gained: Bools
    p_lost: Floats
    p_gained: Floats


def certified_changes(
    base: Counts, checkpoint: Counts, *, false_discovery_rate: float = 0.05
) -> CertifiedChanges:
    """Find problems lost and gained beyond what sampling noise explains.

    A problem counts as lost only if the checkpoint never solved it and a one-sided test rejects
    that it is as likely as the base to do so; gained the other way round. Benjamini and Hochberg's
    adjustment over all problems, in which those solved by both sides enter with p = 1, so that the
    rate holds for the problems listed. The test is Fisher's where both have a fixed n, otherwise
    the smallest alpha at which exact intervals for the two probabilities are disjoint.
    """
    p_lost = benjamini_hochberg(p_values_of_loss(winner=base, loser=checkpoint))
    p_gained = benjamini_hochberg(p_values_of_loss(winner=checkpoint, loser=base))
    rate = false_discovery_rate
    return CertifiedChanges(p_lost <= rate, p_gained <= rate, p_lost, p_gained)


def p_values_of_loss(*, winner: Counts, loser: Counts) -> Floats:
    """Test per problem that the loser is at least as likely to succeed; 1 if it ever did."""
    p_values = np.ones(winner.n.shape)
    candidates = np.flatnonzero((loser.c == 0) & (winner.c > 0))
    n, c, without_success = winner.n[candidates], winner.c[candidates], loser.n[candidates]
    if isinstance(winner.design, FixedDesign) and isinstance(loser.design, FixedDesign):
        p_values[candidates] = _fisher_all_on_one_side(c, n, without_success)
        return p_values

    def margin(p: Floats) -> Floats:
        return upper_tail(winner.design, n, c, p) - (1.0 - p) ** without_success

    meeting = bisect(margin, candidates.shape)
    # both one-sided intervals end at `meeting`, each with this error probability
    p_values[candidates] = np.minimum(2.0 * (1.0 - meeting) ** without_success, 1.0)
    return p_values


def _fisher_all_on_one_side(
    successes: NDArray[np.int64], n: NDArray[np.int64], n_other: NDArray[np.int64]
) -> Floats:
    """Compute Fisher's one-sided p, all successes on one side: C(n, s) / C(n + n_other, s)."""
    return failure(n + n_other, n_other, successes)
