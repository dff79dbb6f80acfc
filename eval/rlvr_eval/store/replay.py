"""Verdicts in sample-index order, replayed under a design: where each problem stands.

The only place where stored verdicts become counts. While sampling it says what is due; afterwards
it gives the (n, c) that the estimators take. A design that tosses for a problem gets its toss here,
from what identifies the problem's draws.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from rlvr.core.records import Outcome
from rlvr_eval.estimators.design import Counts, Design, Progress
from rlvr_eval.estimators.random_continuation import ContinuationDesign
from rlvr_eval.store.keys import Fields
from rlvr_eval.store.verdicts import UNDECIDED

# what a verifier found of a problem's draws 0, 1, 2, ..: shape (draws,)
Row = NDArray[np.object_]
NO_DRAWS: Row = np.array([], dtype=object)


def standing(
    design: Design, key: Fields, problem_id: str, row: Row, *, undecided_is_right: bool = False
) -> Progress:
    """Return the design's progress on one problem.

    Args:
        key: draw key of the row.
        undecided_is_right: counts undecided verdicts as correct, for the upper curve.
    """
    counted = (Outcome.CORRECT, *UNDECIDED) if undecided_is_right else (Outcome.CORRECT,)
    return standing_of(design, key, problem_id, np.isin(row, counted))


def standing_of(
    design: Design, key: Fields, problem_id: str, is_correct: NDArray[np.bool_]
) -> Progress:
    """Return the progress for draws 0, 1, 2, .. with `is_correct` of shape (draws,)."""
    if isinstance(design, ContinuationDesign):
        toss = f"{key['run_seed']}|{key['weights']}|{problem_id}"
        return design.replay(is_correct, continues=design.continues(toss))
    return design.replay(is_correct)


def standings(
    design: Design, key: Fields, problem_ids: Sequence[str], rows: Mapping[str, Row]
) -> list[Progress]:
    """Return the progress on each of these problems; one without draws is due from the first."""
    return [standing(design, key, problem, rows.get(problem, NO_DRAWS)) for problem in problem_ids]


def counts_of(design: Design, progress: Sequence[Progress]) -> Counts:
    """Return the counts of problems that have all stopped."""
    assert all(there.stopped for there in progress), "a problem owes draws"
    return Counts(
        design,
        np.array([there.n for there in progress]),
        np.array([there.c for there in progress]),
    )


def owed(progress: Sequence[Progress]) -> int:
    """Count the draws due next, over all problems; 0 once the design is satisfied."""
    return sum(there.due - there.n for there in progress)
