"""Sets of problems on which intervals are put to the test, as finite populations with exact means.

Of each set the success probabilities of a base and a checkpoint are known for 6,000 problems, from
which benchmarks of a few problems are drawn. Thousands of simulated evaluations are one look-up in
a table of what every count tells (`evaluate`).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from rlvr_eval.estimators import FixedDesign
from rlvr_eval.estimators.design import Counts, Design
from rlvr_eval.estimators.simulation import simulate_counts
from rlvr_eval.statistics.curve_measures import log_k_weights

Floats = NDArray[np.float64]

SIZE = 6000
_QUANTILES = (np.arange(SIZE) + 0.5) / SIZE


class Regime(NamedTuple):
    """Success probabilities of the same problems under base and checkpoint, each (SIZE,)."""

    base: Floats
    checkpoint: Floats


def _correlated(base: Floats, checkpoint: Floats, correlation: float = 0.9) -> Regime:
    """The checkpoint's sorted probabilities assigned so that difficulties correlate as told."""
    score = stats.norm.ppf(_QUANTILES)
    other = np.random.default_rng(0).permutation(score)
    mixed = correlation * score + np.sqrt(1 - correlation**2) * other
    return Regime(base, checkpoint[mixed.argsort().argsort()])


def _beta(a: float, b: float) -> Floats:
    return np.asarray(stats.beta(a, b).ppf(_QUANTILES))


def _rare(share: float, common: Floats, base: Floats, checkpoint: Floats) -> Regime:
    """`common` for both, but for a share of the problems that has what base and checkpoint say."""
    rare = np.random.default_rng(1).permutation(SIZE)[: round(share * SIZE)]
    at = np.linspace(0, SIZE - 1, rare.size).astype(int)
    ours, theirs = common.copy(), common[::-1].copy()
    ours[rare] = np.random.default_rng(2).permutation(checkpoint[at])
    theirs[rare] = base[at]
    return Regime(theirs, ours)


_nearly_always = 1.0 - _beta(1, 300)
_unsolvable = np.where(_QUANTILES < 0.2, 0.0, stats.beta(0.4, 1.2).ppf((_QUANTILES - 0.2) / 0.8))

# distributions fitted to published tables: see benchmarks/designs.py
REGIMES = {
    "ordinary mix": Regime(_unsolvable, np.where(_unsolvable < 0.003, 0.0, _unsolvable**0.6)),
    "Omni-MATH-like": _correlated(_beta(0.2338, 2.0588), _beta(0.1573, 0.4694)),
    "AIME-like": _correlated(_beta(0.2585, 4.05), _beta(0.1262, 0.715)),
    "MATH500-like": _correlated(_beta(0.5806, 1.1024), _beta(0.3890, 0.1338)),
    "97 % saturated": _rare(0.03, _nearly_always, _beta(0.3, 3), _beta(0.3, 1)),
    "97 % certain": _rare(0.03, np.ones(SIZE), _beta(2, 12), _beta(0.2, 0.2)),
    "sparse stratum": _rare(0.04, np.zeros(SIZE), _beta(0.5, 8), _beta(0.5, 4)),
}


class Columns(NamedTuple):
    """Statistics of a count: pass@k for `ks`, then the log-k area."""

    ks: tuple[int, ...]
    weights: Floats  # (n, columns) on pass@1 .. pass@n


def columns(n: int) -> Columns:
    """k = 1, 16, 64, n/4, n/2, n and the area."""
    ks = tuple(sorted({1, 16, 64, n // 4, n // 2, n}))
    picked = np.eye(n)[:, [k - 1 for k in ks]]
    return Columns(ks, np.column_stack([picked, log_k_weights(n)]))


def truth(p: Floats, n: int) -> Floats:
    """Every problem's true statistics: (problems, columns)."""
    curves = 1.0 - (1.0 - p[:, None]) ** np.arange(1, n + 1)
    return np.asarray(curves @ columns(n).weights)


def draw_problems(problems: int, runs: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Which of the population each simulated benchmark holds: (problems, runs)."""
    return rng.integers(SIZE, size=(problems, runs))


def evaluate(
    p: Floats, n: int, rng: np.random.Generator, design: Design | None = None
) -> tuple[Counts, Floats]:
    """Counts of problems with these probabilities, and their statistics: p.shape + (columns,)."""
    used = design or FixedDesign(n)
    counts = simulate_counts(used, p, rng)
    stops = used.stops()
    table = used.pass_at_k_curve(stops.n, stops.c) @ columns(n).weights
    return counts, np.asarray(table[used.stop_index(counts.n, counts.c)])


def covered(low: Floats, high: Floats, true: Floats) -> Floats:
    """Share of runs, the first axis, whose interval holds the truth."""
    tolerance = 1e-12
    return np.asarray(((low <= true + tolerance) & (true - tolerance <= high)).mean(axis=0))
