"""Intervals in the regimes where few problems move, which Student's t covers 54 to 88 % of.

The whole table is docs/coverage.md, by tests/benchmarks/coverage.py.
"""

import numpy as np
import pytest

from rlvr_eval.statistics.population_intervals import paired_difference, population_interval
from rlvr_eval.statistics.problem_set_intervals import problem_set_interval
from tests.regimes import REGIMES, columns, covered, draw_problems, evaluate, truth

RUNS = 800
# 95 % less 3.5 standard errors of 800 simulations
LEAST = 0.925


@pytest.mark.parametrize(
    ("name", "problems", "n"),
    [
        ("97 % saturated", 30, 64),
        ("97 % saturated", 100, 256),
        ("97 % certain", 30, 256),
        ("97 % certain", 100, 64),
        ("sparse stratum", 30, 256),
        ("sparse stratum", 100, 64),
        ("AIME-like", 30, 256),
        ("MATH500-like", 30, 1024),
        ("MATH500-like", 100, 256),
        ("ordinary mix", 100, 256),
    ],
)
def test_intervals_cover_where_few_problems_move(name: str, problems: int, n: int) -> None:
    rng, regime = np.random.default_rng([problems, n]), REGIMES[name]
    at = draw_problems(problems, RUNS, rng)
    before, after = truth(regime.base, n), truth(regime.checkpoint, n)
    counts, base = evaluate(regime.base[at], n, rng)
    _, ours = evaluate(regime.checkpoint[at], n, rng)
    _, again = evaluate(regime.base[at], n, rng)
    half = [i for i, k in enumerate(columns(n).ks) if 2 * k <= n]

    curve, difference = population_interval(base), paired_difference(ours, base)
    delta_se = paired_difference(base[..., -2], ours[..., 0])
    gained = population_interval(((1 - base) * ours)[..., half])
    these = problem_set_interval(counts, ks=columns(n).ks)
    of_these = 1 - (1 - regime.base[at][..., None]) ** np.array(columns(n).ks)
    shares = {
        "pass@k and area": covered(curve.low, curve.high, before.mean(axis=0)),
        "D(k) and area": covered(difference.low, difference.high, (after - before).mean(axis=0)),
        "Delta_SE": covered(delta_se.low, delta_se.high, np.mean(before[:, -2] - after[:, 0])),
        "gained": covered(gained.low, gained.high, ((1 - before) * after)[:, half].mean(axis=0)),
        "of these problems": covered(these.low, these.high, of_these.mean(axis=0)),
    }
    for quantity, held in shares.items():
        assert np.min(held) >= LEAST, (quantity, held)
    assert ((paired_difference(again, base).p_value < 0.05).mean(axis=0) <= 0.075).all()


@pytest.mark.parametrize(("problems", "wider"), [(100, 1.2), (400, 1.05)])
def test_intervals_on_ordinary_sets_are_hardly_wider_than_students(
    problems: int, wider: float
) -> None:
    rng, regime = np.random.default_rng(problems), REGIMES["Omni-MATH-like"]
    at = draw_problems(problems, 100, rng)
    _, base = evaluate(regime.base[at], 256, rng)
    _, ours = evaluate(regime.checkpoint[at], 256, rng)
    for interval, per_problem in (
        (population_interval(base), base),
        (paired_difference(ours, base), ours - base),
    ):
        student = population_interval(per_problem, bounds=(-np.inf, np.inf))
        widths = [(each.high - each.low).mean(axis=0)[:-2] for each in (interval, student)]
        assert (widths[0] <= wider * widths[1]).all(), widths


@pytest.mark.parametrize("sizes", [[4] * 40, [*range(1, 41)], [60, *[3] * 40]], ids=str)
def test_intervals_over_families_of_any_sizes_cover(sizes: list[int]) -> None:
    rng, regime, n = np.random.default_rng(3), REGIMES["ordinary mix"], 64
    at = np.repeat(draw_problems(len(sizes), RUNS, rng), sizes, axis=0)
    families = np.repeat(np.arange(len(sizes)), sizes)
    _, base = evaluate(regime.base[at], n, rng)
    found = population_interval(base, families=families)
    held = covered(found.low, found.high, truth(regime.base, n).mean(axis=0))
    assert np.min(held) >= LEAST, held
