"""A summary in the form that the report page reads: columns instead of points, and fewer digits.

Written point by point, fifty checkpoints would take tens of megabytes. Shares keep five decimals,
which is a thousandth of a per cent; summary.json beside the report keeps every digit.
"""

from collections.abc import Sequence
from typing import Any

from rlvr_eval.summary.model_summary import Json

_DECIMALS = 5
# the page prints tenths of a per cent: a share this near to where it is rounded up keeps all digits
_NEAR_A_HALF = 0.01
_INTERVAL = ("value", "low", "high")
_CURVES = {"curve": _INTERVAL, "curve_upper": _INTERVAL, "difference": _INTERVAL}
_COPIED = (
    "problems",
    "families",
    "effective_families",
    "paired_problems",
    "area",
    "area_difference",
    "histogram",
    "cover",
    "tests",
    "crossover",
    "finding",
    "delta_se",
    "migration",
    "coverage",
    "certified",
    "difference_range",
)


def compact(summary: Json) -> Json:
    """Return what the page shows of a summary."""
    return {
        "run": summary["run"],
        "warnings": summary["warnings"],
        "tests": summary["tests"],
        "benchmarks": {
            name: _benchmark(benchmark) for name, benchmark in summary["benchmarks"].items()
        },
    }


def _benchmark(benchmark: Json) -> Json:
    described = {key: value for key, value in benchmark.items() if key != "models"}
    strata = dict.fromkeys(kind for model in benchmark["models"] for kind in model["strata"])
    return rounded(described) | {
        "strata": list(strata),
        "models": [_model(model) for model in benchmark["models"]],
    }


def _model(model: Json) -> Json:
    """Return identity and counts, then one view per stratum; the view "" is of all problems."""
    shown_in_views = {*_CURVES, *_COPIED, "strata"}
    kept = {key: rounded(value) for key, value in model.items() if key not in shown_in_views}
    strata = {kind: _view(described) for kind, described in model["strata"].items()}
    return kept | {"views": {"": _view(model)} | strata}


def _view(described: Json) -> Json:
    curves = {
        name: _columns(described[name], ends) for name, ends in _CURVES.items() if name in described
    }
    return curves | {name: rounded(described[name]) for name in _COPIED if name in described}


def _columns(points: Sequence[Json], names: Sequence[str]) -> Json:
    return {"k": [point["k"] for point in points]} | {
        name: [_shortened(point[name], round(point[name], _DECIMALS)) for point in points]
        for name in names
    }


def _shortened(value: float, short: float) -> float:
    """Return the short form, except where the page would print another tenth for it."""
    from_half = abs(abs(1000.0 * value) % 1.0 - 0.5)
    return value if from_half < _NEAR_A_HALF and value != short else short


def rounded(value: Any) -> Any:
    """Return the value with every number in it rounded."""
    if isinstance(value, float):
        # p-values and perplexities span magnitudes: significant digits, not decimals
        return _shortened(value, float(f"{value:.{_DECIMALS}g}"))
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(each) for each in value]
    return value
