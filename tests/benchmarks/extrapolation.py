"""How far models of pass@k beyond n_max miss, and how often their intervals hold the truth.

    OMP_NUM_THREADS=1 python -m tests.benchmarks.extrapolation [runs]

Prints the table of docs/extrapolation.md: 128 problems of each set of tests/regimes.py, drawn
`runs` (20) times, n completions each, predicted at 16 n. An entry is the mean error in points and,
in brackets, how often (per cent) the interval held the truth; of the range over all models, its
mean width in points and how often it did.
"""

import sys
from typing import Any

import numpy as np

from rlvr_eval.estimators import FixedDesign
from rlvr_eval.estimators.simulation import simulate_counts
from rlvr_eval.summary.fixed_problem_set import describe_beyond
from tests.regimes import REGIMES, SIZE, Floats

PROBLEMS = 128
DRAWS = (100, 256)
FURTHER = 16


def main() -> None:
    """Print the table."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    heading = "| set | model | n | k | truth | zero-inflated beta | beta | power law | range |"
    print(f"{heading}\n|{' --- |' * 9}")
    for name, regime in REGIMES.items():
        for model, p in zip(("base", "checkpoint"), regime, strict=True):
            for n in DRAWS:
                row = f"| {name} | {model} | {n} | {FURTHER * n} | {_cells(p, n, runs)} |"
                print(row, flush=True)


def _cells(p: Floats, n: int, runs: int) -> str:
    rng, k = np.random.default_rng(n), FURTHER * n
    true = float(np.mean(1 - (1 - p) ** k))
    found = []
    for _ in range(runs):
        counts = simulate_counts(FixedDesign(n), p[rng.integers(SIZE, size=PROBLEMS)], rng)
        found.append(next(each for each in describe_beyond(counts) if each["k"] == k))
    return cells_of(found, true)


def cells_of(found: list[dict[str, Any]], true: float) -> str:
    """Write a row's cells: the truth, each model's mean error, and the range."""
    cells = [f"{100 * true:.1f}"]
    for label in found[0]["models"]:
        error = np.mean([abs(each["models"][label] - true) for each in found])
        held = np.mean([_holds(each["model_intervals"][label], true) for each in found])
        cells.append(f"{100 * error:.1f} ({100 * held:.0f})")
    width = np.mean([each["range"][1] - each["range"][0] for each in found])
    held = np.mean([_holds(each["range"], true) for each in found])
    return " | ".join([*cells, f"{100 * width:.0f} ({100 * held:.0f})"])


def _holds(ends: list[float], true: float) -> bool:
    return ends[0] - 1e-9 <= true <= ends[1] + 1e-9


if __name__ == "__main__":
    main()
