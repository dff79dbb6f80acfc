"""The exact countdown solver as a teacher: every plan of a problem, in an order drawn at random.

It knows division and plans that combine two sub-results, which the embedded base model was never
shown. Trace i of a problem is the same however many are asked for.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from rlvr.core.errors import UserError
from rlvr.core.hashing import hash_number
from rlvr.core.records import Completion, Problem
from rlvr.distill.teachers.protocol import Due, asked_problems, asked_revisions, section_of
from rlvr.recipes.recipe import Recipe
from rlvr.tiny.countdown import solutions, written


class CountdownSolver:
    """A `Teacher` that is always right, and has as many traces as there are plans."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._run_seed = section_of(recipe).run_seed

    def key(self) -> Mapping[str, Any]:
        """Return no settings: the solver is part of this package."""
        return {
            "teacher": "solver:countdown",
            "problems": asked_revisions(self._recipe),
            "run_seed": self._run_seed,
        }

    def problems(self) -> list[Problem]:
        """Return the problems of `data.problems`.

        Raises:
            UserError: if they are not countdown problems.
        """
        asked = asked_problems(self._recipe)
        strange = [problem.id for problem in asked if not _is_countdown(problem)]
        if strange:
            raise UserError(
                f"solver:countdown solves countdown problems, and {strange[0]} is none; write "
                "data.problems: countdown-train, or another teacher"
            )
        return asked

    def traces(self, due: Sequence[Due]) -> Iterator[Completion]:
        """Yield distinct plans, as the embedded model writes them."""
        for one in due:
            plans = self._plans(one.problem)
            for index in one.indices:
                if index < len(plans):
                    # the space is what the embedded tokenizer decodes between prompt and plan
                    yield Completion(one.problem.id, index, f" {plans[index]}", "stop")

    def _plans(self, problem: Problem) -> list[str]:
        found = solutions(tuple(problem.gold["numbers"]), problem.gold["target"])
        # equal numbers make equal texts of different plans
        texts = list(dict.fromkeys(map(written, found)))
        rng = np.random.default_rng(hash_number(f"{self._run_seed}|{problem.id}"))
        return [texts[at] for at in rng.permutation(len(texts))]


def _is_countdown(problem: Problem) -> bool:
    return isinstance(problem.gold, dict) and {"numbers", "target"} <= problem.gold.keys()
