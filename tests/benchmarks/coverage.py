"""How often the report's 95 % intervals hold the truth, by regime, number of problems and draws.

    OMP_NUM_THREADS=1 python -m tests.benchmarks.coverage [runs] > coverage.txt

Prints the tables of docs/coverage.md: per cent of `runs` (1,500) simulated evaluations, lowest and
highest over k = 1, 16, 64, n/4, n/2, n (gained and lost: up to n/2) or over tau, under a fixed
design. The regimes are those of tests/regimes.py. "x t" is the median width in multiples of
Student's, over k; D(0) is a model against itself: how often the test calls it changed, in per cent.
"""

import sys
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from rlvr_eval.statistics.cover import cover_at
from rlvr_eval.statistics.population_intervals import paired_difference, population_interval
from rlvr_eval.statistics.problem_set_intervals import problem_set_interval
from tests.regimes import REGIMES, Floats, Regime, columns, covered, draw_problems, evaluate, truth

PROBLEMS = (30, 100, 400)
DRAWS = (64, 256, 1024)
TAUS = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
HEADINGS = ("pass@k", "area", "D(k)", "area D", "Delta_SE", "gained", "lost", "these", "Cover@tau")


def main() -> None:
    """Print both tables."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 1500
    print(_row(["regime", "M", "n", *HEADINGS, "pass x t", "D x t", "type I"]))
    print(_row(["---"] * (6 + len(HEADINGS))))
    for name, regime in REGIMES.items():
        for problems in PROBLEMS:
            for n in DRAWS:
                rng = np.random.default_rng([problems, n])
                cells = list(_cells(regime, problems, n, runs, rng))
                print(_row([name, str(problems), str(n), *cells]), flush=True)
    print(f"\n{_row(['families', 'worth', 'regime', 'pass@k', 'D(k)'])}")
    print(_row(["---"] * 5))
    for kind, sizes in FAMILIES.items():
        for name in ("ordinary mix", "MATH500-like"):
            worth = sizes.sum() ** 2 / (sizes**2).sum()
            cells = list(_of_families(REGIMES[name], sizes, runs, np.random.default_rng(0)))
            print(_row([kind, f"{worth:.1f}", name, *cells]), flush=True)


def _cells(
    regime: Regime, problems: int, n: int, runs: int, rng: np.random.Generator
) -> Iterator[str]:
    at = draw_problems(problems, runs, rng)
    before, after = truth(regime.base, n), truth(regime.checkpoint, n)
    counts, base = evaluate(regime.base[at], n, rng)
    _, ours = evaluate(regime.checkpoint[at], n, rng)
    _, again = evaluate(regime.base[at], n, rng)
    half = [i for i, k in enumerate(columns(n).ks) if 2 * k <= n]

    single = population_interval(base)
    held = covered(single.low, single.high, before.mean(axis=0))
    yield _range(held[:-1])
    yield _range(held[-1:])
    difference = paired_difference(ours, base)
    held = covered(difference.low, difference.high, (after - before).mean(axis=0))
    yield _range(held[:-1])
    yield _range(held[-1:])
    gap = paired_difference(base[..., -2], ours[..., 0])
    yield _range(covered(gap.low, gap.high, np.mean(before[:, -2] - after[:, 0])))
    for kept, lost in ((1 - base, ours), (base, 1 - ours)):
        moved = population_interval((kept * lost)[..., half])
        true = (1 - before) * after if kept is not base else before * (1 - after)
        yield _range(covered(moved.low, moved.high, true[:, half].mean(axis=0)))
    ks = columns(n).ks
    these = problem_set_interval(counts, ks=ks)
    true = np.stack([1 - (1 - regime.base[at]) ** k for k in ks], axis=-1).mean(axis=0)
    yield _range(covered(these.low, these.high, true))
    cover = cover_at(counts, TAUS)
    shares = np.array([np.mean(regime.base >= tau) for tau in TAUS])
    yield _range(covered(cover.low.T, cover.high.T, shares))
    yield _times_students(single.high - single.low, base)
    yield _times_students(difference.high - difference.low, ours - base)
    yield _range((paired_difference(again, base).p_value < 0.05).mean(axis=0))


def _times_students(width: Floats, per_problem: Floats) -> str:
    """Median over k of the mean width, in multiples of Student's."""
    student = population_interval(per_problem, bounds=(-np.inf, np.inf))
    its = np.where(np.isfinite(student.high), student.high - student.low, np.nan)
    has_width = np.isfinite(its)
    ratios = [
        width[rows, at].mean() / its[rows, at].mean()
        for at, rows in enumerate(has_width.T)
        if rows.any()
    ]
    return f"{np.median(ratios):.2f}"


FAMILIES = {
    "50 of 5": np.full(50, 5),
    "50, log-normal sizes": np.maximum(
        1, np.round(np.exp(1 + np.random.default_rng(4).normal(size=50)))
    ).astype(np.int64),
    "50, sizes 60, 30, 20, .. 1": np.maximum(1, np.round(60 / np.arange(1, 51))).astype(np.int64),
    "one of 75, 50 of 3": np.append(75, np.full(50, 3)),
    "one of 150, 50 of 3": np.append(150, np.full(50, 3)),
    "10 of 3, one of 30": np.append(np.full(10, 3), 30),
}


def _of_families(
    regime: Regime, sizes: NDArray[np.int64], runs: int, rng: np.random.Generator
) -> Iterator[str]:
    """All problems of a family alike, 64 draws of each."""
    n = 64
    at = np.repeat(draw_problems(len(sizes), runs, rng), sizes, axis=0)
    families = np.repeat(np.arange(len(sizes)), sizes)
    _, base = evaluate(regime.base[at], n, rng)
    _, ours = evaluate(regime.checkpoint[at], n, rng)
    before, after = (truth(p, n).mean(axis=0) for p in regime)
    single = population_interval(base, families=families)
    yield _range(covered(single.low, single.high, before))
    difference = paired_difference(ours, base, families=families)
    yield _range(covered(difference.low, difference.high, after - before))


def _range(shares: Floats) -> str:
    low, high = 100 * np.min(shares), 100 * np.max(shares)
    return f"{low:.0f}" if round(low) == round(high) else f"{low:.0f}-{high:.0f}"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
