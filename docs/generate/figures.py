"""Draws the figures of the concept pages from the functions that reports use.

    python docs/generate/figures.py FOLDER

Model and problems are simulated with known success probabilities; everything that is estimated from
their counts is estimated by `rlvr_eval`. The seed is fixed, so the figures stay the same.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rlvr_eval.estimators import Design, FixedDesign, parse_design, pass_at_k_curve
from rlvr_eval.estimators.simulation import simulate_counts
from rlvr_eval.statistics.population_intervals import holm, paired_difference, population_interval

BLUE, ORANGE, GREEN, GREY = "#0072b2", "#d55e00", "#009e73", "#808890"
_N = 256
_SEED = 7

# text and lines in a grey that is readable on a light and on a dark page
mpl.rcParams.update(
    {
        "svg.fonttype": "none",
        "svg.hashsalt": "rlvr",
        "font.size": 10,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": GREY,
        "axes.labelcolor": GREY,
        "xtick.color": GREY,
        "ytick.color": GREY,
        "text.color": GREY,
        "legend.frameon": False,
        "savefig.transparent": True,
    }
)


def one_problem(axes: Axes) -> None:
    """Draw pass@k of single problems, by how many of 256 completions were correct."""
    ks = np.arange(1, _N + 1)
    for correct, colour in ((128, BLUE), (16, GREEN), (1, ORANGE)):
        axes.plot(ks, 100 * pass_at_k_curve(_N, correct), color=colour, label=f"{correct} of {_N}")
    _log_k(axes, "pass@k, %")
    axes.legend(title="correct completions", loc=(0.56, 0.42))


def two_models(axes: Axes) -> None:
    """Draw two models on the same problems: one solves more of them, one solves them more often."""
    base, trained = _curves()
    ks = np.arange(1, _N + 1)
    for curves, name, colour in ((base, "base", BLUE), (trained, "after RL", ORANGE)):
        interval = population_interval(curves)
        axes.plot(ks, 100 * interval.value, color=colour, label=name)
        axes.fill_between(
            ks, 100 * interval.low, 100 * interval.high, color=colour, alpha=0.16, linewidth=0
        )
    _log_k(axes, "pass@k, % of 200 problems")
    axes.legend()


def design_cost(axes: Axes) -> None:
    """Draw how many completions a problem gets, by its success probability."""
    p = np.geomspace(1e-4, 1, 200)
    designs = (("fixed:1024", GREY), ("sequential:1024@k=1,256", GREEN), ("sequential", BLUE))
    for written, colour in designs:
        axes.plot(p, _expected_draws(parse_design(written), p), color=colour, label=written)
    axes.set_xscale("log")
    axes.set_xlabel("success probability of the problem")
    axes.set_ylabel("completions drawn, mean")
    axes.legend()


def more_problems(axes: Axes) -> None:
    """Draw the width of the 95 % interval of pass@64 by the number of problems and completions."""
    rng = np.random.default_rng(_SEED)
    numbers = np.array([20, 30, 50, 80, 120, 200, 300, 500])
    for n, colour in ((64, ORANGE), (256, GREEN), (1024, BLUE)):
        widths = []
        for problems in numbers:
            p = rng.beta(0.3, 1.2, size=(problems, 40))
            curves = simulate_counts(FixedDesign(n), p, rng).curves()[..., 63]
            interval = population_interval(curves)
            widths.append(100 * (interval.high - interval.low).mean())
        axes.plot(numbers, widths, color=colour, marker="o", markersize=3, label=f"n = {n}")
    axes.set_xlabel("problems")
    axes.set_ylabel("width of the interval, points")
    axes.set_ylim(bottom=0)
    axes.legend(title="completions per problem")


def paired(axes: Axes) -> None:
    """Draw D(k) with its interval, for the models of `two_models`."""
    base, trained = _curves()
    difference = paired_difference(trained, base)
    ks = np.arange(1, _N + 1)
    axes.axhline(0, color=GREY, linewidth=1)
    axes.plot(ks, 100 * difference.value, color=ORANGE)
    axes.fill_between(
        ks, 100 * difference.low, 100 * difference.high, color=ORANGE, alpha=0.16, linewidth=0
    )
    _log_k(axes, "D(k), points")


def many_tests(axes: Axes) -> None:
    """Draw the least p-value of twelve tests on a model that equals its base, raw and adjusted."""
    rng = np.random.default_rng(_SEED)
    reports, checkpoints, problems = 200, 4, 100
    least: dict[str, list[float]] = {"raw": [], "adjusted": []}
    for _ in range(reports):
        p = rng.beta(0.3, 1.2, size=problems)
        base, *others = (
            simulate_counts(FixedDesign(64), p, rng).curves()[:, [0, 7, 63]]
            for _ in range(checkpoints + 1)
        )
        tests = np.concatenate([paired_difference(each, base).p_value for each in others])
        least["raw"].append(tests.min())
        least["adjusted"].append(holm(tests).min())
    levels = np.linspace(0, 0.2, 81)
    for name, colour in (("raw", ORANGE), ("adjusted", BLUE)):
        shares = [100 * np.mean(np.array(least[name]) < level) for level in levels]
        axes.plot(levels, shares, color=colour, label=name)
    axes.plot(levels, 100 * levels, color=GREY, linestyle=":", label="what the level promises")
    axes.set_xlabel("level at which a claim is made")
    axes.set_ylabel("reports with a false claim, %")
    axes.legend()


FIGURES: dict[str, Callable[[Axes], None]] = {
    "one-problem": one_problem,
    "two-models": two_models,
    "design-cost": design_cost,
    "more-problems": more_problems,
    "paired-difference": paired,
    "many-tests": many_tests,
}


def draw(name: str) -> str:
    """Return one figure as SVG."""
    from io import StringIO

    figure = Figure(figsize=(6.4, 3.4), layout="constrained")
    FIGURES[name](figure.add_subplot())
    drawn = StringIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None})
    return drawn.getvalue()


def _curves() -> tuple[np.ndarray, np.ndarray]:
    """Return per-problem pass@k of a base and of a sharper model that lost some problems."""
    rng = np.random.default_rng(_SEED)
    base = rng.beta(0.35, 2.0, size=200)
    trained = np.where(base < 0.012, base / 20, base**0.6)
    design = FixedDesign(_N)
    return simulate_counts(design, base, rng).curves(), simulate_counts(
        design, trained, rng
    ).curves()


def _expected_draws(design: Design, p: np.ndarray) -> np.ndarray:
    """Return the mean number of completions at each success probability, exactly."""
    stops = design.stops()
    with np.errstate(divide="ignore", invalid="ignore"):
        wrong = np.where(stops.n == stops.c, 0.0, (stops.n - stops.c) * np.log1p(-p)[:, None])
        log_chance = stops.log_paths + stops.c * np.log(p)[:, None] + wrong
    return np.asarray(np.exp(log_chance) @ stops.n)


def _log_k(axes: Axes, label: str) -> None:
    axes.set_xscale("log", base=2)
    ticks = [1, 4, 16, 64, 256]
    axes.set_xticks(ticks, [str(k) for k in ticks])
    axes.set_xlabel("k, completions per problem")
    axes.set_ylabel(label)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for figure in FIGURES:
        (folder / f"{figure}.svg").write_text(draw(figure), encoding="utf-8")
