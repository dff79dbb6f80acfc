"""How often a report claims anything of models that equal their base, and finds real effects.

    PYTHONPATH=. OMP_NUM_THREADS=1 python tests/benchmarks/null_reports.py [REPORTS]

Builds whole summaries of simulated outcomes. Null reports: 4, 10 and 50 checkpoints with the base's
own probabilities, with and without strata, on one and three benchmarks, under fixed, sequential and
unequal designs; at most 5 % of them may hold any claim. Real effects: D(1) near +5 and D(256) near
-10 points on 400 problems; the claims of all three kinds should
be made. Prints, for each setting, the share of reports with any claim and its 95 % interval.
"""

import sys
from time import perf_counter

import numpy as np

from rlvr_eval.estimators import FixedDesign, SequentialDesign
from rlvr_eval.estimators.design import Design
from rlvr_eval.estimators.simulation import simulate_counts
from rlvr_eval.statistics.population_intervals import binomial_interval
from rlvr_eval.summary.claims import claims_in
from rlvr_eval.summary.run_summary import summarise
from tests.simulated import against_itself, from_counts

REPORTS = 1000
SEQUENTIAL = SequentialDesign((16, 32, 64), (4, 2))
KINDS = ("algebra", "counting", "geometry", "number theory")

# name: (checkpoints, problems, designs, benchmarks, kinds, share of REPORTS)
Setting = tuple[int, int, tuple[Design, ...], int, tuple[str, ...], float]
NULL: dict[str, Setting] = {
    "4 checkpoints": (4, 100, (FixedDesign(64),), 1, ("",), 1.0),
    "10 checkpoints": (10, 100, (FixedDesign(64),), 1, ("",), 1.0),
    "50 checkpoints": (50, 100, (FixedDesign(64),), 1, ("",), 0.3),
    "4 checkpoints, 4 strata": (4, 100, (FixedDesign(64),), 1, KINDS, 1.0),
    "4 checkpoints, 3 benchmarks, 4 strata": (4, 100, (FixedDesign(64),), 3, KINDS, 0.5),
    "50 checkpoints, 3 benchmarks, 4 strata": (50, 60, (FixedDesign(32),), 3, KINDS, 0.06),
    "4 checkpoints, 30 problems": (4, 30, (FixedDesign(64),), 1, ("",), 1.0),
    "10 checkpoints, 400 problems, n = 256": (10, 400, (FixedDesign(256),), 1, ("",), 0.2),
    "10 checkpoints, sequential": (10, 100, (SEQUENTIAL,), 1, ("",), 1.0),
    "4 checkpoints, fixed:64 against fixed:16": (
        4,
        100,
        (FixedDesign(64), FixedDesign(16)),
        1,
        ("",),
        1.0,
    ),
}


def null_reports(setting: Setting, reports: int, rng: np.random.Generator) -> int:
    """How many reports of models that equal their base hold any claim."""
    checkpoints, problems, designs, benchmarks, kinds, _ = setting
    found = 0
    for _ in range(reports):
        outcomes = against_itself(
            rng,
            checkpoints=checkpoints,
            problems=problems,
            designs=designs,
            benchmarks=benchmarks,
            kinds=kinds,
        )
        found += bool(claims_in(summarise(outcomes, {}, beyond=False)))
    return found


def real_effects(reports: int, rng: np.random.Generator) -> dict[str, int]:
    """How often rise, fall and crossover of one checkpoint are claimed, and D as it truly is."""
    claimed = {"rises": 0, "falls": 0, "crosses": 0}
    for _ in range(reports):
        p = 10.0 ** rng.uniform(-3.5, 0.0, size=400)
        # a sharper model: what the base does often it does more often, and rare things less
        odds = p / (1 - p) * (25 * p) ** 0.45
        sharper = odds / (1 + odds)
        outcomes = [
            from_counts(simulate_counts(FixedDesign(256), chance, rng), step)
            for step, chance in ((0, p), (50, sharper))
        ]
        summary = summarise(outcomes, {}, beyond=False)
        for change in {claim["change"] for claim in claims_in(summary)} & claimed.keys():
            claimed[change] += 1
    differences = ((1 - p) ** k - (1 - sharper) ** k for k in (1, 256))
    told = ", ".join(f"{100 * each.mean():+.1f}" for each in differences)
    print(f"true D(1) and D(256) of the last set: {told} points")
    return claimed


def main() -> None:
    """Print every setting's share."""
    reports = int(sys.argv[1]) if len(sys.argv) > 1 else REPORTS
    rng = np.random.default_rng(1)
    for name, setting in NULL.items():
        began = perf_counter()
        number = max(1, round(reports * setting[-1]))
        found = null_reports(setting, number, rng)
        interval = binomial_interval(found, number)
        print(
            f"{name:<44} {found:>4} of {number:>5} reports claim something: "
            f"{100 * found / number:.1f} % [{100 * interval.low:.1f}, {100 * interval.high:.1f}]"
            f"  ({perf_counter() - began:.0f} s)",
            flush=True,
        )
    number = max(1, reports // 10)
    for change, found in real_effects(number, rng).items():
        print(f"real effect: pass@k {change:<8} claimed in {found} of {number} reports")


if __name__ == "__main__":
    main()
