"""Completions that a sequential design needs for the precision of fixed n = 1024.

    OMP_NUM_THREADS=1 python tests/benchmarks/designs.py              simulated benchmarks
    OMP_NUM_THREADS=1 python tests/benchmarks/designs.py runs/NAME    draws that a run has stored

The simulated sets are fixed: success probabilities are the quantiles (i + 1/2)/M of the two
distributions named for base and checkpoint. The checkpoint's are assigned to problems so that
difficulties correlate by 0.9 with the base's on a normal scale (chosen: training keeps most of the
order), once as little moved as a checkpoint near its base, and once more in the very same order,
where the difference between two models is nearly all sampling noise: the worst case for any design
that draws less. Expected completions and standard errors are exact sums over every way a problem
can end. The default design was searched for on the sets that have a goal (design_search.py); the
others, of other shapes, had no part in it.

"Total" standard error is that of the mean over problems as reported: sampling noise and the spread
of problems together. The goals are for pass@64 and pass@1024, single and paired, at most 5 % more;
the largest increase at any k from 64 on is printed beside them. For a run, completions and tokens
are those that a sequential design would have used of the stored draws, in sample-index order. The
paired difference is that of each model to the first of its benchmark, which is the base where there
is one.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import beta, norm

from rlvr.core.records import Outcome
from rlvr.runs.run_directory import Run
from rlvr_eval.estimators import FixedDesign, SequentialDesign, parse_design
from rlvr_eval.estimators.design import Counts, Design
from rlvr_eval.plan.ledger import Entry, Ledger
from rlvr_eval.store import shards

N_MAX = 1024
KS = tuple(range(1, N_MAX + 1))
PRINTED = (1, 64, 256, N_MAX)
FIRST_BOUNDED = 64
CORRELATION = 0.9
DESIGNS = (
    SequentialDesign(),
    SequentialDesign(thresholds=(7, 6, 6, 6, 6, 6, 4, 2, 2)),
    SequentialDesign((32, 64, 128, 256, 512, 1024), (8, 8, 4, 4, 2)),
    SequentialDesign.for_ks(N_MAX, (1, 256)),
)
Floats: TypeAlias = NDArray[np.float64]
Quantile: TypeAlias = Callable[[Floats], Floats]


@dataclass(frozen=True)
class Benchmark:
    """Problems of known difficulty.

    Attributes:
        base, checkpoint: quantile functions of their success probabilities over problems.
        goal: how many times fewer completions the default should need; None where it was not
            searched for.
    """

    name: str
    problems: int
    base: Quantile
    checkpoint: Quantile
    goal: float | None = None

    def difficulties(self, correlation: float) -> tuple[Floats, Floats]:
        """Success probabilities of base and checkpoint, the base's hardest problem first."""
        quantiles = (np.arange(self.problems) + 0.5) / self.problems
        order = np.arange(self.problems)
        if correlation < 1:
            score = norm.ppf(quantiles)
            other = np.random.default_rng(0).permutation(score)
            mixed = correlation * score + np.sqrt(1 - correlation**2) * other
            order = mixed.argsort().argsort()
        base, checkpoint = (each(quantiles) for each in (self.base, self.checkpoint))
        return np.asarray(base), np.asarray(checkpoint)[order]


def _log_uniform(zeros: float, low: float, high: float, u: Floats) -> Floats:
    """A share of problems that never succeed, the others evenly spread over orders of magnitude."""
    above = np.clip((u - zeros) / (1 - zeros), 0, 1)
    return np.where(u < zeros, 0.0, low * (high / low) ** above)


def _logit_normal(mean: float, deviation: float, u: Floats) -> Floats:
    return np.asarray(expit(mean + deviation * norm.ppf(u)))


BENCHMARKS = (
    # solved at 1024: 23 and 19 of 30 (Yue et al. 2025, Table 4); pass@1 of 6 and 15 % is chosen
    Benchmark("AIME-like", 30, beta(0.2585, 4.0500).ppf, beta(0.1262, 0.7150).ppf, goal=2.0),
    # pass@1 and pass@256 of base and GRPO, Omni-MATH test (Table 2): 10.2/69.1 and 25.1/68.3 %
    Benchmark("Omni-like", 821, beta(0.2338, 2.0588).ppf, beta(0.1573, 0.4694).ppf, goal=2.2),
    # the same on MATH500: 34.5/96.2 and 74.4/97.2 %
    Benchmark("MATH500-like", 500, beta(0.5806, 1.1024).ppf, beta(0.3890, 0.1338).ppf, goal=9.0),
    # chosen, of other shapes: no problem is in the tail, or many are
    Benchmark(
        "log-uniform",
        200,
        partial(_log_uniform, 0.3, 1e-3, 0.9),
        partial(_log_uniform, 0.4, 2e-3, 1),
    ),
    Benchmark(
        "logit-normal", 272, partial(_logit_normal, -1.5, 2.5), partial(_logit_normal, 0.5, 4)
    ),
)


@dataclass(frozen=True)
class Expected:
    """What a design costs and gives on problems of known difficulty.

    Attributes:
        completions: expected, over all problems.
        noise: sampling variance of each problem's estimate, shape (problems, n_max).
    """

    completions: float
    noise: Floats


def expected(design: Design, p: Floats) -> Expected:
    """Exact, by summing over every (n, c) that a problem can end with."""
    stops = design.stops()
    with np.errstate(divide="ignore", invalid="ignore"):
        log_q = np.where(stops.n > stops.c, (stops.n - stops.c) * np.log1p(-p[:, None]), 0.0)
        log_p = np.where(stops.c > 0, stops.c * np.log(p[:, None]), 0.0)
    chance = np.exp(stops.log_paths + log_p + log_q)
    assert np.allclose(chance.sum(1), 1)
    estimates = design.pass_at_k_curve(stops.n, stops.c)
    mean = chance @ estimates
    assert np.allclose(mean, _truth(p)), "the estimator is biased"
    return Expected(float((chance @ stops.n).sum()), chance @ estimates**2 - mean**2)


def standard_error(truth: Floats, noise: Floats) -> Floats:
    """Total standard error of the mean over problems, per k: spread of problems, and sampling."""
    return np.asarray(np.sqrt((truth.var(axis=0, ddof=1) + noise.mean(axis=0)) / len(truth)))


def compare_simulated(benchmark: Benchmark, design: Design) -> None:
    """Print what the design saves, and what it costs in precision."""
    fixed = FixedDesign(N_MAX)
    ours, theirs = (
        [expected(each, p) for p in benchmark.difficulties(CORRELATION)] for each in (design, fixed)
    )
    spent, instead_of = (sum(each.completions for each in both) for both in (ours, theirs))
    goal = f"goal {benchmark.goal}x" if benchmark.goal else "not searched for"
    print(
        f"{benchmark.name:13} {benchmark.problems:4} problems: {spent:9,.0f} completions instead "
        f"of {instead_of:9,.0f}, {instead_of / spent:5.2f}x fewer ({goal})"
    )
    base, checkpoint = (_truth(p) for p in benchmark.difficulties(CORRELATION))
    _print_errors("base", base, [ours[0]], [theirs[0]])
    _print_errors("checkpoint", checkpoint, [ours[1]], [theirs[1]])
    _print_errors("difference", checkpoint - base, ours, theirs)
    near = _moved(benchmark.difficulties(1.0)[0])
    _print_errors(
        ".. near",
        _truth(near[1]) - _truth(near[0]),
        *([expected(each, p) for p in near] for each in (design, fixed)),
    )
    same = benchmark.difficulties(1.0)
    _print_errors(
        ".. same order",
        _truth(same[1]) - _truth(same[0]),
        *([expected(each, p) for p in same] for each in (design, fixed)),
    )


def _moved(base: Floats) -> tuple[Floats, Floats]:
    """A base and a checkpoint near it: moved by 0.5 +- 0.7 on the logit scale (chosen)."""
    below_one = np.minimum(base, 1 - 1e-12)
    moves = 0.5 + 0.7 * np.random.default_rng(1).normal(size=base.size)
    return base, expit(np.log(base) - np.log1p(-below_one) + moves)


def _truth(p: Floats) -> Floats:
    """pass@k of each problem, shape (problems, n_max)."""
    return np.asarray(1 - (1 - p[:, None]) ** np.array(KS))


def _print_errors(
    what: str, truth: Floats, ours: Sequence[Expected], theirs: Sequence[Expected]
) -> None:
    """Total standard errors under both designs, in points, and by how much ours is larger."""
    one, other = (
        standard_error(truth, np.sum([each.noise for each in of], axis=0)) for of in (ours, theirs)
    )
    more = 100 * (one / other - 1)
    told = "  ".join(
        f"k={k}: {100 * one[k - 1]:.2f} against {100 * other[k - 1]:.2f} ({more[k - 1]:+.1f} %)"
        for k in PRINTED
    )
    worst = FIRST_BOUNDED + int(more[FIRST_BOUNDED - 1 :].argmax())
    print(f"    {what:13} {told}  at worst k={worst}: {more[worst - 1]:+.1f} %")


def compare_stored(run: Run) -> None:
    """Print what a sequential design would have used of a run's draws under a fixed design."""
    first: dict[str, _Stored] = {}
    for entry in Ledger(run).entries():
        fixed = parse_design(entry["design"])
        if isinstance(fixed, FixedDesign) and "counts" not in entry:
            stored = _compare_stored(run, entry, fixed)
            base = first.setdefault(entry["benchmark"], stored)
            if base is not stored:
                _print_paired(stored, base)


@dataclass(frozen=True)
class _Stored:
    """pass@k of an evaluation's problems under both designs, each of shape (problems, n_max)."""

    model: str
    problem_ids: list[str]
    ours: Floats
    theirs: Floats


def _print_paired(stored: _Stored, base: _Stored) -> None:
    if stored.problem_ids != base.problem_ids or stored.ours.shape != base.ours.shape:
        print(f"    other problems, or another n, than {base.model}: no paired difference")
        return
    print(f"  paired difference to {base.model}")
    _print_standard_errors(stored.ours - base.ours, stored.theirs - base.theirs)


def _print_standard_errors(ours: Floats, theirs: Floats) -> None:
    """Of the mean over problems of what has shape (problems, n_max), at three k."""
    problems, n_max = ours.shape
    for k in (1, n_max // 4, n_max):
        one, other = (each[:, k - 1].std(ddof=1) / np.sqrt(problems) for each in (ours, theirs))
        print(f"    k={k}: total standard error {100 * one:.2f} against {100 * other:.2f} points")


def _compare_stored(run: Run, entry: Entry, fixed: FixedDesign) -> _Stored:
    design = SequentialDesign.up_to(fixed.n)
    draws = Ledger(run).draws(entry)
    rows = draws.verdicts(entry["verifier"]).by_problem()
    tokens = _tokens([shards.read(path) for path in shards.listed(draws.folder / "draws")])
    correct = [rows[id][: fixed.n] == Outcome.CORRECT for id in entry["problem_ids"]]
    stops = [design.replay(row) for row in correct]
    n, c = np.array([(there.n, there.c) for there in stops]).T
    used = sum(
        tokens[id, i] for id, m in zip(entry["problem_ids"], n, strict=True) for i in range(m)
    )
    whole = sum(tokens[id, i] for id in entry["problem_ids"] for i in range(fixed.n))
    print(
        f"{entry['model']} on {entry['benchmark']}, {design}: {n.sum():,} of "
        f"{fixed.n * n.size:,} completions ({fixed.n * n.size / n.sum():.2f}x fewer), {used:,} of "
        f"{whole:,} tokens ({whole / used:.2f}x fewer)"
    )
    ours = Counts(design, n, c).curves()
    theirs = Counts(
        fixed, np.full(n.size, fixed.n), np.array([row.sum() for row in correct])
    ).curves()
    _print_standard_errors(ours, theirs)
    return _Stored(entry["model"], entry["problem_ids"], ours, theirs)


def _tokens(tables: list[pa.Table]) -> dict[tuple[str, int], int]:
    """Length of every stored draw."""
    found: dict[tuple[str, int], int] = {}
    for table in tables:
        names = ("problem_id", "sample_index", "tokens")
        for problem, index, length in zip(*(table[n].to_pylist() for n in names), strict=True):
            found.setdefault((problem, index), length)
    return found


def main() -> None:
    """Compare on the simulated sets, or on what a run has stored."""
    if len(sys.argv) > 1:
        compare_stored(Run(Path(sys.argv[1])))
        return
    for design in DESIGNS:
        print(f"\n{design} against {FixedDesign(N_MAX)}, base and checkpoint together")
        print("total standard errors of pass@k in points")
        for benchmark in BENCHMARKS:
            compare_simulated(benchmark, design)


if __name__ == "__main__":
    main()
