"""Giving up early on problems that look unsolvable, without bias: continue only with a probability.

What bounds the saving of a sequential design are problems that never succeed and so take all n_max
completions. Here such a problem, with c = 0 at the look after t completions, is carried on with
probability pi and dropped otherwise. With Q_k the sequential design's estimate of (1-p)^k at the
final stop, phi = Q_t the share of sequences to that stop which pass through c = 0 at t, and m_k any
number fixed beforehand, the estimate of (1-p)^k is

    m_k                                                     if dropped
    [Q_k - (1-pi) phi m_k] / [1 - (1-pi) phi]               otherwise

Unbiased: a sequence to a stop is seen with chance 1 - (1-pi) phi, which cancels the denominator;
and what is subtracted, (1-pi) m_k E[phi] = (1-pi) (1-p)^t m_k, is what the dropped ones add. For
k <= t the first k draws of a dropped problem are known to have failed, hence m_k = 1 there.

m_k, the control value, should predict (1-p)^k of problems that reach t without success, from
*earlier* checkpoints only: fixed by the data it is applied to, it would bias the estimate.
Evaluations and reports always take control 0 (no success predicted, m_k = 1), which is fixed before
anything is drawn: unbiased, and noisier than with a good prediction. Nothing here derives one from
an earlier checkpoint. It is for callers of the Python API, as the argument `control` of
`pass_at_k_curve`; an evaluation has no place for it, so a report could not repeat it.

Estimates of a single problem can leave [0, 1]. Never clip them before averaging.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import log

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rlvr.core.hashing import hash_number
from rlvr_eval.estimators.design import (
    Design,
    Floats,
    Ints,
    Progress,
    Stops,
    counts,
)
from rlvr_eval.estimators.sequential import SequentialDesign


@dataclass(frozen=True)
class ContinuationDesign(Design):
    """A sequential design that carries on a problem with c = 0 at `look` only sometimes.

    Written "sequential:<looks>/<thresholds>/continue:<look>@<probability>".

    Attributes:
        design: followed by every problem that is not dropped.
        look: number of completions t after which is tossed; one of the looks before the last.
        probability: pi, with which a problem without success is carried on; in (0, 1].
    """

    design: SequentialDesign
    look: int
    probability: float

    def __post_init__(self) -> None:
        if self.look not in self.design.looks[:-1]:
            raise ValueError(
                f"look {self.look} is none of {self.design.looks[:-1]}, the looks before the last"
            )
        if not 0 < self.probability <= 1:
            raise ValueError(
                f"probability {self.probability} must lie in (0, 1]; with 0 nothing unbiased "
                "exists beyond the look"
            )

    def __str__(self) -> str:
        return f"{self.design}/continue:{self.look}@{self.probability!r}"

    @property
    def looks(self) -> tuple[int, ...]:
        return self.design.looks

    def threshold(self, look: int) -> int:
        return self.design.threshold(look)

    def continues(self, key: str) -> bool:
        """Toss for one problem: always the same for one key, independent between keys.

        Args:
            key: run seed, weights hash and problem id, so that base and checkpoint are independent.
        """
        return hash_number(key, domain="continue") < self.probability * 2.0**64

    def replay(self, is_correct: ArrayLike, *, continues: bool = True) -> Progress:
        """Follow the verdicts as `Design.replay` does, with the toss `continues`."""
        verdicts = np.asarray(is_correct, dtype=bool)
        if not continues and verdicts.size >= self.look and not verdicts[: self.look].any():
            return Progress(self.look, 0, True, self.look)
        return super().replay(verdicts)

    def stop(
        self, correct_at_looks: ArrayLike, *, continues: ArrayLike = True
    ) -> tuple[Ints, Ints]:
        """Stop as `Design.stop` does, with the toss of each problem: bool of shape (...)."""
        n, c = super().stop(correct_at_looks)
        failures_at_look = np.asarray(correct_at_looks)[..., self.looks.index(self.look)] == 0
        is_dropped = failures_at_look & ~np.asarray(continues, dtype=bool)
        return np.where(is_dropped, self.look, n), np.where(is_dropped, 0, c)

    def stops(self) -> Stops:
        """List the sequential design's stops, then (look, 0) for a dropped problem."""
        every, survival = self.design.stops(), _survival(self)
        dropped = log(1 - self.probability) if self.probability < 1 else -np.inf
        return Stops(
            np.append(every.n, self.look),
            np.append(every.c, 0),
            np.append(every.log_paths + np.log(survival), dropped),
        )

    def stop_index(self, n: ArrayLike, c: ArrayLike) -> Ints:
        drawn, correct = counts(n, c)
        is_dropped = (drawn == self.look) & (correct == 0)
        # any reachable stop stands in for a dropped problem, which the design itself cannot end in
        index = self.design.stop_index(
            np.where(is_dropped, self.n_max, drawn), np.where(is_dropped, 0, correct)
        )
        return np.where(is_dropped, self.design.stops().n.size, index)

    def failure_rows(self, stops: Ints) -> Floats:
        return self.failures_at(stops, np.arange(1, self.n_max + 1))

    def failures_at(self, stops: Ints, ks: Ints) -> Floats:
        return 1.0 - self._estimates(stops, ks, 0.0)

    def pass_at_k_curve(
        self, n: ArrayLike, c: ArrayLike, control: ArrayLike | None = None
    ) -> Floats:
        """Estimate as `Design.pass_at_k_curve` does; a good control lowers the variance.

        Args:
            control: predicted pass@k (1 - m_k) of problems without success at `look`, for
                k = 1..n_max, the same for all or one row per problem; from earlier checkpoints
                only. Values for k <= look are ignored. Nothing given predicts 0.
        """
        if control is None:
            return super().pass_at_k_curve(n, c)
        every_k = np.arange(1, self.n_max + 1)
        return self._estimates(self.stop_index(n, c), every_k, np.asarray(control, np.float64))

    def _estimates(self, stops: Ints, ks: Ints, control: Floats | float) -> Floats:
        """Estimate pass@k at the stops under a control for these k, shape of stops, then (ks,)."""
        every = self.design.stops()
        is_dropped = (stops == every.n.size)[..., None]
        followed = np.where(stops == every.n.size, 0, stops)  # any stop; its curve is not used
        passes = self.design.pass_at_ks(every.n[followed], every.c[followed], ks)
        predicted = np.where(ks <= self.look, 0.0, control)
        survival = _survival(self)[followed][..., None]
        carried_on = (passes - (1.0 - survival) * predicted) / survival
        return np.asarray(np.where(is_dropped, predicted, carried_on))


@lru_cache(maxsize=64)
def _survival(design: ContinuationDesign) -> NDArray[np.float64]:
    """Compute 1 - (1-pi) phi at the sequential design's stops: the chance not to be dropped."""
    stops = design.design.stops()
    phi = 1.0 - np.asarray(design.design.pass_at_k(stops.n, stops.c, design.look))
    return np.asarray(1.0 - (1.0 - design.probability) * phi)
