"""Summaries and comparisons as tables in the terminal.

A run: one row per model with pass@1, pass@k in the middle and pass@k_max, each with its 95 %
interval, the paired differences to the base and the crossover; strata below. Several runs: the rows
of Table 2 of Yue et al. 2025, with Delta_SE and the difference to the first run.

`rlvr_eval.report.terminal` lays the tables out.
"""

from collections.abc import Sequence
from functools import partial
from typing import TextIO

from rlvr.core.per_cent import per_cent
from rlvr_eval.report import undecided_notes
from rlvr_eval.report.terminal import Column, console_on, packed, print_models, put, say
from rlvr_eval.statistics.lineup import lineup, model_in_summary
from rlvr_eval.summary.claims import LEVEL, change_at
from rlvr_eval.summary.model_summary import Json, at_k


def write_summary(summary: Json, stream: TextIO) -> None:
    """Print every benchmark of a summary, its strata below it, then what the reader must know."""
    console = console_on(stream)
    for name, benchmark in summary["benchmarks"].items():
        models = benchmark["models"]
        who = [Column("step", step_of), Column("model", _name, "left")]
        columns = _curve_columns(benchmark), _rates(), _difference_columns(models)
        print_models(console, name, who, columns, models)
        for stratum in dict.fromkeys(kind for model in models for kind in model["strata"]):
            of_stratum = [_in_stratum(model, stratum) for model in models]
            columns = _curve_columns(benchmark), [], _difference_columns(of_stratum)
            print_models(console, f"{name}, {stratum} problems only", who, columns, of_stratum)
        problems = sorted({model["problems"] for model in models})
        say(console, _legend(problems, models, summary["tests"]) + benchmark["drawn_under"] + "\n")
        say(console, *_findings(models))
        say(console, *undecided_notes.notes(name, models))
    say(console, *(f"note: {warning}" for warning in summary["warnings"]))


def write_comparison(comparison: Json, stream: TextIO) -> None:
    """Print several runs side by side, as `rlvr_eval.summary.comparison.compare` returns them."""
    console = console_on(stream)
    for name, benchmark in comparison["benchmarks"].items():
        rows = benchmark["rows"]
        who = [
            Column("run", lambda row: row["run"] or row["name"], "left"),
            Column("step", step_of),
        ]
        differences = [
            Column(f"Delta_SE({_gap_k(rows)})", _delta_se),
            *_difference_columns(rows),
            *_versus_columns(benchmark, rows),
        ]
        print_models(console, name, who, (_curve_columns(benchmark), _rates(), differences), rows)
        legend = _legend([benchmark["problems"]], rows, comparison["tests"]).rstrip("\n")
        say(console, legend, _gaps_legend(rows) + benchmark["drawn_under"] + "\n")
        say(console, *(row["finding"]["text"] for row in rows if "difference" in row))
        say(console, *_on_seeds(rows))
        say(console, *undecided_notes.notes(name, rows))
    say(console, *(f"note: {warning}" for warning in comparison["warnings"]))


def write_rows(
    title: str, columns: list[Column], rows: list[Json], legend: str, stream: TextIO
) -> None:
    """Print one table of other things than models, and what is to be known of it below."""
    console = console_on(stream)
    naming = 1 + max((at for at, each in enumerate(columns) if each.justify == "left"), default=0)
    who, others = columns[:naming], columns[naming:]
    put(console, packed(title, who, others, rows, console.width))
    say(console, f"{legend}\n")


def with_interval(point: Json | None, *, sign: bool = False) -> str:
    """Write a share in per cent with its interval: "31.4 [28.0, 34.8]"; "-" for none."""
    if point is None:
        return "-"
    value, low, high = (per_cent(point[end], sign=sign) for end in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def crossover_cell(found: Json | None) -> str:
    """Write the crossover k with its interval, or how it is censored; "..)" for an unknown end.

    "not shown" where the tests do not bear it out.
    """
    if found is None:
        return "-"
    if not found["is_shown"]:
        return "not shown"
    k = found["censored"] or _k(found["k"])
    if found["low"] is None:
        return k
    return f"{k} [{_k(found['low'])}, {'..)' if found['is_open'] else _k(found['high']) + ']'}"


def share(rate: float) -> str:
    """Write a rate in per cent; "0" only if it is 0."""
    return "0" if rate == 0 else f"{per_cent(rate)} %" if rate >= 0.001 else "<0.1 %"


def _curve_columns(benchmark: Json) -> list[Column]:
    return [Column(f"pass@{k}", partial(_point, "curve", k)) for k in benchmark["headline_ks"]]


def _difference_columns(models: Sequence[Json]) -> list[Column]:
    """List columns for D(1) and D(k_max), the smaller k_max of model and base."""
    tested = [model["tests"] for model in models if model.get("tests")]
    if not tested:
        return []
    ks = sorted({tests[at]["k"] for tests in tested for at in (0, -1)})
    return [
        *(Column(f"D({k})", partial(_difference, k)) for k in ks),
        Column("crossover k", lambda model: crossover_cell(model.get("crossover"))),
    ]


def _versus_columns(benchmark: Json, rows: list[Json]) -> list[Column]:
    first = next((row["run"] for row in rows if row["run"] is not None), None)
    if not any("versus_first" in row for row in rows):
        return []
    return [
        Column(f"vs {first}, k={k}", partial(_signed_point, "versus_first", k))
        for k in _ends(benchmark)
    ]


def _rates() -> list[Column]:
    return [
        Column("undecided", lambda m: share(m["undecided_rate"])),
        Column("truncated", lambda m: share(m["truncation_rate"])),
    ]


def _ends(benchmark: Json) -> list[int]:
    """Return 1 and k_max, the k of the headline tests."""
    return sorted({1, benchmark["headline_ks"][-1]})


def _point(name: str, k: int, model: Json) -> str:
    """Write pass@k with its interval; both extremes where undecided verdicts leave it open."""
    told = with_interval(at_k(model.get(name, ()), k))
    upper = at_k(model.get(f"{name}_upper", ()), k)
    return told if upper is None else f"{told} to {with_interval(upper)}"


def _signed_point(name: str, k: int, model: Json) -> str:
    return with_interval(at_k(model.get(name, ()), k), sign=True)


def _difference(k: int, model: Json) -> str:
    """Write D(k) with its interval; a star where a change is claimed."""
    return difference_cell(k, model) + (" *" if change_at(model, k) else "")


def difference_cell(k: int, model: Json) -> str:
    """Write D(k) with its interval, and what undecided verdicts leave possible."""
    told = _signed_point("difference", k, model)
    if open_ends := at_k(model.get("difference_range", ()), k):
        ends = (per_cent(open_ends[end], sign=True) for end in ("least", "greatest"))
        told += " ({} to {})".format(*ends)
    return told


def _delta_se(row: Json) -> str:
    return with_interval(row.get("delta_se"), sign=True)


def _gap_k(rows: list[Json]) -> int | str:
    return next((row["delta_se"]["k"] for row in rows if "delta_se" in row), "k")


def step_of(model: Json) -> str:
    """Write the training step; a model beside the run's own has none."""
    return "-" if model["beside"] else str(model["step"])


def _name(model: Json) -> str:
    return str(model["name"])


def _k(k: float | None) -> str:
    return "-" if k is None else f"{k:.3g}" if k < 1000 else f"{k:.0f}"


def _in_stratum(model: Json, stratum: str) -> Json:
    """Return the model's numbers on one stratum, under its name."""
    identity = {key: model[key] for key in ("step", "name", "beside")}
    return identity | model["strata"].get(stratum, {"curve": []})


def _findings(models: Sequence[Json]) -> list[str]:
    """Return the claims on the last checkpoint and models beside the run, strata included."""
    compared = [model for model in models if "difference" in model]
    shown = lineup(compared, model_in_summary)
    return [
        view["finding"]["text"]
        for model in [*shown.checkpoints[-1:], *shown.beside]
        for view in (model, *model["strata"].values())
        if "difference" in view
    ]


def _on_seeds(rows: Sequence[Json]) -> list[str]:
    """Warn that one checkpoint of each run says nothing about their methods."""
    if not any("versus_first" in row for row in rows):
        return []
    return [
        "note: each run is one training seed; intervals hold for these checkpoints alone, and runs "
        "of one method differ from seed to seed as well: no difference of methods is shown"
    ]


def _legend(problems: Sequence[int], models: list[Json], tests: Json) -> str:
    counted = f"{problems[0]}" if len(problems) == 1 else f"{problems[0]} to {problems[-1]}"
    noun = "problem" if problems[-1] == 1 else "problems"
    families = max(model.get("families", 0) for model in models)
    over = f"{families} families of problems{_worth(models)}" if families else "problems"
    designs = ", ".join(sorted({model["design"] for model in models}))
    return (
        f"{counted} {noun}, {designs}; per cent with 95 % intervals over {over}"
        f"{_tests_legend(tests['number'])}\n"
    )


def _tests_legend(number_of_tests: int) -> str:
    """Explain D and its stars, if anything is compared."""
    if not number_of_tests:
        return ""
    tests = "the one test" if number_of_tests == 1 else f"all {number_of_tests} tests"
    return (
        "; D = checkpoint - base, paired; "
        f"* p < {LEVEL} after Holm's adjustment for {tests} of this report"
    )


def _worth(models: list[Json]) -> str:
    """Write how many families of equal size the families are worth, where their sizes differ."""
    told = [model for model in models if "effective_families" in model]
    if all(each["effective_families"] > 0.95 * each["families"] for each in told):
        return ""
    return f" (worth {min(each['effective_families'] for each in told):.1f} of equal size)"


def _gaps_legend(rows: list[Json]) -> str:
    k = _gap_k(rows)
    return f"Delta_SE({k}) = pass@{k} of the base - pass@1, lower is better; vs = paired too\n"
