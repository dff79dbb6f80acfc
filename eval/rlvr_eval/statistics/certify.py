"""Problems whose change is certified one by one, over everything that a report compares.

All problems of all models and benchmarks, in both directions, are one family for Benjamini and
Hochberg's method: judged model by model, fifty checkpoints would bring fifty chances of a false
certificate. For a model against itself any certificate is a false one. There p <= a has a chance of
0.3 a at most, whatever the problem's probability, since the losing side must have no success at
all; so at a rate of 5 % at most 1.5 % of such reports certify anything.

"Lost" and "gained" name the lists in summary.json. What is certified is that the probability of
success fell or rose; that a problem is out of reach follows from no finite number of draws.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rlvr_eval.estimators.design import Floats
from rlvr_eval.estimators.random_continuation import ContinuationDesign
from rlvr_eval.statistics.migration import coverage, p_values_of_loss
from rlvr_eval.statistics.outcomes import Outcomes, is_between_looks, looks_at_pair
from rlvr_eval.statistics.population_intervals import benjamini_hochberg

FALSE_DISCOVERY_RATE = 0.05

# base and model on the same problems in the same order
Pair = tuple[Outcomes, Outcomes]


def certify(pairs: Sequence[Pair]) -> list[dict[str, list[str]]]:
    """Find the problems certified as {"lost", "gained"} for each pair, all pairs one family."""
    if not pairs:
        return []
    p_values = [[_p_values(base, model), _p_values(model, base)] for base, model in pairs]
    adjusted = benjamini_hochberg(np.concatenate([p for both in p_values for p in both]))
    certified = []
    start = 0
    for base, _ in pairs:
        size = len(base.problem_ids)
        lost, gained = adjusted[start : start + 2 * size].reshape(2, size) <= FALSE_DISCOVERY_RATE
        ids = np.array(base.problem_ids, dtype=object)
        certified.append({"lost": ids[lost].tolist(), "gained": ids[gained].tolist()})
        start += 2 * size
    return certified


def _p_values(winner: Outcomes, loser: Outcomes) -> Floats:
    """Test per problem that the loser is at least as likely to succeed; p is 1 where it may have.

    Multiplied by the number of looks, as all tests of a report are; 1 between two of them.
    """
    if is_between_looks(winner, loser):
        return np.ones(len(winner.problem_ids))
    p_values = p_values_of_loss(winner=winner.counts, loser=loser.counts)
    p_values *= looks_at_pair(winner.looks, loser.looks)
    return np.where(loser.undecided > 0, 1.0, np.minimum(p_values, 1.0))


def solved_sets(base: Outcomes, model: Outcomes) -> dict[str, Any]:
    """Count the problems that both, one or neither solve, at a number of draws common to both.

    Where both designs tell whether n_max draws solve a problem, the sets are counted and McNemar's
    test is given, at the greatest p-value that undecided verdicts leave possible. Otherwise the
    numbers are unbiased expectations at the smaller n_max, and the test, which needs sets, is
    refused with the reason: counted as they are, the side that drew more solves more problems.
    """
    k = min(base.counts.design.n_max, model.counts.design.n_max)
    if tells_the_same(base, model):
        sets = coverage(base.counts.c > 0, model.counts.c > 0)
        p_value = _greatest_p_value(base, model, sets.p_value)
        return {
            "k": k,
            "both": int(sets.both.sum()),
            "base_only": int(sets.base_only.sum()),
            "checkpoint_only": int(sets.checkpoint_only.sum()),
            "neither": int(sets.neither.sum()),
            "p_value": p_value,
            "reason": None,
        }
    before, after = (each.counts.curves_at(np.array([k]))[:, 0] for each in (base, model))
    return {
        "k": k,
        "both": float((before * after).sum()),
        "base_only": float((before * (1.0 - after)).sum()),
        "checkpoint_only": float(((1.0 - before) * after).sum()),
        "neither": float(((1.0 - before) * (1.0 - after)).sum()),
        "p_value": None,
        "reason": f"the base was drawn by {base.counts.design}, {model.model.name} by "
        f"{model.counts.design}, and which problems only one of them solves depends on how often "
        "each was drawn",
    }


def _greatest_p_value(base: Outcomes, model: Outcomes, counted: float) -> float:
    """Return the greatest p-value of McNemar's test that undecided verdicts leave possible."""
    least = [each.counts.c > 0 for each in (base, model)]
    most = [each.counts.c + each.undecided > 0 for each in (base, model)]
    ends = [coverage(most[0], least[1]), coverage(least[0], most[1])]
    surplus = [int(end.base_only.sum()) - int(end.checkpoint_only.sum()) for end in ends]
    if surplus[0] * surplus[1] < 0:
        return 1.0
    return max(counted, *(end.p_value for end in ends))


def tells_the_same(base: Outcomes, model: Outcomes) -> bool:
    """Return whether "solved at least once" refers to the same number of draws in both."""
    ours, theirs = base.counts.design, model.counts.design
    if str(ours) == str(theirs):
        return True
    gives_up = any(isinstance(design, ContinuationDesign) for design in (ours, theirs))
    return ours.n_max == theirs.n_max and not gives_up
