"""What else the counts of a model say: of these problems alone, and of more draws than were made.

The curve's own interval is for all problems of the kind; `describe_these_problems` is for the
problems at hand, whose only uncertainty is that of sampling. Beyond n_max nothing unbiased exists:
`describe_beyond` gives bounds that hold for any problems, and what several models would extrapolate
to, each with its interval and under the label that says it is a model.
"""

from collections.abc import Sequence

import numpy as np

from rlvr_eval.estimators.design import Counts, Floats, Ints
from rlvr_eval.statistics.extrapolation import bounds, predictions
from rlvr_eval.statistics.population_intervals import Interval, population_interval
from rlvr_eval.statistics.problem_set_intervals import (
    ProblemSetInterval,
    problem_set_difference,
    problem_set_interval,
)
from rlvr_eval.summary.model_summary import Json, points

# how many times n_max the extrapolation reaches
_FURTHER = (4, 16)
# refits that differ by less were all made to the same counts
_NO_SPREAD = 1e-6


def describe_these_problems(counts: Counts, ks: Sequence[int]) -> list[Json]:
    """Estimate pass@k of the problems at hand; `is_approximate` where 2k > n_max."""
    return _points(problem_set_interval(counts, ks=ks), ks)


def describe_these_differences(checkpoint: Counts, base: Counts, ks: Sequence[int]) -> list[Json]:
    """Estimate checkpoint minus base on the problems at hand, which must be the same, in order."""
    return _points(problem_set_difference(checkpoint, base, ks=ks), ks)


def describe_beyond(counts: Counts, families: Ints | None = None) -> list[Json]:
    """Predict pass@k at 4 and 16 times n_max: bounds from the interval of pass@n_max, and models.

    `range` goes from the lowest to the highest end of any model's interval, within the bounds.
    Where resampled problems give a model no spread at all, as with nothing solved or one problem,
    they tell nothing of its error, and its interval is that of the bounds.
    """
    n_max = counts.design.n_max
    ks = n_max * np.array(_FURTHER)
    at_n_max = counts.design.pass_at_ks(counts.n, counts.c, np.array([n_max]))[:, 0]
    reached = population_interval(at_n_max, families=families)
    low, high = bounds(reached, n_max, ks)
    predicted = {
        label: _with_spread(each, low, high)
        for label, each in predictions(counts, ks, families=families).items()
    }
    lowest = np.clip(np.min([each.low for each in predicted.values()], axis=0), low, high)
    highest = np.clip(np.max([each.high for each in predicted.values()], axis=0), low, high)
    return [
        {
            "k": int(k),
            "low": float(low[at]),
            "high": float(high[at]),
            "models": {label: float(each.value[at]) for label, each in predicted.items()},
            "model_intervals": {
                label: [float(each.low[at]), float(each.high[at])]
                for label, each in predicted.items()
            },
            "range": [float(lowest[at]), float(highest[at])],
        }
        for at, k in enumerate(ks)
    ]


def _with_spread(predicted: Interval, low: Floats, high: Floats) -> Interval:
    """Return the prediction, with the bounds for an interval where it has none of its own."""
    has_none = predicted.high - predicted.low < _NO_SPREAD
    return Interval(
        predicted.value,
        np.where(has_none, np.minimum(low, predicted.value), predicted.low),
        np.where(has_none, np.maximum(high, predicted.value), predicted.high),
    )


def _points(interval: ProblemSetInterval, ks: Sequence[int]) -> list[Json]:
    return [
        point | {"is_approximate": bool(is_approximate)}
        for point, is_approximate in zip(
            points(np.asarray(ks), interval), interval.is_approximate, strict=True
        )
    ]
