"""Mean token entropy, and the temperature at which one model has that of another.

RL lowers entropy, and with it what many completions cover. So a checkpoint is also compared at the
temperature where its mean token entropy equals the base's (Yue et al. 2025, arXiv:2504.13837,
section 4.5 and Fig. 17).

The entropy of a distribution is the mean of -log p over draws from it; so the log-probabilities of
sampled tokens, under the very distribution they were sampled from (tempered, truncated), estimate
it without bias, token by token. The mean is over all tokens: a ratio of sums over problems.

Numbers only; `rlvr_eval.probes.entropy` samples.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import isclose

import numpy as np
from scipy.special import stdtrit

from rlvr_eval.estimators.design import Floats, Ints
from rlvr_eval.statistics.population_intervals import Interval

HIGHEST = 3.0
LOWEST = 0.05
_STEP = 1.25
_CLOSE_ENOUGH = 0.005  # of the target
_NARROW_ENOUGH = 0.002  # in temperature
_MOST_REFINEMENTS = 10


@dataclass(frozen=True)
class TokenEntropy:
    """Sampled tokens of several problems; arrays have one entry per problem.

    Attributes:
        surprisal: sum over a problem's tokens of -log p, natural.
        tokens: their number, at least 1 over all problems.
    """

    surprisal: Floats
    tokens: Ints

    @property
    def mean(self) -> float:
        """Nats per token, over all tokens."""
        return float(self.surprisal.sum() / self.tokens.sum())

    def interval(self, *, level: float = 0.95) -> Interval:
        """Estimate the mean with Student's interval over problems, the ratio treated as linear."""
        return _interval(self.mean, self._residuals(), level, floor=0.0)

    def minus(self, other: "TokenEntropy", *, level: float = 0.95) -> Interval:
        """Estimate the difference of two means on the same problems in the same order, paired.

        Raises:
            ValueError: if their numbers of problems differ.
        """
        if self.tokens.shape != other.tokens.shape:
            raise ValueError(f"{self.tokens.size} problems against {other.tokens.size}")
        residuals = self._residuals() - other._residuals()
        return _interval(self.mean - other.mean, residuals, level, floor=-np.inf)

    def _residuals(self) -> Floats:
        """Compute each problem's influence on the mean; they add up to 0."""
        per_problem = self.tokens.mean()
        return np.asarray((self.surprisal - self.mean * self.tokens) / per_problem)


@dataclass(frozen=True)
class Match:
    """What the search for a temperature found.

    Attributes:
        temperature: of all that were tried, the one whose entropy is nearest to the target; None
            where no temperature between LOWEST and HIGHEST comes to it.
        grid: every temperature that was tried, increasing, with what was measured there.
    """

    temperature: float | None
    grid: dict[float, TokenEntropy]


def match_temperature(
    measure: Callable[[float], TokenEntropy], target: float, *, start: float
) -> Match:
    """Find the temperature at which a model's mean token entropy is `target`.

    From `start` in steps of a quarter until the target is enclosed, then by interpolation. With
    seeds that belong to problem and index, `measure` is nearly continuous in the temperature.

    Args:
        measure: entropy at a temperature; asked at most once for each.
        target: nats per token, above 0.

    Raises:
        ValueError: if the target or the start is not positive.
    """
    if target <= 0 or start <= 0:
        raise ValueError(f"target {target} and start {start} must be above 0")
    search = _Search(measure, target)
    ends = search.enclose(start)
    if ends is None:
        return Match(None, search.sorted_grid())
    search.refine(*ends)
    return Match(search.nearest(), search.sorted_grid())


class _Search:
    def __init__(self, measure: Callable[[float], TokenEntropy], target: float) -> None:
        self._measure, self._target = measure, target
        self._grid: dict[float, TokenEntropy] = {}

    def gap(self, temperature: float) -> float:
        """Return the entropy at a temperature minus the target."""
        if temperature not in self._grid:
            self._grid[temperature] = self._measure(temperature)
        return self._grid[temperature].mean - self._target

    def enclose(self, start: float) -> tuple[float, float] | None:
        """Find two temperatures with the target between them; None if there are none."""
        is_below = self.gap(start) < 0
        here = start
        while LOWEST < here < HIGHEST or here == start:
            factor = _STEP if is_below else 1 / _STEP
            there = _rounded(min(max(here * factor, LOWEST), HIGHEST))
            if (self.gap(there) < 0) != is_below:
                return min(here, there), max(here, there)
            if there in (LOWEST, HIGHEST):
                return None
            here = there
        return None

    def refine(self, low: float, high: float) -> None:
        """Narrow the two ends until one is close enough."""
        for _ in range(_MOST_REFINEMENTS):
            if self._is_found() or high - low < _NARROW_ENOUGH:
                return
            share = -self.gap(low) / (self.gap(high) - self.gap(low))
            # not too near an end, where a curved function would make it creep
            middle = _rounded(low + float(np.clip(share, 0.1, 0.9)) * (high - low))
            if middle in (low, high):
                return
            if self.gap(middle) < 0:
                low = middle
            else:
                high = middle

    def nearest(self) -> float:
        return min(self._grid, key=lambda temperature: abs(self.gap(temperature)))

    def sorted_grid(self) -> dict[float, TokenEntropy]:
        return dict(sorted(self._grid.items()))

    def _is_found(self) -> bool:
        return isclose(self.gap(self.nearest()), 0, abs_tol=_CLOSE_ENOUGH * self._target)


def _rounded(temperature: float) -> float:
    """Round to three decimals: the value becomes part of a draw key, and of a sentence."""
    return round(temperature, 3)


def _interval(value: float, residuals: Floats, level: float, *, floor: float) -> Interval:
    problems = residuals.size
    if problems < 2:
        return Interval(np.array(value), np.array(floor), np.array(np.inf))
    error = np.sqrt(residuals @ residuals / (problems * (problems - 1)))
    half = float(error * stdtrit(problems - 1, 0.5 + level / 2))
    return Interval(np.array(value), np.array(max(value - half, floor)), np.array(value + half))
