"""Results for a notebook: curves drawn by matplotlib, and small HTML tables."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from rlvr.core.errors import UserError
from rlvr.core.extras import install_command

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Point = Mapping[str, Any]


def not_installed(package: str, function: str, instead: str) -> UserError:
    """Return the error for a package that a function of a result needs."""
    return UserError(
        f"{function} needs {package}, which is not installed; {instead}, or install it with: "
        f"{install_command('notebook')}"
    )


def axes(ax: "Axes | None") -> "Axes":
    """Return the axes to draw onto: those given, or new ones.

    Raises:
        UserError: if matplotlib is not installed.
    """
    if ax is not None:
        return ax
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        raise not_installed("matplotlib", "plot()", "rows() returns the numbers") from None
    from matplotlib import pyplot

    figure: Figure = pyplot.figure(layout="constrained")
    return figure.subplots()


def plot_curves(
    title: str, lines: Sequence[tuple[str, Sequence[Point]]], ax: "Axes | None"
) -> "Axes":
    """Plot pass@k in per cent over k, one line with its 95 % band for each (name, points)."""
    drawn = axes(ax)
    for name, points in lines:
        ks = [point["k"] for point in points]
        value, low, high = ([100 * at[end] for at in points] for end in ("value", "low", "high"))
        (line,) = drawn.plot(ks, value, marker=".", label=name)
        drawn.fill_between(ks, low, high, color=line.get_color(), alpha=0.15, linewidth=0)
    drawn.set_xscale("log", base=2)
    drawn.set(title=title, xlabel="k", ylabel="pass@k, per cent")
    drawn.legend()
    return drawn


def html_curves(
    title: str, ks: Sequence[int], models: Sequence[tuple[str, Mapping[str, Any]]]
) -> str:
    """Write pass@k at given k in per cent with its interval, one row for each (name, model)."""
    rows = []
    for name, model in models:
        at = {point["k"]: point for point in model["curve"]}
        rows.append({"model": name} | {f"pass@{k}": _estimate(at.get(k)) for k in ks})
    return f"<p><b>{escape(title)}</b></p>{html_table(rows)}"


def html_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Write rows of equal keys as an HTML table."""
    head = "".join(f"<th>{escape(str(key))}</th>" for key in rows[0])
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(str(value))}</td>' for value in row.values())}</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def html_lines(lines: Sequence[str]) -> str:
    """Write sentences as paragraphs."""
    return "".join(f"<p>{escape(line)}</p>" for line in lines)


def _estimate(point: Point | None) -> str:
    if point is None:
        return "-"
    value, low, high = (100 * point[end] for end in ("value", "low", "high"))
    return f"{value:.1f} [{low:.1f}, {high:.1f}]"
