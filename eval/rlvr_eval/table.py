"""The numbers of a summary as a table in the terminal.

One table per benchmark and one row per model: pass@1, pass@k in the middle and pass@k_max with
their 95 % intervals, the paired differences to the base, and the crossover. On a terminal it is
drawn with rules; into a file or a pipe it is plain text, never wrapped.
"""

from collections.abc import Iterable
from typing import Any, TextIO

from rich import box
from rich.console import Console
from rich.table import Table

from rlvr_eval.model_summary import Json, at_k

_PLAIN_WIDTH = 400  # wide enough that nothing is wrapped where lines may be any length
_SIGNIFICANT = 0.05


def write_summary(summary: Json, stream: TextIO) -> None:
    """Print every benchmark of a summary, its strata below it, then what the reader must know."""
    console = _console(stream)
    for name, benchmark in summary["benchmarks"].items():
        console.print(_benchmark_table(name, benchmark, stratum=None), markup=False)
        for stratum in _strata(benchmark["models"]):
            console.print(_benchmark_table(name, benchmark, stratum), markup=False)
        console.print(_legend(benchmark), style="dim", markup=False, highlight=False)
        console.print()
    for warning in summary["warnings"]:
        console.print(f"note: {warning}", markup=False, highlight=False)


def _benchmark_table(name: str, benchmark: Json, stratum: str | None) -> Table:
    models = [_in_stratum(model, stratum) for model in benchmark["models"]]
    ks = benchmark["headline_ks"]
    table = _table(f"{name}: {stratum} problems only" if stratum else name)
    table.add_column("step", justify="right")
    table.add_column("model", no_wrap=True)
    for k in ks:
        table.add_column(f"pass@{k}", justify="right", no_wrap=True)
    for k in (ks[0], ks[-1]):
        table.add_column(f"D({k})", justify="right", no_wrap=True)
    table.add_column("crossover k", justify="right", no_wrap=True)
    table.add_column("undecided", justify="right")
    table.add_column("truncated", justify="right")
    for model in models:
        table.add_row(*_row(model, ks))
    return table


def _row(model: Json, ks: list[int]) -> Iterable[str]:
    yield str(model["step"]) if model["step"] else "0"
    yield model["name"]
    for k in ks:
        yield with_interval(at_k(model["curve"], k))
    for k in (ks[0], ks[-1]):
        yield difference_cell(model, k)
    yield crossover_cell(model.get("crossover"))
    yield share(model["undecided_rate"])
    yield share(model["truncation_rate"])


def with_interval(point: Json | None, *, sign: bool = False) -> str:
    """A share in per cent with its interval: "31.4 [28.0, 34.8]"; "-" where there is none."""
    if point is None:
        return "-"
    form = "+.1f" if sign else ".1f"
    return "{} [{}, {}]".format(
        *(format(100 * point[end], form) for end in ("value", "low", "high"))
    )


def difference_cell(model: Json, k: int) -> str:
    """D(k) with its interval; a star where the test holds after Holm's adjustment."""
    point = at_k(model.get("difference", ()), k)
    test = at_k(model.get("tests", ()), k)
    star = " *" if test and test["p_adjusted"] < _SIGNIFICANT else ""
    return with_interval(point, sign=True) + star


def crossover_cell(found: Json | None) -> str:
    """The crossover k with its interval, or how it is censored."""
    if found is None:
        return "-"
    ends = [_k(found["low"]), "" if found["is_open"] else _k(found["high"])]
    interval = f" [{ends[0]}, {ends[1]}]" if found["low"] is not None else ""
    return (found["censored"] or _k(found["k"])) + interval.replace(", ]", ", ..)")


def share(rate: float) -> str:
    """A rate in per cent; "0" where there is truly none."""
    return "0" if rate == 0 else f"{100 * rate:.1f} %" if rate >= 0.001 else "<0.1 %"


def _k(k: float | None) -> str:
    return "-" if k is None else f"{k:.3g}" if k < 1000 else f"{k:.0f}"


def _in_stratum(model: Json, stratum: str | None) -> Json:
    """The model's numbers on one stratum, with its name and rates."""
    if stratum is None:
        return model
    kept = {key: model[key] for key in ("step", "name", "undecided_rate", "truncation_rate")}
    return kept | model["strata"].get(stratum, {"curve": []})


def _strata(models: list[Json]) -> list[str]:
    return list(dict.fromkeys(kind for model in models for kind in model["strata"]))


def _legend(benchmark: Json) -> str:
    models = benchmark["models"]
    problems = sorted({model["problems"] for model in models})
    designs = sorted({model["design"] for model in models})
    counted = f"{problems[0]}" if len(problems) == 1 else f"{problems[0]} to {problems[-1]}"
    return (
        f"{counted} problems, {', '.join(designs)}; per cent with 95 % intervals over problems; "
        "D = checkpoint - base, paired; * p < 0.05 after Holm's adjustment"
    )


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)


def _console(stream: TextIO) -> Console:
    if stream.isatty():
        return Console(file=stream)
    return Console(file=stream, width=_PLAIN_WIDTH, color_system=None)


def render(tables: Iterable[Any], stream: TextIO) -> None:
    """Print rich tables or texts to a stream as `write_summary` does."""
    console = _console(stream)
    for table in tables:
        console.print(table, markup=False, highlight=False)
