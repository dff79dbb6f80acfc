"""What the functions of the Python API return: values with rows, a table, a plot, and HTML.

A run and a report are paths as well: they may be given wherever a function takes a run directory.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlvr.api import drawing
from rlvr.core.errors import UserError
from rlvr.runs import run_directory

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame

    from rlvr.recipes.recipe import Recipe
    from rlvr_eval.summary.format import RunSummary

Row = dict[str, Any]
_SHOWN = ("step", "reward", "loss")


class Rows(ABC):
    """A result that is a list of rows."""

    @abstractmethod
    def rows(self) -> list[Row]:
        """Return the rows as dicts of plain values."""

    def table(self) -> "DataFrame":
        """Return the rows as a pandas DataFrame.

        Raises:
            UserError: if pandas is not installed.
        """
        try:
            from pandas import DataFrame
        except ModuleNotFoundError:
            raise drawing.not_installed("pandas", "table()", "rows() returns dicts") from None
        return DataFrame(self.rows())


@dataclass(frozen=True)
class Run(Rows):
    """A training run, or a directory of evaluated models.

    Attributes:
        path: run directory.
    """

    path: Path

    def __fspath__(self) -> str:
        """Return the path, so that a run can be given where a run directory is expected."""
        return str(self.path)

    @property
    def name(self) -> str:
        """Name of the run, and of its directory."""
        return self.path.name

    @property
    def is_finished(self) -> bool:
        """True once training has reached its end."""
        return bool(run_directory.Run(self.path).manifest().get("finished"))

    @property
    def checkpoints(self) -> Sequence[run_directory.Checkpoint]:
        """Complete checkpoints, by step."""
        return run_directory.Run(self.path).checkpoints()

    @property
    def recipe(self) -> "Recipe":
        """The recipe as resolved.

        Raises:
            UserError: if the directory is none of a training run.
        """
        return run_directory.Run(self.path).recipe()

    def rows(self) -> list[Row]:
        """Return one row per logged step of the training: `step`, and each metric by its name."""
        return list(run_directory.Run(self.path).metrics())

    def plot(self, metric: str = "reward", ax: "Axes | None" = None) -> "Axes":
        """Plot a metric over training steps with matplotlib, onto `ax` if one is given.

        Raises:
            UserError: if no step has this metric, or matplotlib is not installed.
        """
        found = [(row["step"], row[metric]) for row in self.rows() if metric in row]
        if not found:
            known = sorted({key for row in self.rows() for key in row})
            raise UserError(f"{self.path}: no step has the metric '{metric}'; there are {known}")
        axes = drawing.axes(ax)
        axes.plot(*zip(*found, strict=True), label=self.name)
        axes.set(xlabel="step", ylabel=metric)
        return axes

    def _repr_html_(self) -> str:
        rows = self.rows()
        state = "finished" if self.is_finished else "not finished"
        found = f"{len(self.checkpoints)} checkpoints, {state}"
        name, path = escape(self.name), escape(str(self.path))
        heading = f"<p><b>{name}</b> <code>{path}</code>: {found}</p>"
        last: Row = {key: rows[-1][key] for key in _SHOWN if rows and key in rows[-1]}
        return heading + (drawing.html_table([last]) if last else "")


@dataclass(frozen=True)
class Report(Rows):
    """pass@k of every model of a run with 95 % intervals, and differences to the base.

    Attributes:
        path: run directory; summary.json and report.html lie in it.
        data: the content of summary.json.
    """

    path: Path
    data: Mapping[str, Any] = field(repr=False)

    def __fspath__(self) -> str:
        """Return the path of the run directory."""
        return str(self.path)

    @property
    def html_path(self) -> Path:
        """The report to open in a browser."""
        return self.path / "report.html"

    @cached_property
    def summary(self) -> "RunSummary":
        """The content of summary.json as typed values."""
        from rlvr_eval.summary.format import RunSummary

        return RunSummary.model_validate_json(json.dumps(self.data))

    @property
    def warnings(self) -> Sequence[str]:
        """What a reader must know."""
        return list(self.data["warnings"])

    @property
    def findings(self) -> Sequence[str]:
        """What is claimed of each model against its base, in words."""
        models = [model for each in self.data["benchmarks"].values() for model in each["models"]]
        return [model["finding"]["text"] for model in models if "difference" in model]

    def rows(self) -> list[Row]:
        """Return a row per benchmark, model and k.

        `pass_at_k` and `difference` (to the base) are shares of 1, each with the ends `_low` and
        `_high` of its 95 % interval; None where there is none.
        """
        return [
            {"benchmark": name, "model": model["name"], "step": model["step"]} | of_k
            for name, benchmark in self.data["benchmarks"].items()
            for model in benchmark["models"]
            for of_k in _by_k(model, "difference")
        ]

    def plot(self, benchmark: str | None = None, ax: "Axes | None" = None) -> "Axes":
        """Plot pass@k over k with 95 % bands, one line per model, onto `ax` if one is given.

        Args:
            benchmark: which of several (default: the first).

        Raises:
            UserError: if there is no such benchmark, or matplotlib is not installed.
        """
        name, found = _chosen(self.data, benchmark)
        lines = [(model["name"], model["curve"]) for model in found["models"]]
        return drawing.plot_curves(name, lines, ax)

    def _repr_html_(self) -> str:
        return "".join(
            drawing.html_curves(name, each["headline_ks"], [(m["name"], m) for m in each["models"]])
            for name, each in self.data["benchmarks"].items()
        ) + drawing.html_lines([*self.findings, *self.warnings])


@dataclass(frozen=True)
class Evaluation(Report):
    """The report of an evaluation that has just been carried out.

    Attributes:
        unreadable: models that could not be evaluated -> why.
    """

    unreadable: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Comparison(Rows):
    """Several runs on the problems that they share.

    Attributes:
        data: what `rlvr compare --json` prints.
    """

    data: Mapping[str, Any] = field(repr=False)

    @property
    def warnings(self) -> Sequence[str]:
        """What a reader must know."""
        return list(self.data["warnings"])

    @property
    def findings(self) -> Sequence[str]:
        """What is claimed of each run against its base, in words."""
        rows = [row for each in self.data["benchmarks"].values() for row in each["rows"]]
        return [row["finding"]["text"] for row in rows if "difference" in row]

    def rows(self) -> list[Row]:
        """Return a row per benchmark, run and k; `run` is None for a base.

        Like `Report.rows`, with `versus_first`: the paired difference to the first run.
        """
        return [
            {"benchmark": name, "run": row["run"], "model": row["name"], "step": row["step"]} | of_k
            for name, benchmark in self.data["benchmarks"].items()
            for row in benchmark["rows"]
            for of_k in _by_k(row, "difference", "versus_first")
        ]

    def plot(self, benchmark: str | None = None, ax: "Axes | None" = None) -> "Axes":
        """Plot pass@k over k with 95 % bands, one line per run, as `Report.plot`.

        Raises:
            UserError: if there is no such benchmark, or matplotlib is not installed.
        """
        name, found = _chosen(self.data, benchmark)
        return drawing.plot_curves(name, [(_label(r), r["curve"]) for r in found["rows"]], ax)

    def _repr_html_(self) -> str:
        return "".join(
            drawing.html_curves(name, each["headline_ks"], [(_label(r), r) for r in each["rows"]])
            for name, each in self.data["benchmarks"].items()
        ) + drawing.html_lines([*self.findings, *self.warnings])


def _by_k(model: Mapping[str, Any], *quantities: str) -> list[Row]:
    """Return a row per k of a model's curve, with other quantities at the same k."""
    others = {name: {at["k"]: at for at in model.get(name) or ()} for name in quantities}
    return [
        {"k": point["k"]}
        | _ends("pass_at_k", point)
        | {
            key: value
            for name, points in others.items()
            for key, value in _ends(name, points.get(point["k"], {})).items()
        }
        for point in model["curve"]
    ]


def _ends(name: str, point: Mapping[str, Any]) -> Row:
    return {
        name: point.get("value"),
        f"{name}_low": point.get("low"),
        f"{name}_high": point.get("high"),
    }


def _chosen(data: Mapping[str, Any], benchmark: str | None) -> tuple[str, Mapping[str, Any]]:
    names = list(data["benchmarks"])
    name = names[0] if benchmark is None else benchmark
    if name not in names:
        raise UserError(f"no benchmark '{name}' was evaluated; there are {', '.join(names)}")
    return name, data["benchmarks"][name]


def _label(row: Mapping[str, Any]) -> str:
    return str(row["run"] or row["name"])
