"""The pass@k figure as a picture of its own, for a README or a paper: static SVG, no script.

It follows the reader's light or dark setting, and names its curves at their right ends.
"""

from collections.abc import Sequence
from html import escape
from math import log2
from textwrap import wrap

from rlvr_eval.statistics.lineup import lineup, model_in_summary
from rlvr_eval.summary.model_summary import Json

_WIDTH, _HEIGHT = 760, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 132, 38, 56
_LABEL_HEIGHT = 17
_CHARACTERS_PER_LINE = 105
_LABEL_CHARACTER = 7.6  # on the wide side, since fonts differ

# Okabe and Ito's blue and vermillion, lighter on dark
_STYLE = """
  text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif;
         fill: #5b646d; font-variant-numeric: tabular-nums; }
  .title { fill: #1c2024; } .small { font-size: 11.5px; }
  .grid { stroke: #dfe3e6; } .axis { stroke: #5b646d; }
  .thin { fill: none; stroke: #b3bac1; stroke-width: 1.25; }
  .line { fill: none; stroke-width: 2.5; stroke-linejoin: round; stroke-linecap: round; }
  .upper { fill: none; stroke-width: 1.5; stroke-dasharray: 1 5; }
  .band { opacity: .16; }
  .base { stroke: #0072b2; } .base.band, .base.mark, text.base { fill: #0072b2; stroke: none; }
  .last { stroke: #d55e00; } .last.band, .last.mark, text.last { fill: #d55e00; stroke: none; }
  .beside { stroke: #009e73; }
  .beside.band, .beside.mark, text.beside { fill: #009e73; stroke: none; }
  @media (prefers-color-scheme: dark) {
    text { fill: #a3adb6; } .title { fill: #e8eaec; }
    .grid { stroke: #343a40; } .axis { stroke: #a3adb6; } .thin { stroke: #5a636c; }
    .base { stroke: #56b4e9; } .base.band, .base.mark, text.base { fill: #56b4e9; }
    .last { stroke: #f0883e; } .last.band, .last.mark, text.last { fill: #f0883e; }
    .beside { stroke: #2fc49a; } .beside.band, .beside.mark, text.beside { fill: #2fc49a; }
  }
"""


def curves_svg(summary: Json, benchmark: str | None = None) -> str:
    """Draw pass@k on log k; base, last checkpoint and models beside have 95 % bands.

    Dotted: what pass@k is if every undecided verdict is right, where that matters.

    Args:
        benchmark: name of one; None for the first.

    Raises:
        KeyError: if the summary has no such benchmark.
    """
    name = benchmark if benchmark is not None else next(iter(summary["benchmarks"]))
    described = summary["benchmarks"][name]
    models = described["models"]
    k_max = max(2, described["k_max"])
    ends = _named(models)
    shown = {id(model) for model, _ in ends}
    others = [model for model in models if id(model) not in shown]
    parts = [
        *_axes(k_max, f"pass@k on {name}: share of {_problems(models)} solved"),
        *_conditions(described["drawn_under"]),
        *(_line(model, k_max, "thin") for model in others),
        *(_band(model, k_max, kind) for model, kind in ends),
        *(_line(model, k_max, f"line {kind}") for model, kind in ends),
        *(
            _line(model, k_max, f"upper {kind}", "curve_upper")
            for model, kind in ends
            if "curve_upper" in model
        ),
        *(mark for model, kind in ends for mark in _marks(model, k_max, kind)),
        *_labels(ends),
    ]
    longest = max((len(model["name"]) for model, _ in ends), default=0)
    width = _WIDTH + max(0, round(12 + _LABEL_CHARACTER * longest) - _RIGHT)
    height = _HEIGHT + 14 * len(wrap(described["drawn_under"], _CHARACTERS_PER_LINE))
    label = escape(f"pass@k of {len(models)} models on {name}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-label="{label}">'
        f"<style>{_STYLE}</style>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def _problems(models: Sequence[Json]) -> str:
    """Return how many problems the curves are of: "30 problems", "20 to 30 problems"."""
    least, most = (pick(model["problems"] for model in models) for pick in (min, max))
    noun = "problem" if most == 1 else "problems"
    return f"{most} {noun}" if least == most else f"{least} to {most} {noun}"


def _named(models: Sequence[Json]) -> list[tuple[Json, str]]:
    """Choose the curves with a name and a colour: base, last checkpoint, models beside them."""
    shown = lineup(models, model_in_summary)
    named = [
        (shown.base, "base"),
        (shown.last, "last"),
        *((each, "beside") for each in shown.beside),
    ]
    return [(model, how) for model, how in named if model is not None]


def _axes(k_max: int, title: str) -> list[str]:
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    parts = [f'<text class="title" x="6" y="16">{escape(title)}</text>']
    for quarter in range(5):
        y = _y(quarter / 4)
        parts.append(f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{y}" y2="{y}"/>')
        parts.append(_text(_LEFT - 9, y + 4, f"{25 * quarter} %", "end"))
    for power in range(int(log2(k_max)) + 1):
        x = _x(2**power, k_max)
        parts.append(f'<line class="axis" x1="{x}" x2="{x}" y1="{bottom}" y2="{bottom + 4}"/>')
        parts.append(_text(x, bottom + 20, str(2**power), "middle"))
    parts.append(f'<line class="axis" x1="{_LEFT}" x2="{right}" y1="{bottom}" y2="{bottom}"/>')
    middle, below = (_LEFT + right) / 2, _HEIGHT - 9
    return [
        *parts,
        _text(middle, below, "k, completions per problem (log scale)", "middle", "title"),
    ]


def _conditions(drawn_under: str) -> list[str]:
    """List the conditions of the draws below the figure, on as many lines as needed."""
    lines = wrap(drawn_under, _CHARACTERS_PER_LINE)
    return [
        _text(6, _HEIGHT + 14 * at + 6, line, "start", "small") for at, line in enumerate(lines)
    ]


def _line(model: Json, k_max: int, kind: str, curve: str = "curve") -> str:
    points = [(point["k"], point["value"]) for point in model[curve]]
    return f'<path class="{kind}" d="{_path(points, k_max)}"/>'


def _band(model: Json, k_max: int, kind: str) -> str:
    there = [(point["k"], point["high"]) for point in model["curve"]]
    back = [(point["k"], point["low"]) for point in reversed(model["curve"])]
    return f'<path class="{kind} band" d="{_path([*there, *back], k_max)}Z"/>'


def _marks(model: Json, k_max: int, kind: str) -> list[str]:
    """Draw a shape at every power of two, so that the curves differ without colour too."""
    marks = []
    for point in model["curve"]:
        if point["k"] & (point["k"] - 1):
            continue
        x, y = _x(point["k"], k_max), _y(point["value"])
        shape = _SHAPES[kind](x, y)
        marks.append(f'<path class="{kind} mark" d="{shape}"/>')
    return marks


def _circle(x: float, y: float, radius: float = 3.6) -> str:
    half = f"a{radius},{radius} 0 1 0"
    return f"M{x - radius},{y}{half} {2 * radius},0{half} {-2 * radius},0z"


def _diamond(x: float, y: float) -> str:
    return f"M{x},{y - 5}l5,5l-5,5l-5,-5z"


def _square(x: float, y: float) -> str:
    return f"M{x - 3.4},{y - 3.4}h6.8v6.8h-6.8z"


_SHAPES = {"base": _circle, "last": _diamond, "beside": _square}


def _labels(ends: Sequence[tuple[Json, str]]) -> list[str]:
    """Place names beside the right ends of the curves, moved apart where they would overlap."""
    named = sorted((_y(model["curve"][-1]["value"]), kind, model["name"]) for model, kind in ends)
    parts, lowest = [], float("-inf")
    for y, kind, name in named:
        lowest = max(y, lowest + _LABEL_HEIGHT)
        parts.append(_text(_WIDTH - _RIGHT + 12, lowest + 4, name, "start", kind))
    return parts


def _path(points: Sequence[tuple[float, float]], k_max: int) -> str:
    return "M" + "L".join(f"{_x(k, k_max)},{_y(value)}" for k, value in points)


def _text(x: float, y: float, text: str, anchor: str, kind: str = "") -> str:
    return f'<text class="{kind}" x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'


def _x(k: float, k_max: int) -> float:
    return round(_LEFT + log2(k) / log2(k_max) * (_WIDTH - _LEFT - _RIGHT), 1)


def _y(share: float) -> float:
    return round(_HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM), 1)
