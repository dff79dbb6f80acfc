"""What else the counts of a model say: of these problems alone, and of more draws than were made.

The curve's own interval is for all problems of the kind; `describe_these_problems` is for the
problems at hand, whose only uncertainty is that of sampling. Beyond n_max nothing unbiased exists:
`describe_beyond` gives bounds that hold for any problems, and what two models would extrapolate to,
each under the label that says it is a model.
"""

from collections.abc import Sequence

import numpy as np

from rlvr_eval.design import Counts, Ints
from rlvr_eval.extrapolation import bounds, fit_mixing_distribution, fit_zero_inflated_beta
from rlvr_eval.inference import population_interval
from rlvr_eval.model_summary import Json, points
from rlvr_eval.within import ProblemSetInterval, problem_set_difference, problem_set_interval

# how many times n_max the extrapolation reaches
_FURTHER = (4, 16)


def describe_these_problems(counts: Counts, ks: Sequence[int]) -> list[Json]:
    """pass@k of the problems at hand; `is_approximate` where 2k > n_max."""
    return _points(problem_set_interval(counts, ks=ks), ks)


def describe_these_differences(checkpoint: Counts, base: Counts, ks: Sequence[int]) -> list[Json]:
    """Checkpoint minus base on the problems at hand, which must be the same and in one order."""
    return _points(problem_set_difference(checkpoint, base, ks=ks), ks)


def describe_beyond(counts: Counts, families: Ints | None = None) -> list[Json]:
    """pass@k at 4 and 16 times n_max: bounds from the interval of pass@n_max, and models."""
    n_max = counts.design.n_max
    ks = n_max * np.array(_FURTHER)
    reached = population_interval(counts.curves()[:, -1], families=families)
    low, high = bounds(reached, n_max, ks)
    fits = (fit_zero_inflated_beta(counts), fit_mixing_distribution(counts))
    return [
        {
            "k": int(k),
            "low": float(low[at]),
            "high": float(high[at]),
            "models": {fit.label: float(fit.pass_at_k(k)) for fit in fits},
        }
        for at, k in enumerate(ks)
    ]


def _points(interval: ProblemSetInterval, ks: Sequence[int]) -> list[Json]:
    return [
        point | {"is_approximate": bool(is_approximate)}
        for point, is_approximate in zip(
            points(np.asarray(ks), interval), interval.is_approximate, strict=True
        )
    ]
