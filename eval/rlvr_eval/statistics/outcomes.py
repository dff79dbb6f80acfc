"""What an evaluation found: one model on one benchmark, as the analysis and the report read it.

`Outcomes` is the meeting point of two halves that know nothing of each other. The store replays
verdicts in sample-index order and fills it; summary, tables and report read it. It holds counts,
never completions, and nothing here opens a file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rlvr_eval.estimators.design import Counts, Ints
from rlvr_eval.statistics.lineup import ModelRef


@dataclass(frozen=True)
class Looks:
    """When the draws of an evaluation were looked at.

    Attributes:
        before: other designs under which these same draws were reported before, by their n_max.
        planned: numbers of draws after which to look, where they were fixed before the first look
            and none was added; empty otherwise.
    """

    before: tuple[str, ...] = ()
    planned: tuple[int, ...] = ()

    @property
    def number(self) -> int:
        """What p-values are multiplied by, so that looks share the chance of a false claim.

        Every planned look pays alike, the first one too: then all together hold the level,
        whatever is decided after each. Without a plan only the looks so far are known.
        """
        return len(self.planned) or 1 + len(self.before)


def looks_at_pair(one: Looks, other: Looks) -> int:
    """Return what p-values of a comparison are multiplied by.

    Two that follow one plan are compared at its looks. Two that follow different plans can be
    compared at as many states as both have looks, less the one that they have in common.
    """
    if one.planned and other.planned and one.planned != other.planned:
        return one.number + other.number - 1
    return max(one.number, other.number)


@dataclass(frozen=True)
class Outcomes:
    """Counts of one model on the problems of one benchmark; arrays have one entry per problem.

    Attributes:
        problem_ids: unique; what base and checkpoint are paired by.
        kinds: stratum of each problem, all "" where the benchmark has none.
        counts: with every undecided verdict taken as wrong, replayed under the design.
        undecided: verdicts among the `counts.n` completions in which the verifier itself failed.
        truncated: completions among them cut off by the token budget with no marked answer.
        upper: counts replayed with every undecided verdict taken as right; None where none is.
        draw_key: what the completions are: weights, benchmark, prompt, sampling parameters, seed.
        families: label of what each problem is a variant of, "" for one that stands alone; empty
            where all do.
        looks: when these same draws were looked at.
    """

    model: ModelRef
    benchmark: str
    problem_ids: tuple[str, ...]
    kinds: tuple[str, ...]
    counts: Counts
    undecided: Ints
    truncated: Ints
    upper: Counts | None
    draw_key: Mapping[str, Any]
    families: tuple[str, ...] = ()
    looks: Looks = Looks()

    def __post_init__(self) -> None:
        lengths = {
            "problem_ids": len(self.problem_ids),
            "kinds": len(self.kinds),
            "counts.n": len(self.counts.n),
            "counts.c": len(self.counts.c),
            "undecided": len(self.undecided),
            "truncated": len(self.truncated),
        }
        if self.families:
            lengths["families"] = len(self.families)
        if self.upper is not None:
            lengths |= {"upper.n": len(self.upper.n), "upper.c": len(self.upper.c)}
        if len(set(lengths.values())) != 1:
            raise ValueError(f"{self._label()}: entries per problem differ: {lengths}")
        if len(set(self.problem_ids)) != len(self.problem_ids):
            raise ValueError(f"{self._label()}: a problem occurs twice in problem_ids")

    @property
    def completions(self) -> int:
        """Completions that count, over all problems."""
        return int(self.counts.n.sum())

    @property
    def undecided_rate(self) -> float:
        """Share of completions whose verdict is unknown, in [0, 1]."""
        return _share(self.undecided, self.completions)

    @property
    def truncation_rate(self) -> float:
        """Share of completions cut off by the token budget with no marked answer, in [0, 1]."""
        return _share(self.truncated, self.completions)

    @property
    def units(self) -> Ints | None:
        """Which independent unit each problem belongs to; None where every problem is its own."""
        return independent_units(self.problem_ids, self.families)

    def take(self, positions: Sequence[int]) -> "Outcomes":
        """Return the outcomes of the problems at these positions, in this order."""
        at = np.asarray(positions, dtype=np.int64)
        return replace(
            self,
            problem_ids=tuple(self.problem_ids[i] for i in positions),
            kinds=tuple(self.kinds[i] for i in positions),
            counts=_take(self.counts, at),
            undecided=self.undecided[at],
            truncated=self.truncated[at],
            upper=None if self.upper is None else _take(self.upper, at),
            families=tuple(self.families[i] for i in positions) if self.families else (),
        )

    def _label(self) -> str:
        return f"{self.model.name} on {self.benchmark}"


def is_between_looks(one: Outcomes, other: Outcomes) -> bool:
    """Return whether two that follow one plan stand at different looks, which is none of it."""
    is_one_plan = bool(one.looks.planned) and one.looks.planned == other.looks.planned
    return is_one_plan and one.counts.design.n_max != other.counts.design.n_max


def on_common_problems(outcomes: Sequence[Outcomes]) -> list[Outcomes]:
    """Restrict each of them to the problems that all have, in the order of the first."""
    shared = set.intersection(*(set(each.problem_ids) for each in outcomes))
    order = [problem for problem in outcomes[0].problem_ids if problem in shared]
    return [_in_order(each, order) for each in outcomes]


def independent_units(problem_ids: Sequence[str], families: Sequence[str]) -> Ints | None:
    """Assign each problem the number of its family; its own where the label is empty.

    None where every problem stands alone, as with no labels at all.
    """
    if not any(families):
        return None
    labelled = zip(families, problem_ids, strict=True)
    units = [(family, "" if family else problem) for family, problem in labelled]
    number = {unit: i for i, unit in enumerate(dict.fromkeys(units))}
    return np.array([number[unit] for unit in units])


def units_of(*outcomes: Outcomes) -> Ints | None:
    """Return the `units` of the first of these outcomes that has family labels."""
    return next((each.units for each in outcomes if each.units is not None), None)


def _in_order(outcomes: Outcomes, problem_ids: list[str]) -> Outcomes:
    if list(outcomes.problem_ids) == problem_ids:
        return outcomes
    position = {problem: i for i, problem in enumerate(outcomes.problem_ids)}
    return outcomes.take([position[problem] for problem in problem_ids])


def _take(counts: Counts, at: Ints) -> Counts:
    return Counts(counts.design, counts.n[at], counts.c[at])


def _share(part: Ints, whole: int) -> float:
    return float(part.sum()) / whole if whole else 0.0
