"""Exact inference on one problem's success probability p, under fixed and sequential designs.

Stops are ordered by how much they speak for a large p: an earlier look before a later one, and more
correct completions before fewer at the same look. Making a failed completion succeed can only move
a problem up in this order, so P(stop at least as high as the observed one) increases with p, and
inverting it gives an exact interval. With a fixed n it is Clopper and Pearson's.
"""

from collections.abc import Callable

import numpy as np
from scipy.special import bdtrc, comb

from rlvr_eval.estimators.design import Counts, Design, Floats, Ints
from rlvr_eval.estimators.random_continuation import ContinuationDesign
from rlvr_eval.statistics.population_intervals import Interval

_BISECTIONS = 50  # halves [0, 1] down to rounding


def accuracy_interval(counts: Counts, *, level: float = 0.95) -> Interval:
    """Estimate p per problem, unbiased, with its exact interval: three arrays (problems,).

    Raises:
        ValueError: for a design that drops problems by a toss, whose stops have no such order.
    """
    design, n, c = counts.design, counts.n, counts.c
    tail = (1.0 - level) / 2
    low = bisect(lambda p: upper_tail(design, n, c, p) - tail, n.shape)
    high = bisect(lambda p: tail - lower_tail(design, n, c, p), n.shape)
    return Interval(np.asarray(design.pass_at_k(n, c, 1)), low, high)


def upper_tail(design: Design, n: Ints, c: Ints, p: Floats) -> Floats:
    """Compute P(a stop at least as high as the observed one) at probability p, per problem.

    For a design that drops problems by a toss it is an upper bound, reached when none is dropped.
    """
    looks = np.array(design.looks)
    look = np.searchsorted(looks, n)
    # at the first look nothing came before: a threshold of 1 after 0 draws stops nobody
    before = np.array([0, *design.looks[:-1]])[look][:, None]
    threshold = np.array([1, *map(design.threshold, range(looks.size - 1))])[look][:, None]
    batch, probability = n[:, None] - before, p[:, None]
    a = np.arange(threshold.max(initial=0))
    chance = comb(before, a) * probability**a * (1.0 - probability) ** np.maximum(before - a, 0)
    at_this_look = bdtrc(np.minimum(c[:, None] - a - 1, batch), batch, probability)
    carried_on = np.where(a < threshold, chance * at_this_look, 0.0).sum(axis=1)
    stopped_earlier = bdtrc(np.minimum(threshold - 1, before), before, probability)[:, 0]
    return np.asarray(stopped_earlier + carried_on)


def lower_tail(design: Design, n: Ints, c: Ints, p: Floats) -> Floats:
    """Compute P(a stop at most as high as the observed one) at probability p, per problem.

    Raises:
        ValueError: for a design that drops problems by a toss.
    """
    if isinstance(design, ContinuationDesign):
        raise ValueError(f"the stops of {design} have no order by evidence; no exact interval")
    return 1.0 - upper_tail(design, n, c + 1, p)


def bisect(increasing: Callable[[Floats], Floats], shape: tuple[int, ...]) -> Floats:
    """Find where increasing functions of p in [0, 1] turn positive; 1 if nowhere."""
    low, high = np.zeros(shape), np.ones(shape)
    is_positive_throughout = increasing(low) > 0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        is_above = increasing(middle) > 0
        low, high = np.where(is_above, low, middle), np.where(is_above, middle, high)
    return np.where(is_positive_throughout, 0.0, high)
