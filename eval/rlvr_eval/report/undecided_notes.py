"""Notes on undecided verdicts, for the terminal: how far they leave a model's numbers open.

A curve counts them as wrong. Where that matters (`left_open`), summary and comparison hold the
other end too, and one line per model says both. Nothing is computed here.
"""

from collections.abc import Sequence

from rlvr.core.per_cent import per_cent
from rlvr_eval.summary.model_summary import Json, at_k


def notes(benchmark: str, models: Sequence[Json]) -> list[str]:
    """Write one line per model whose pass@1, pass@k_max or differences are ranges."""
    return [
        f"note: {benchmark}, {model.get('run') or model['name']}: {'; '.join(left_open)}"
        for model in models
        if (left_open := [*_of_curve(model), *_of_difference(model)])
    ]


def _of_curve(model: Json) -> list[str]:
    if "curve_upper" not in model:
        return []
    wrong, right = _ends(model["curve"]), _ends(model["curve_upper"])
    ranges = ", ".join(
        f"pass@{one['k']} {per_cent(one['value'])} to {per_cent(other['value'])} %"
        for one, other in zip(wrong, right, strict=True)
    )
    rate = 100 * model["undecided_rate"]
    told = f"{rate:.2g}" if rate < 10 else f"{rate:.0f}"
    return [
        f"{told} % of its verdicts are undecided: from all of them wrong to all right, {ranges}"
    ]


def _of_difference(model: Json) -> list[str]:
    if "difference_range" not in model:
        return []
    ranges = ", ".join(
        f"D({point['k']}) {per_cent(point['least'], sign=True)} to "
        f"{per_cent(point['greatest'], sign=True)} points"
        for point in _ends(model["difference_range"])
    )
    return [f"undecided verdicts of it and the base leave {ranges}"]


def _ends(listed: Sequence[Json]) -> list[Json]:
    """Return the points at 1 and at the largest k; one point if these are the same."""
    found = (at_k(listed, k) for k in sorted({1, listed[-1]["k"]}))
    return [point for point in found if point is not None]
