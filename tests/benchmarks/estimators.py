"""Time of the analysis of 50 checkpoints x 500 problems x n = 1024, all k, on one core.

    OMP_NUM_THREADS=1 python tests/benchmarks/estimators.py

Prints each piece and the whole: curves with their intervals and paired differences to the base for
every checkpoint. The goal for the whole is 1 s. Counts are random; time does not depend on them.
"""

from collections.abc import Callable
from functools import partial
from time import perf_counter

import numpy as np

from rlvr_eval.estimators import FixedDesign, SequentialDesign
from rlvr_eval.estimators.design import Counts, Design, Ints
from rlvr_eval.statistics.curve_measures import crossover, log_k_area, log_k_area_difference
from rlvr_eval.statistics.migration import certified_changes, migration
from rlvr_eval.statistics.population_intervals import holm, paired_difference, population_interval
from rlvr_eval.statistics.problem_set_intervals import problem_set_interval

CHECKPOINTS, PROBLEMS, N = 50, 500, 1024


def simulated_counts(design: Design, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """(n, c) of a base and all checkpoints: each of shape (1 + checkpoints, problems)."""
    p = rng.beta(0.2, 0.8, size=PROBLEMS)
    batches = np.diff(design.looks, prepend=0)
    correct = rng.binomial(batches, p[:, None], size=(1 + CHECKPOINTS, PROBLEMS, batches.size))
    return design.stop(correct.cumsum(axis=-1))


def whole_analysis(design: Design, n: Ints, c: Ints) -> None:
    """What a report computes for one benchmark: every curve and its paired difference."""
    base = design.pass_at_k_curve(n[0], c[0])
    population_interval(base)
    headline = []
    for drawn, correct in zip(n[1:], c[1:], strict=True):
        curves = design.pass_at_k_curve(drawn, correct)
        population_interval(curves)
        difference = paired_difference(curves, base)
        headline.append(difference.p_value[[0, -1]])
    holm(headline)


def milliseconds(call: Callable[[], object], repeats: int = 20) -> float:
    """Median time of a call."""
    times = []
    for _ in range(repeats):
        start = perf_counter()
        call()
        times.append(perf_counter() - start)
    return 1e3 * float(np.median(times))


def main() -> None:
    rng = np.random.default_rng(0)
    for design in (FixedDesign(N), SequentialDesign()):
        n, c = simulated_counts(design, rng)
        first = milliseconds(partial(design.pass_at_k_curve, n[0, :1], c[0, :1]), 1)
        base, curves = design.pass_at_k_curve(n[0], c[0]), design.pass_at_k_curve(n[1], c[1])
        difference = paired_difference(curves, base)
        counts = Counts(design, n[0], c[0]), Counts(design, n[1], c[1])
        pieces: dict[str, Callable[[], object]] = {
            "curves": partial(design.pass_at_k_curve, n[1], c[1]),
            "interval": partial(population_interval, curves),
            "paired difference": partial(paired_difference, curves, base),
            "log-k area": partial(log_k_area, curves),
            "log-k area, paired": partial(log_k_area_difference, curves, base),
            "crossover": partial(crossover, difference),
            "migration": partial(migration, base, curves),
            "certified changes": partial(certified_changes, *counts),
            "problem-set interval": partial(problem_set_interval, counts[1]),
        }
        print(f"{design}: {PROBLEMS} problems, all k")
        print(f"  {'table, once':24}{first:9.2f} ms")
        for name, call in pieces.items():
            print(f"  {name:24}{milliseconds(call):9.2f} ms")
        whole = milliseconds(partial(whole_analysis, design, n, c), 3)
        print(f"  {f'{CHECKPOINTS} checkpoints':24}{whole:9.0f} ms (goal 1000)")


if __name__ == "__main__":
    main()
