"""Tables laid out for a terminal, a file or a pipe.

A file or a pipe gets plain text that is never wrapped. On a terminal that is too narrow for
everything side by side, the columns are spread over several tables, so that each row stays on one
line.
"""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple, TextIO

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from rlvr_eval.summary.model_summary import Json

_PLAIN_WIDTH = 400  # wide enough that nothing is wrapped where lines may have any length


class Column(NamedTuple):
    """One column: its heading, what it shows of a model, and its side."""

    heading: str
    cell: Callable[[Json], str]
    justify: Literal["left", "right"] = "right"


def print_models(
    console: Console,
    title: str,
    who: list[Column],
    groups: tuple[list[Column], list[Column], list[Column]],
    models: list[Json],
) -> None:
    """Print one table; where it does not fit, two; where they do not, as many as it takes."""
    curves, rates, differences = groups
    parts = [
        (title, curves),
        (f"{title}: against the base", differences),
        (f"{title}: undecided", rates),
    ]
    layouts = [
        [_table(title, [*who, *curves, *differences, *rates], models)],
        [
            _table(title, [*who, *curves, *rates], models),
            _table(parts[1][0], [*who, *differences], models),
        ],
    ]
    fitting = (each for each in layouts if max(map(_width, each)) <= console.width)
    tables = next(fitting, None)
    if tables is None:
        tables = [
            table
            for heading, columns in parts
            for table in packed(heading, who, columns, models, console.width)
        ]
    put(console, tables)


def packed(
    title: str, who: list[Column], columns: list[Column], rows: list[Json], width: int
) -> list[Table]:
    """Return tables that each begin with `who` and have as many of the columns as fit."""
    groups: list[list[Column]] = []
    for column in columns:
        wider = [*groups[-1], column] if groups else []
        if wider and _width(_table(title, [*who, *wider], rows)) <= width:
            groups[-1] = wider
        else:
            groups.append([column])
    return [_table(title, [*who, *group], rows) for group in groups]


def put(console: Console, tables: Sequence[Table]) -> None:
    """Print tables, on lines that run on where one is wider than a terminal.

    A file or a pipe gets no spaces at the ends of lines.
    """
    widest = _at_least(console, max(map(_width, tables), default=0))
    lines = [part for table in tables for part in (table, "")]
    if console.is_terminal:
        widest.print(*lines, sep="\n")
        return
    with widest.capture() as captured:
        widest.print(*lines, sep="\n")
    console.file.write("".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def _table(title: str, columns: list[Column], models: list[Json]) -> Table:
    """Build a table with a row for each model."""
    table = Table(
        title=escape(title),
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        show_edge=False,
        collapse_padding=True,
    )
    for column in columns:
        table.add_column(escape(column.heading), justify=column.justify, no_wrap=True)
    for model in models:
        table.add_row(*(escape(column.cell(model)) for column in columns))
    return table


def _width(table: Table) -> int:
    return Console(width=_PLAIN_WIDTH).measure(table).maximum


def _at_least(console: Console, width: int) -> Console:
    """Return the console, or one that lets lines run on if it is narrower than this."""
    if width <= console.width:
        return console
    return Console(file=console.file, width=width, force_terminal=console.is_terminal)


def say(console: Console, *lines: str) -> None:
    for line in lines:
        # a pipe gets each sentence on one line; on a terminal, lines break between words
        console.print(line, markup=False, highlight=False, soft_wrap=not console.is_terminal)


def console_on(stream: TextIO) -> Console:
    if stream.isatty():
        return Console(file=stream)
    return Console(file=stream, width=_PLAIN_WIDTH, color_system=None)
