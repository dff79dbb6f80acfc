"""What evaluating a finished run costs by transformers, by vLLM, and by vLLM drawing adaptively.

    OMP_NUM_THREADS=1 python tests/benchmarks/evaluation.py runs/NAME [n [problems]]

The run's base and checkpoints are evaluated three times by the command, `rlvr eval`, each time from
nothing: by sampler hf under design fixed:n (256), by vLLM under the same design, and by vLLM under
sequential:n. Seconds are those of the whole command, with the start of Python, of processes or
engine, and the report. The run is copied to a temporary folder first; it is only read.

Beside them stand the completions drawn, how many times fewer or sooner that is than with hf, and
the largest difference of pass@k to hf's over models and k, in points and in standard errors of the
paired difference: the same models on the same problems, so sampling noise is all there is of it.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from rlvr.runs.run_directory import Run
from rlvr_eval.plan.ledger import Ledger
from rlvr_eval.statistics.outcomes import Outcomes

# other than what is trained and told of it; evaluations are made anew
LEFT_OUT = ("evaluations", "wandb", "probes")


class Evaluated(NamedTuple):
    """One way to evaluate, and what came of it."""

    name: str
    seconds: float
    outcomes: list[Outcomes]

    @property
    def draws(self) -> int:
        return sum(int(each.counts.n.sum()) for each in self.outcomes)


def main() -> None:
    """Measure and print."""
    run, n = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 256
    limit = int(sys.argv[3]) if len(sys.argv) > 3 else None
    first: Evaluated | None = None
    for evaluated in _evaluations(run, n, limit):
        first = first or evaluated
        _print(evaluated, first)


def _evaluations(run: Path, n: int, limit: int | None) -> Iterator[Evaluated]:
    for sampler, design in (
        ("hf", f"fixed:{n}"),
        ("vllm", f"fixed:{n}"),
        ("vllm", f"sequential:{n}"),
    ):
        with TemporaryDirectory() as folder:
            # beside it is its store, so no way sees another's draws
            copied = Run(Path(folder) / run.name)
            shutil.copytree(run, copied.path, ignore=shutil.ignore_patterns(*LEFT_OUT))
            began = time.perf_counter()
            _rlvr_eval(copied, f"sampler={sampler}", f"design={design}", *_benchmarks(run, limit))
            seconds = time.perf_counter() - began
            yield Evaluated(f"{sampler} {design}", seconds, Ledger(copied).outcomes())


def _rlvr_eval(run: Run, *settings: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rlvr", "eval", str(run.path), *settings],
        env={**os.environ, "WANDB_MODE": "disabled"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(f"rlvr eval {' '.join(settings)} failed:\n{done.stdout}\n{done.stderr}")


def _benchmarks(run: Path, limit: int | None) -> list[str]:
    """The recipe's benchmarks, with fewer problems if so asked."""
    if limit is None:
        return []
    settings = Run(run).recipe().evaluation
    assert settings is not None
    listed = ", ".join(f"{{name: {each.name}, limit: {limit}}}" for each in settings.benchmarks)
    return [f"benchmarks=[{listed}]"]


def _print(evaluated: Evaluated, first: Evaluated) -> None:
    told = (
        f"{evaluated.name:18} {len(evaluated.outcomes)} models: {evaluated.draws:9,} draws, "
        f"{first.draws / evaluated.draws:5.2f}x fewer; {evaluated.seconds:7.1f} s, "
        f"{first.seconds / evaluated.seconds:5.2f}x sooner"
    )
    if evaluated is not first:
        told += f"; {_largest_difference(evaluated.outcomes, first.outcomes)}"
    print(told, flush=True)


def _largest_difference(ours: list[Outcomes], theirs: list[Outcomes]) -> str:
    """Of pass@k over models and k; the most standard errors need not be at the same place."""
    points, errors = [], []
    for one, other in zip(ours, theirs, strict=True):
        assert (one.model, one.problem_ids) == (other.model, other.problem_ids)
        difference = one.counts.curves() - other.counts.curves()
        mean = np.abs(difference.mean(axis=0))
        error = difference.std(axis=0, ddof=1) / np.sqrt(len(difference))
        points.append(100 * mean.max())
        # where no problem differs, the error is 0 and so is the mean
        errors.append((mean[error > 0] / error[error > 0]).max(initial=0))
    return f"pass@k differs by at most {max(points):.2f} points, {max(errors):.1f} standard errors"


if __name__ == "__main__":
    main()
