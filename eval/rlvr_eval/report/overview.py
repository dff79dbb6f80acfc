"""A report in a few sentences, with the curves drawn in text: what a newcomer reads first.

Better and worse are said only where the report claims a change (`claims`).
"""

from collections.abc import Iterator, Sequence
from math import log2
from textwrap import fill
from typing import TextIO

from rlvr.core.per_cent import per_cent
from rlvr_eval.statistics.lineup import lineup, model_in_summary
from rlvr_eval.summary.claims import change_at
from rlvr_eval.summary.model_summary import Json, at_k

_MARKS = "o+x*#@%&"
_HEIGHT = 10
_WIDTH = 57
_COLUMNS = 78


def write_overview(summary: Json, stream: TextIO) -> None:
    """Print sentences and curves of the base, the last checkpoint and models beside the run."""
    for name, benchmark in summary["benchmarks"].items():
        models = lineup(benchmark["models"], model_in_summary).headline
        for sentence in _sentences(name, models):
            stream.write(fill(sentence, _COLUMNS, subsequent_indent="  ") + "\n")
        stream.write("\n" + "".join(f"{line}\n" for line in _chart(models)))


def _sentences(benchmark: str, models: Sequence[Json]) -> Iterator[str]:
    """Return one sentence for each model: how many problems it solves at both ends of the curve."""
    told = None
    for model in models:
        first, last = model["curve"][0], model["curve"][-1]
        problems = model["problems"]
        noun = "problem" if problems == 1 else "problems"
        of_what = f" of the {problems} {noun} of {benchmark}" if problems != told else ""
        yield (
            f"{model['name']} solves {_share(first)}{of_what} at the first attempt"
            f"{_compared(model, 1)} and {_share(last)} within {last['k']} attempts"
            f"{_compared(model, last['k'])}."
        )
        told = problems


def _share(point: Json) -> str:
    value, low, high = (per_cent(point[end]) for end in ("value", "low", "high"))
    return f"{value} % [{low}, {high}]"


def _compared(model: Json, k: int) -> str:
    """Say where the model is shown to be better or worse than the base."""
    if at_k(model.get("difference", ()), k) is None:
        return ""
    words = {"rises": "more than the base", "falls": "fewer than the base"}
    return f" ({words.get(change_at(model, k), 'no clear difference from the base')})"


def _chart(models: Sequence[Json]) -> Iterator[str]:
    """Draw pass@k over log k; where curves meet, the later model's mark is seen."""
    k_max = max(model["curve"][-1]["k"] for model in models)
    rows = [[" "] * _WIDTH for _ in range(_HEIGHT + 1)]
    for mark, model in zip(_MARKS, models, strict=False):
        for column in range(_WIDTH):
            k = k_max ** (column / (_WIDTH - 1))
            if k <= model["curve"][-1]["k"] + 0.5:
                rows[_row(_near(model["curve"], k))][column] = mark
    yield "pass@k, %: share of problems that at least one of k completions solves"
    for at, row in enumerate(rows):
        yield f"{100 - 100 * at // _HEIGHT:4d} |{''.join(row)}".rstrip()
    yield f"     +{'-' * _WIDTH}"
    yield "      " + _ticks(k_max) + "  k"
    for mark, model in zip(_MARKS, models, strict=False):
        yield f"  {mark} {model['name']}"


def _near(curve: Sequence[Json], k: float) -> float:
    """Return pass@k at the written k nearest to this one."""
    return float(min(curve, key=lambda point: abs(log2(point["k"] / k)))["value"])


def _row(share: float) -> int:
    return round(_HEIGHT * (1 - share))


def _ticks(k_max: int) -> str:
    """Write the powers of two below their places, every other one where there are many."""
    line = [" "] * _WIDTH
    for power in range(0, int(log2(k_max)) + 1, 1 if k_max <= 512 else 2):
        label = str(2**power)
        place = round(power / max(log2(k_max), 1) * (_WIDTH - 1))
        start = min(place, _WIDTH - len(label))
        line[start : start + len(label)] = label
    return "".join(line)
