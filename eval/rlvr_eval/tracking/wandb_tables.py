"""A benchmark's curves, histogram, migration and problems as W&B charts and tables."""

from collections.abc import Iterable, Sequence
from typing import Any

from rlvr_eval.summary.model_summary import Json

Columns = list[str | int]
Rows = list[Iterable[Any]]


def curves(benchmark: str, models: Sequence[Json], drawn_under: str) -> Any:
    """Plot pass@k against k at powers of two and at the end, a line for each model."""
    import wandb

    lines = [[p for p in model["curve"] if _is_drawn(p["k"], model)] for model in models]
    return wandb.plot.line_series(
        xs=[[point["k"] for point in line] for line in lines],
        ys=[[point["value"] for point in line] for line in lines],
        keys=[f"{model['step']:>6} {model['name']}" for model in models],
        title=f"pass@k on {benchmark} ({drawn_under})",
        xname="k, completions per problem",
    )


def tables(benchmark: str, described: Json) -> dict[str, Any]:
    """Build the tables of all models, by metric name."""
    import wandb

    made = {
        "findings": findings(described),
        "histogram": histogram(described),
        "migration": migration(described),
        "problems": problems(described),
    }
    return {
        f"eval/{benchmark}/{name}": wandb.Table(columns=columns, data=rows)
        for name, (columns, rows) in made.items()
    }


def findings(described: Json) -> tuple[Columns, Rows]:
    """Collect the report's sentences on every model, and the settings it was drawn under."""
    rows: Rows = [
        [model["step"], model["name"], kind, view["finding"]["text"], model["drawn_under"]]
        for model in described["models"]
        for kind, view in {"": model, **model["strata"]}.items()
    ]
    return ["step", "model", "kind", "finding", "drawn under"], rows


def histogram(described: Json) -> tuple[Columns, Rows]:
    """Count the problems in every bin of accuracy, model by model."""
    rows: Rows = [
        [model["step"], model["name"], accuracy, problems]
        for model in described["models"]
        for accuracy, problems in zip(described["histogram_bins"], model["histogram"], strict=True)
    ]
    return ["step", "model", "accuracy", "problems"], rows


def migration(described: Json) -> tuple[Columns, Rows]:
    """Count expected problems kept, lost and gained at every k, and those lost by chance alone."""
    names = ("kept", "lost", "gained", "neither")
    rows: Rows = [
        [model["step"], model["name"], at["k"], *(at[name]["value"] for name in names), at["churn"]]
        for model in described["models"]
        for at in model.get("migration", ())
    ]
    return ["step", "model", "k", *names, "churn"], rows


def problems(described: Json) -> tuple[Columns, Rows]:
    """List every problem with its completions drawn and correct, and the steps where it changed."""
    models = described["models"]
    columns: Columns = ["problem", "kind", "certified lower at", "certified higher at"]
    for model in models:
        columns += [
            f"correct, {model['step']} {model['name']}",
            f"drawn, {model['step']} {model['name']}",
        ]
    rows: Rows = []
    for at, (problem, kind) in enumerate(
        zip(described["problem_ids"], described["kinds"], strict=True)
    ):
        row = [problem, kind, *(_changed(models, problem, how) for how in ("lost", "gained"))]
        for model in models:
            n = model["counts"]["n"]
            row += [model["counts"]["c"][at], n[at] if isinstance(n, list) else n]
        rows.append(row)
    return columns, rows


def _changed(models: Sequence[Json], problem: str, how: str) -> str:
    """List the steps where a problem's chance of success has certifiably fallen or risen."""
    steps = [m["step"] for m in models if problem in m.get("certified", {}).get(how, ())]
    return ", ".join(map(str, steps))


def _is_drawn(k: int, model: Json) -> bool:
    return k & (k - 1) == 0 or k == model["curve"][-1]["k"]
