"""Counts as sampling would give them if every problem's success probability were known.

For checking estimators and intervals against the truth, and for planning: what a design would cost
and how precise it would be on problems of a given difficulty. No model and no completion involved.
"""

import numpy as np
from numpy.typing import ArrayLike

from rlvr_eval.estimators.design import Counts, Design
from rlvr_eval.estimators.random_continuation import ContinuationDesign


def simulate_counts(design: Design, p: ArrayLike, rng: np.random.Generator) -> Counts:
    """Sample every problem under the design.

    Args:
        p: success probability of each problem, any shape; counts come back in that shape.
    """
    probability = np.asarray(p, dtype=np.float64)
    batches = np.diff(design.looks, prepend=0)
    batch_correct = rng.binomial(batches, probability[..., None])
    correct_at_looks = np.cumsum(batch_correct, axis=-1)
    if isinstance(design, ContinuationDesign):
        continues = rng.random(probability.shape) < design.probability
        return Counts(design, *design.stop(correct_at_looks, continues=continues))
    return Counts(design, *design.stop(correct_at_looks))
