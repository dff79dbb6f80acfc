"""What probes found, as tables in the terminal."""

from functools import partial
from typing import TextIO

from rlvr_eval.model_summary import Json
from rlvr_eval.table import Column, write_rows


def write_probes(summary: Json, stream: TextIO) -> None:
    """Print what the probes of every benchmark found; nothing where none was asked for."""
    for name, benchmark in summary["benchmarks"].items():
        if rows := benchmark.get("likelihood"):
            _write_likelihood(name, rows, stream)


def _write_likelihood(benchmark: str, rows: list[Json], stream: TextIO) -> None:
    columns = [
        Column("completions of", lambda row: str(row["completions_of"]), "left"),
        Column("under", lambda row: str(row["scorer"]), "left"),
        Column("median perplexity", lambda row: _number(row["quantiles"]["0.5"])),
        Column("5 %", lambda row: _number(row["quantiles"]["0.05"])),
        Column("95 %", lambda row: _number(row["quantiles"]["0.95"])),
        Column("log-probability", partial(_interval, "mean_logprob")),
        Column("against its own", partial(_interval, "versus_own")),
        Column("completions", lambda row: str(row["completions"])),
    ]
    legend = (
        "perplexity per completion; log-probability per token (natural), mean over problems with "
        "its 95 % interval, and how it differs, within problems, from that of the model's own"
    )
    write_rows(f"{benchmark}: likelihood", columns, rows, legend, stream)


def _number(value: float) -> str:
    return f"{value:.3g}"


def _interval(name: str, row: Json) -> str:
    interval = row.get(name)
    if interval is None:
        return "-"
    ends = [interval[end] for end in ("low", "high")]
    low, high = ("?" if end is None else f"{end:.3f}" for end in ends)
    return f"{interval['value']:.3f} [{low}, {high}]"
