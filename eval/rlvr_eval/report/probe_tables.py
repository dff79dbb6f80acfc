"""What probes found, as tables in the terminal."""

from functools import partial
from typing import TextIO

from rlvr_eval.report.tables import (
    crossover_cell,
    difference_cell,
    step_of,
    with_interval,
    write_rows,
)
from rlvr_eval.report.terminal import Column
from rlvr_eval.summary.conditions import drawn_line
from rlvr_eval.summary.model_summary import Json, at_k


def write_probes(summary: Json, stream: TextIO) -> None:
    """Print what the probes of every benchmark found; nothing where none was asked for."""
    for name, benchmark in summary["benchmarks"].items():
        ks = benchmark["headline_ks"]
        if rows := benchmark.get("likelihood"):
            _write_likelihood(name, rows, benchmark["drawn_under"], stream)
        if found := benchmark.get("temperature"):
            _write_temperatures(name, found, ks, stream)
        for match in benchmark.get("entropy", ()):
            _write_match(name, match, ks, benchmark["drawn_under"], stream)
        if found := benchmark.get("direct"):
            _write_direct(name, found, ks, stream)
        if rows := [model for model in benchmark["models"] if "reasoning" in model]:
            _write_reasoning(name, rows, ks[-1], stream)


def _write_likelihood(benchmark: str, rows: list[Json], drawn: str, stream: TextIO) -> None:
    columns = [
        Column("completions of", lambda row: str(row["completions_of"]), "left"),
        Column("under", lambda row: str(row["scorer"]), "left"),
        Column("median perplexity", lambda row: _number(row["quantiles"]["0.5"])),
        Column("5 %", lambda row: _number(row["quantiles"]["0.05"])),
        Column("95 %", lambda row: _number(row["quantiles"]["0.95"])),
        Column("log-probability", partial(_nats, "mean_logprob")),
        Column("against its own", partial(_nats, "versus_own")),
        Column("completions", lambda row: str(row["completions"])),
    ]
    legend = (
        "perplexity per completion; log-probability per token (natural), mean over problems with "
        "its 95 % interval, and how it differs, within problems, from that of the model's own; "
        f"completions {drawn}"
    )
    write_rows(f"{benchmark}: likelihood", columns, rows, legend, stream)


def _write_temperatures(benchmark: str, found: list[Json], ks: list[int], stream: TextIO) -> None:
    rows = [model | {"temperature": at["temperature"]} for at in found for model in at["models"]]
    temperature = Column("temperature", lambda row: f"{row['temperature']:g}")
    columns = [temperature, *_model_columns(ks)]
    title = f"{benchmark}: base and checkpoint at the same temperature"
    write_rows(title, columns, rows, _legend(rows), stream)


def _write_match(benchmark: str, match: Json, ks: list[int], drawn: str, stream: TextIO) -> None:
    base = match["base"]
    told = (
        f"nats per token on {len(match['apart'])} problems set apart; the base has "
        f"{_nats('base', match)} at temperature {base['temperature']:g}; but for the temperature, "
        f"{drawn}"
    )
    columns = [
        Column("temperature", lambda row: f"{row['temperature']:g}"),
        Column("entropy", lambda row: _nats("", {"": row})),
        Column("tokens", lambda row: str(row["tokens"])),
    ]
    title = f"{benchmark}: entropy of {match['model']}"
    write_rows(title, columns, match["grid"], told, stream)
    if match["temperature"] is None:
        stream.write("no temperature gives it the base's entropy\n\n")
        return
    temperatures = {0: base["temperature"]}
    rows = [
        row | {"temperature": temperatures.get(row["step"], match["temperature"])}
        for row in match["models"]
    ]
    temperature = Column("temperature", lambda row: f"{row['temperature']:g}")
    title = f"{benchmark}: at equal entropy, on the other problems"
    write_rows(title, [temperature, *_model_columns(ks)], rows, _legend(rows), stream)


def _write_direct(benchmark: str, found: Json, ks: list[int], stream: TextIO) -> None:
    guessable = len(found["guessable"])
    told = (
        f"{guessable} of {found['problems']} problems are guessed: the base answers them without "
        f"reasoning, with an accuracy above 0 and below {100 * found['highest']:g} %"
    )
    title = f"{benchmark}: without problems that can be guessed"
    told += "; " + drawn_line((row["name"], row["drawn_under"]) for row in found["models"])
    write_rows(title, _model_columns(ks), found["models"], told, stream)


def _write_reasoning(benchmark: str, rows: list[Json], k: int, stream: TextIO) -> None:
    def number(name: str, row: Json) -> str:
        return str(row["reasoning"][name])

    def curve(name: str, row: Json) -> str:
        return with_interval(at_k(row["reasoning"].get(name) or (), k))

    columns = [
        Column("step", step_of),
        Column("model", lambda row: str(row["name"]), "left"),
        Column("checked by", partial(number, "checked_by"), "left"),
        *(Column(name, partial(number, name)) for name in ("problems", "confirmed", "refuted")),
        *(Column(name, partial(number, name)) for name in ("right", "wrong", "unmarked")),
    ]
    if any(row["reasoning"]["checked_by"] == "marks" for row in rows):
        columns.append(Column(f"pass@{k}, at least", partial(curve, "curve_least")))
        columns.append(Column("at most", partial(curve, "curve_most")))
    lacking = max(row["reasoning"]["owed"] for row in rows)
    legend = "problems solved by at most 5 % of completions, and those completions, by reasoning"
    if lacking:
        legend += (
            f"; under the marks the design would have drawn up to {lacking} more, so no unbiased "
            "curve exists: evaluate with design=fixed:N"
        )
    legend += "; " + drawn_line((row["name"], row["drawn_under"]) for row in rows)
    write_rows(f"{benchmark}: reasoning of the hardest solved", columns, rows, legend, stream)


def _model_columns(ks: list[int]) -> list[Column]:
    """List columns as the summary's own table does; curves may end earlier here."""
    return [
        Column("step", lambda row: str(row["step"])),
        Column("model", lambda row: str(row["name"]), "left"),
        *(Column(f"pass@{k}", partial(_pass_at, k)) for k in ks),
        *(Column(f"D({k})", partial(difference_cell, k)) for k in sorted({1, ks[-1]})),
        Column("crossover k", lambda row: crossover_cell(row.get("crossover"))),
    ]


def _pass_at(k: int, row: Json) -> str:
    told = with_interval(at_k(row.get("curve", ()), k))
    upper = at_k(row.get("curve_upper", ()), k)
    return told if upper is None else f"{told} to {with_interval(upper)}"


def _legend(rows: list[Json]) -> str:
    """Say what the rows are of, with the conditions of drawing row by row."""
    problems = ", ".join(sorted({str(row["problems"]) for row in rows}))
    designs = ", ".join(sorted({row["design"] for row in rows}))
    drawn = drawn_line((row["name"], row["drawn_under"]) for row in rows)
    return f"{problems} problems, {designs}; per cent with 95 % intervals over problems\n{drawn}"


def _number(value: float) -> str:
    return f"{value:.3g}"


def _nats(name: str, row: Json) -> str:
    interval = row.get(name)
    if interval is None:
        return "-"
    ends = [interval[end] for end in ("low", "high")]
    low, high = ("?" if end is None else f"{end:.3f}" for end in ends)
    return f"{interval['value']:.3f} [{low}, {high}]"
