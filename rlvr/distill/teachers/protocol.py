"""What a teacher is, and what of a recipe it is asked by."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from rlvr import verifiers
from rlvr.answers import attempts
from rlvr.answers.attempts import Ends
from rlvr.core.errors import UserError
from rlvr.core.records import Completion, Problem
from rlvr.recipes.distill_section import Distill, EndpointTeacher, ModelTeacher
from rlvr.recipes.recipe import Recipe
from rlvr.tasks import problem_sources
from rlvr.tasks.benchmarks import Benchmark


@dataclass(frozen=True, slots=True)
class Due:
    """A problem, and the sample indices that are asked for, ascending."""

    problem: Problem
    indices: tuple[int, ...]


class Teacher(Protocol):
    """What the stage needs of a teacher."""

    def key(self) -> Mapping[str, Any]:
        """Return everything that decides what trace i of a problem is."""
        ...

    def problems(self) -> list[Problem]:
        """Return the problems that the teacher is asked, in order."""
        ...

    def traces(self, due: Sequence[Due]) -> Iterator[Completion]:
        """Yield the requested traces, in any order; fewer where there are no more.

        Raises:
            UserError: if it cannot go on; what was yielded until then is kept.
        """
        ...


def asked_problems(recipe: Recipe) -> list[Problem]:
    """Load the problems of `data.problems`."""
    return [
        problem
        for source in recipe.data.problems
        for problem in problem_sources.load(source, verifier=recipe.data.verifier)
    ]


def asked_revisions(recipe: Recipe) -> dict[str, str]:
    """Identify the problems of `data.problems`, by name."""
    return {source.name: problem_sources.revision_of(source) for source in recipe.data.problems}


def section_of(recipe: Recipe) -> Distill:
    """Return the recipe's `distill:` section.

    Raises:
        UserError: if it has none.
    """
    if recipe.distill is None:
        raise UserError(
            f"recipe {recipe.name} has no distill: section; see recipes/quickstart/distill.yaml"
        )
    return recipe.distill


def student_prompt(recipe: Recipe) -> str:
    """Return the student's template, which the teacher gets too unless it has its own."""
    return recipe.data.prompt or _asked_benchmark(recipe).prompt


def teacher_prompt(recipe: Recipe) -> str:
    """Return the template under which traces are read."""
    teacher = section_of(recipe).teacher
    own = teacher.prompt if isinstance(teacher, ModelTeacher | EndpointTeacher) else None
    return own or student_prompt(recipe)


def verifier_name(recipe: Recipe) -> str:
    """Return the name of the verifier that traces must satisfy."""
    return recipe.data.verifier or _asked_benchmark(recipe).verifier


def verdict_version(recipe: Recipe) -> str:
    """Return the name under which verdicts on the traces are stored."""
    version = verifiers.get(verifier_name(recipe)).version
    return attempts.verdict_version(version, Ends(teacher_prompt(recipe)))


def _asked_benchmark(recipe: Recipe) -> Benchmark:
    return problem_sources.benchmark_of(recipe.data.problems[0], verifier=recipe.data.verifier)
