"""How many draws a design takes of problems before any is drawn, and what stopping early saves.

A problem that is solved with probability p ends at stop (n, c) with probability
paths(n, c) p**c (1-p)**(n-c), so its expected draws are an exact sum. The difficulties of a set are
not known beforehand; three sets stand for hard, medium and easy ones. They are beta distributions
whose pass@1 and pass@k are those of base models in Yue et al. 2025 (arXiv:2504.13837): AIME24 by
its table 4, Omni-MATH and MATH500 by its table 2 (tests/benchmarks/designs.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import xlog1py, xlogy
from scipy.stats import beta

from rlvr_eval.estimators.design import Design, Floats

_BETAS: Mapping[str, tuple[float, float]] = {
    "AIME24": (0.2585, 4.05),
    "Omni-MATH": (0.2338, 2.0588),
    "MATH500": (0.5806, 1.1024),
}
_POINTS = 200


@dataclass(frozen=True, slots=True)
class Draws:
    """Draws of one set of problems under a design.

    Attributes:
        most: n_max of every problem.
        likely: expected draws if the problems are as hard as those of a known set, by its name.
    """

    most: int
    likely: Mapping[str, float]


def draws_of(design: Design, problems: int) -> Draws:
    """Count the draws that so many problems take."""
    if len(design.looks) == 1:
        most = problems * design.n_max
        return Draws(most, dict.fromkeys(_BETAS, float(most)))
    quantiles = (np.arange(_POINTS) + 0.5) / _POINTS
    likely = {
        name: problems * float(expected_draws(design, beta(a, b).ppf(quantiles)).mean())
        for name, (a, b) in _BETAS.items()
    }
    return Draws(problems * design.n_max, likely)


def together(parts: Sequence[Draws]) -> Draws:
    """Add up the draws of several sets."""
    likely = {name: sum(part.likely[name] for part in parts) for name in _BETAS}
    return Draws(sum(part.most for part in parts), likely)


def expected_draws(design: Design, p: Floats) -> Floats:
    """Compute the expected completions of problems that are solved with these probabilities."""
    stops = design.stops()
    given = np.asarray(p, dtype=np.float64)[:, None]
    log_chance = stops.log_paths + xlogy(stops.c, given) + xlog1py(stops.n - stops.c, -given)
    expected: Floats = np.exp(log_chance) @ stops.n
    return expected
