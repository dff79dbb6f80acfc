"""An evaluation as a Weights & Biases run: a view of summary.json, made anew each time.

The run lies in its training run's group and has the training step as its axis, so that pass@k of
every checkpoint stands under the rewards of its step. Each benchmark gives

    eval/<benchmark>/pass@<k>      with _low and _high at the headline k; D@<k> likewise
    eval/<benchmark>/area, D_area, delta_se, crossover_k, undecided_rate, truncation_rate, ..
    eval/<benchmark>/<stratum>/..  the same
    eval/<benchmark>/<model>/..    the same, of a model that is shown beside the run's own
    eval/<benchmark>/curves        pass@k against k, one more line with every checkpoint
    eval/<benchmark>/findings, histogram, migration, problems        tables

W&B cannot append to a run that was logged offline, so a later evaluation logs everything again
under the same id and takes the place of the earlier one.

This is the only module that imports wandb. It may fail, hang or be killed:
`rlvr_eval.tracking.background_process` runs it in a process of its own.
"""

import json
import secrets
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlvr.core.files import write_json
from rlvr.runs.run_directory import Run
from rlvr_eval.summary.model_summary import Json
from rlvr_eval.tracking import wandb_tables as tables
from rlvr_eval.tracking.background_process import fingerprint, note_of
from rlvr_eval.tracking.wandb_metrics import STEP, scalars

if TYPE_CHECKING:
    import wandb

_INIT_TIMEOUT_S = 15


def log_evaluation(summary: Json, run: Run) -> Json:
    """Log everything in a summary; W&B's environment variables say where to.

    Returns:
        How it was logged: {"id", "mode" ("online" or "offline"), "folder"}.
    """
    drawn_under = {name: each["drawn_under"] for name, each in summary["benchmarks"].items()}
    logged = _start(run, _id(note_of(run)), summary["run"], drawn_under)
    logged.define_metric(STEP)
    logged.define_metric("eval/*", step_metric=STEP)
    for row in _rows(summary):
        logged.log(row)
    folder = Path(logged.dir).parent
    told = {
        "id": logged.id,
        "mode": "offline" if logged.offline else "online",
        "folder": str(folder),
    }
    logged.finish()
    _remove_earlier(folder, logged.id)
    return told


def _id(note: Path) -> str:
    """Return the id of all logs of this run directory's evaluation."""
    note.parent.mkdir(exist_ok=True)
    if not note.is_file():
        write_json(note, {"id": secrets.token_hex(4)})
    return str(json.loads(note.read_text())["id"])


def _start(run: Run, id: str, about: Json, drawn_under: dict[str, str]) -> "wandb.Run":
    """Start a W&B run, offline if the server does not answer."""
    import wandb

    described: dict[str, Any] = {
        "id": id,
        "name": f"{run.name}-evaluation",
        "job_type": "evaluation",
        "config": {"run": about, "drawn_under": drawn_under},
        "settings": wandb.Settings(init_timeout=_INIT_TIMEOUT_S, console="off"),
    }
    try:
        return wandb.init(**described)
    except wandb.Error as error:
        print(f"logging offline, because W&B did not take it: {error}", file=sys.stderr)  # noqa: T201
        wandb.teardown()  # the id would be in use
        return wandb.init(**described, mode="offline")


def _rows(summary: Json) -> Iterator[dict[str, Any]]:
    """Yield one row per model, by training step; the last one has the tables of all models."""
    places = sorted(
        {
            (model["beside"], model["step"], model["name"])
            for benchmark in summary["benchmarks"].values()
            for model in benchmark["models"]
        }
    )
    for place in places:
        row: dict[str, Any] = {STEP: place[1]}
        for name, benchmark in summary["benchmarks"].items():
            models = benchmark["models"]
            found = [
                at for at, m in enumerate(models) if (m["beside"], m["step"], m["name"]) == place
            ]
            for at in found:
                row |= scalars(name, models[at], benchmark["headline_ks"])
                row[f"eval/{name}/curves"] = tables.curves(
                    name, models[: at + 1], benchmark["drawn_under"]
                )
            if place == places[-1]:
                row |= tables.tables(name, benchmark)
        yield row


def _remove_earlier(last: Path, id: str) -> None:
    """Remove earlier logs of an id: the last one holds all that they did."""
    for earlier in last.parent.glob(f"*run-*-{id}"):
        if earlier != last:
            shutil.rmtree(earlier, ignore_errors=True)


def main(path: str, limit_s: str) -> None:
    """Log the summary of the run at a path and note how; after `limit_s` seconds, end anyway."""
    # the kernel ends the process: a thread of our own might never get to run
    signal.setitimer(signal.ITIMER_REAL, float(limit_s))
    run = Run(Path(path))
    content = (run.path / "summary.json").read_bytes()
    told = log_evaluation(json.loads(content), run)
    write_json(note_of(run), told | {"summary": fingerprint(content)})


if __name__ == "__main__":
    main(*sys.argv[1:])
