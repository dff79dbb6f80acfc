"""The study's Table 2 in miniature: six methods from one base, on the embedded task.

    make algorithms        # or: python tests/benchmarks/algorithms.py [KEY=VALUE ..] [--runs DIR]

Trains each recipe of recipes/quickstart into runs/algorithms-<method>, one method per core, and
evaluates the base, once for all, and each run's last checkpoint. Then prints them side by side, and
of every method whether it improved pass@1, with the paired 95 % interval; ends with exit code 1 if
one did not. Killed at any moment it goes on from there; run again it only prints.

It compares six methods on one small task, at one seed and with nothing tuned for each: what it
shows is that they are all there and learn, not which of them is better.
"""

import os

os.environ.setdefault("TQDM_DISABLE", "1")

import argparse
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rlvr.core.errors import UserError
from rlvr.core.progress import stage
from rlvr.recipes import recipe as recipes
from rlvr.recipes.evaluation_section import Evaluation as Settings
from rlvr.runs.run_directory import Run
from rlvr.tiny import RECIPES
from rlvr_eval.draw.drawing import carry_out, crew_for, on_bar
from rlvr_eval.plan.evaluation import Evaluation, missing
from rlvr_eval.plan.ledger import Ledger
from rlvr_eval.plan.planning import models_of, plan, store_of
from rlvr_eval.report.tables import with_interval, write_comparison
from rlvr_eval.summary.comparison import compare
from rlvr_eval.summary.model_summary import Json, at_k

METHODS = ("grpo", "ppo", "rloo", "reinforce_pp", "remax", "dapo")


def train(method: str, runs: Path, overrides: Sequence[str]) -> Run:
    """Train a method's recipe in a process of its own, unless that is done.

    Raises:
        UserError: if it fails, or its directory is of another recipe.
    """
    path, name = RECIPES / f"{method}.yaml", f"algorithms-{method}"
    changes = [*overrides, f"name={name}"]
    run = Run(runs / name)
    run.start(recipes.load(path, changes))
    if run.manifest().get("finished"):
        return run
    command = [sys.executable, "-m", "rlvr", "train", str(path), *changes, "--runs", str(runs)]
    printed = []
    # two methods on two cores take half as long as one after the other on both
    with subprocess.Popen(
        command,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            printed.append(line)
            if line.startswith("train "):
                print(line, end="", flush=True)
    if process.returncode:
        raise UserError(f"{run.path}: training failed\n{''.join(printed[-20:])}")
    return run


def evaluate(runs: Sequence[Run]) -> None:
    """Draw what the base and the last checkpoints lack, with engines that are started once."""
    settings = _settings(runs[0])
    crew = crew_for(settings)
    wanted = {run.name: _base_and_last(run) for run in runs}
    models = {each.model.weights: each for planned in wanted.values() for each in planned}
    due = [each for each in models.values() if missing(each, crew.sampler)]
    if due:
        with stage("evaluate", 0) as bar:
            crew.work(due, on_bar(bar, due, crew))
    for run in runs:
        carry_out(run, wanted[run.name], crew)


def _base_and_last(run: Run) -> list[Evaluation]:
    models = models_of(run)
    return plan([models[0], models[-1]], _settings(run), store_of(run))


def has_improved(row: Json) -> bool:
    """Print a method's change of pass@1 against the base; True if all of its interval is above 0.

    `row` is one of a comparison's.
    """
    change = at_k(row["difference"], 1)
    improved = change is not None and change["low"] > 0
    verdict = "improved" if improved else "NOT SHOWN TO HAVE IMPROVED"
    print(f"{row['run']}: pass@1 {with_interval(change, sign=True)} against the base: {verdict}")
    return improved


def main() -> int:
    """Train, evaluate, compare, check."""
    parser = argparse.ArgumentParser(description="Table 2 in miniature.")
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="values of all recipes")
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    options = parser.parse_args()
    try:
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            runs = list(pool.map(lambda m: train(m, options.runs, options.overrides), METHODS))
        evaluate(runs)
    except UserError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    comparison = compare({run.name: Ledger(run).outcomes() for run in runs})
    write_comparison(comparison, sys.stdout)
    (benchmark,) = comparison["benchmarks"].values()
    improved = [has_improved(row) for row in benchmark["rows"] if row["run"]]
    return 0 if all(improved) else 1


def _settings(run: Run) -> Settings:
    settings = run.recipe().evaluation
    assert settings is not None, "every quickstart recipe says how it is evaluated"
    return settings


if __name__ == "__main__":
    sys.exit(main())
