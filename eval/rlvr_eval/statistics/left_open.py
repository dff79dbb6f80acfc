"""How far undecided verdicts leave a curve and a difference open, and where that has to be told.

A curve counts undecided verdicts as wrong. Its upper curve counts them as right; the truth lies
between both. At k = 1 they differ by the share of undecided verdicts, at large k by far more: one
verdict can decide whether a problem counts as solved.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rlvr_eval.estimators.design import Counts, Floats, Ints
from rlvr_eval.estimators.fixed import FixedDesign
from rlvr_eval.estimators.which_ks import evaluated_ks
from rlvr_eval.statistics.outcomes import Outcomes
from rlvr_eval.statistics.population_intervals import Interval

# told from this share of undecided verdicts on, however wide the intervals are
RATE_TOLD = 0.01
# told where the range is wider than this share of the interval's half width
SHARE_OF_HALF_WIDTH = 0.5


@dataclass(frozen=True)
class DrawnCurves:
    """Per-problem curves of one model: undecided taken as wrong, and as right.

    Attributes:
        ks: the k of the columns, `which_ks.evaluated_ks`.
        curves: shape (problems, ks).
        upper: likewise; None where no verdict is undecided.
    """

    ks: Ints
    curves: Floats
    upper: Floats | None

    @classmethod
    def of(cls, outcomes: Outcomes, k_max: int | None = None) -> "DrawnCurves":
        """Return the curves of an evaluation up to a k, or up to its n_max."""
        ks = evaluated_ks(k_max or outcomes.counts.design.n_max)
        return cls(ks, outcomes.counts.curves_at(ks), upper_curves(outcomes, ks))

    @property
    def k_max(self) -> int:
        """The largest k."""
        return int(self.ks[-1])

    def columns(self, ks: ArrayLike) -> Ints:
        """Return the columns of these k."""
        return np.searchsorted(self.ks, ks)

    def take(self, rows: Sequence[int]) -> "DrawnCurves":
        """Return the curves of these problems."""
        upper = None if self.upper is None else self.upper[rows]
        return DrawnCurves(self.ks, self.curves[rows], upper)


@dataclass(frozen=True)
class DifferenceRange:
    """Checkpoint and base, per-problem curves, at both extremes of their difference.

    The columns are those of the curves that it was made of.
    """

    least: tuple[Floats, Floats]
    greatest: tuple[Floats, Floats]

    def means(self) -> tuple[Floats, Floats]:
        """Return the least and greatest mean difference at every k."""
        least, greatest = (
            (ours - theirs).mean(axis=0) for ours, theirs in (self.least, self.greatest)
        )
        return least, greatest


def upper_curves(outcomes: Outcomes, ks: Ints) -> Floats | None:
    """Return per-problem curves with undecided verdicts as right; None if all are decided.

    Where the counts cannot be replayed so (imported without their order, or given up early), a
    problem with an undecided verdict may be solved by one draw for all that is known.
    """
    if outcomes.upper is not None:
        return outcomes.upper.curves_at(ks)
    if not outcomes.undecided.any():
        return None
    counts = outcomes.counts
    if isinstance(counts.design, FixedDesign):
        return Counts(counts.design, counts.n, counts.c + outcomes.undecided).curves_at(ks)
    curves = counts.curves_at(ks)
    curves[outcomes.undecided > 0] = 1.0
    return curves


def difference_range(checkpoint: DrawnCurves, base: DrawnCurves) -> DifferenceRange | None:
    """Return both extremes of checkpoint minus base; None where nothing is undecided."""
    if checkpoint.upper is None and base.upper is None:
        return None
    best = checkpoint.curves if checkpoint.upper is None else checkpoint.upper
    best_of_base = base.curves if base.upper is None else base.upper
    return DifferenceRange((checkpoint.curves, best_of_base), (best, base.curves))


def has_to_be_told(interval: Interval, least: Floats, greatest: Floats) -> bool:
    """Return whether a range is wide beside the interval at some k, or wide in itself at k = 1.

    Args:
        least, greatest: means over problems at the k of the interval, k = 1 first.
    """
    width = greatest - least
    half_width = (interval.high - interval.low) / 2
    return bool(width[0] > RATE_TOLD or (width > SHARE_OF_HALF_WIDTH * half_width + 1e-12).any())
