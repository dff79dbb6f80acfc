"""Outcomes as an evaluation would give them if every problem's success probability were known."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from rlvr_eval.estimators import FixedDesign
from rlvr_eval.estimators.design import Counts, Design
from rlvr_eval.estimators.simulation import simulate_counts
from rlvr_eval.statistics.lineup import ModelRef
from rlvr_eval.statistics.outcomes import Outcomes
from rlvr_eval.summary.model_summary import Json, at_k

DRAW_KEY = {
    "benchmark": "countdown",
    "revision": "embedded",
    "prompt": "countdown",
    "temperature": 1.0,
    "top_p": 1.0,
    "sampler": "hf/5.19.0",
}


def from_counts(
    counts: Counts,
    step: int = 0,
    *,
    benchmark: str = "countdown",
    problem_ids: Sequence[str] | None = None,
    kinds: Sequence[str] | None = None,
    families: Sequence[str] = (),
    undecided: Sequence[int] | None = None,
    upper: Counts | None = None,
    key: Mapping[str, Any] | None = None,
) -> Outcomes:
    """Counts with everything else that belongs to them; the base at step 0."""
    problems = len(counts.n)
    return Outcomes(
        model=ModelRef(f"checkpoint-{step}" if step else "base", step, f"weights-{step}"),
        benchmark=benchmark,
        problem_ids=tuple(problem_ids or (f"{benchmark}/{i}" for i in range(problems))),
        kinds=tuple(kinds or [""] * problems),
        counts=counts,
        undecided=np.asarray(undecided or [0] * problems, dtype=np.int64),
        truncated=np.zeros(problems, dtype=np.int64),
        upper=upper,
        draw_key={**DRAW_KEY, "weights": f"weights-{step}", "run_seed": 0, **(key or {})},
        families=tuple(families),
    )


def fixed(n: int, correct: Sequence[int], step: int = 0, **other: Any) -> Outcomes:
    """n completions of every problem, of which so many are correct."""
    c = np.asarray(correct, dtype=np.int64)
    return from_counts(Counts(FixedDesign(n), np.full_like(c, n), c), step, **other)


def unclear(step: int) -> Outcomes:
    """Three problems of which 10, 20 and 0 of 100 are correct, and 4, 0 and 1 more undecided."""
    upper = fixed(100, [14, 20, 1]).counts
    return fixed(100, [10, 20, 0], step, undecided=[4, 0, 1], upper=upper)


def run(
    *,
    steps: Sequence[int] = (0, 50, 100, 150, 200),
    problems: int = 60,
    design: Design | None = None,
    kinds: Sequence[str] = ("beyond", "chain"),
    seed: int = 0,
    **other: Any,
) -> list[Outcomes]:
    """A base and checkpoints that get sharper: better where the base is good, worse where rare."""
    rng = np.random.default_rng(seed)
    p = rng.beta(0.35, 1.6, size=problems)
    labels = [kinds[i % len(kinds)] for i in range(problems)]
    outcomes = []
    for step in steps:
        odds = (p / (1 - p)) * (20 * p) ** (step / 100)
        counts = simulate_counts(design or FixedDesign(256), odds / (1 + odds), rng)
        outcomes.append(from_counts(counts, step, kinds=labels, **other))
    return outcomes


def against_itself(
    rng: np.random.Generator,
    *,
    checkpoints: int,
    problems: int = 60,
    design: Design | None = None,
    designs: Sequence[Design] = (),
    benchmarks: int = 1,
    kinds: Sequence[str] = ("",),
) -> list[Outcomes]:
    """A base and checkpoints that equal it in every probability: whatever is claimed is false.

    Args:
        designs: of base and checkpoints in turn; all of `design` unless given.
    """
    among = designs or (design or FixedDesign(64),)
    outcomes = []
    for number in range(benchmarks):
        p = rng.beta(0.35, 1.6, size=problems)
        labels = [kinds[i % len(kinds)] for i in range(problems)]
        for step in range(checkpoints + 1):
            counts = simulate_counts(among[step % len(among)], p, rng)
            outcomes.append(from_counts(counts, step, kinds=labels, benchmark=f"set-{number}"))
    return outcomes


def beside(outcomes: Outcomes, name: str) -> Outcomes:
    """The same outcomes, as those of a model that is no checkpoint of the run."""
    model = ModelRef(name, outcomes.model.step, f"weights-of-{name}", beside=True)
    return replace(outcomes, model=model)


def value(points: list[Json], k: int) -> float:
    """What a written curve says at a k, which must be one of those written down."""
    found = at_k(points, k)
    assert found is not None, f"k = {k} was not written down"
    return float(found["value"])
