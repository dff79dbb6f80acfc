"""Stage `teacher`: ask a teacher for the traces that are not there yet.

A teacher is where traces come from: an exact solver, a model on this machine, an endpoint, or
traces that somebody recorded. Each says what its traces depend on, which problems it is asked, and
yields traces in any order; this module keeps every one as it comes. To add a teacher: one module
with a class that satisfies `Teacher`, one section in `rlvr.recipes.distill_section`, one case in
`of`.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from rlvr import verifiers
from rlvr.answers import attempts
from rlvr.answers.attempts import Ends
from rlvr.core.errors import UserError
from rlvr.core.progress import stage
from rlvr.core.records import Completion, Problem
from rlvr.distill.folder import Folder, trace_row
from rlvr.recipes.distill_section import Distill, EndpointTeacher, ModelTeacher, SolverTeacher
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
        """Everything that decides what trace i of a problem is."""
        ...

    def problems(self) -> list[Problem]:
        """What it is asked, in order."""
        ...

    def traces(self, due: Sequence[Due]) -> Iterator[Completion]:
        """The traces asked for, in any order; fewer where there are no more.

        Raises:
            UserError: if it cannot go on; what was yielded until then is kept.
        """
        ...


def of(recipe: Recipe) -> Teacher:
    """The teacher that the recipe names."""
    section = section_of(recipe)
    match section.teacher:
        case SolverTeacher():
            from rlvr.distill.teachers.solver import CountdownSolver

            return CountdownSolver(recipe)
        case ModelTeacher() as settings:
            from rlvr.distill.teachers.local import LocalModel

            return LocalModel(recipe, settings)
        case EndpointTeacher() as settings:
            from rlvr.distill.teachers.endpoint import Endpoint

            return Endpoint(recipe, settings)
        case settings:
            from rlvr.distill.teachers.recorded import RecordedTraces

            return RecordedTraces(recipe, settings)


def collect(recipe: Recipe, folder: Folder) -> int:
    """Bring the traces to the number that the recipe asks for; how many are there then.

    Raises:
        UserError: if problems, model or endpoint cannot be had, or other traces are in the folder.
    """
    teacher = of(recipe)
    folder.claim(teacher.key())
    with folder.traces as journal:
        there: dict[str, set[int]] = defaultdict(set)
        for row in journal.rows():
            there[row["problem_id"]].add(row["sample_index"])
        problems = teacher.problems()
        folder.write_problems(problems)
        due = missing(problems, there, section_of(recipe).traces_per_problem)
        wanted = sum(len(one.indices) for one in due)
        if wanted:
            with stage("ask the teacher", wanted) as bar:
                for completion in teacher.traces(due):
                    journal.append(trace_row(completion))
                    there[completion.problem_id].add(completion.sample_index)
                    bar.advance()
    return sum(map(len, there.values()))


def missing(
    problems: Sequence[Problem], there: Mapping[str, set[int]], per_problem: int
) -> list[Due]:
    """What is asked for and not there."""
    found = []
    for problem in problems:
        known = there.get(problem.id, set())
        indices = tuple(index for index in range(per_problem) if index not in known)
        if indices:
            found.append(Due(problem, indices))
    return found


def asked_problems(recipe: Recipe) -> list[Problem]:
    """The problems of `data.problems`."""
    return [
        problem
        for source in recipe.data.problems
        for problem in problem_sources.load(source, verifier=recipe.data.verifier)
    ]


def asked_revisions(recipe: Recipe) -> dict[str, str]:
    """What identifies the problems of `data.problems`, by name."""
    return {source.name: problem_sources.revision_of(source) for source in recipe.data.problems}


def section_of(recipe: Recipe) -> Distill:
    """The recipe's `distill:`.

    Raises:
        UserError: if it has none.
    """
    if recipe.distill is None:
        raise UserError(
            f"recipe {recipe.name} has no distill: section; see recipes/quickstart/distill.yaml"
        )
    return recipe.distill


def student_prompt(recipe: Recipe) -> str:
    """The template under which the student is trained, and the teacher asked unless it has one."""
    return recipe.data.prompt or _asked_benchmark(recipe).prompt


def _asked_benchmark(recipe: Recipe) -> Benchmark:
    return problem_sources.benchmark_of(recipe.data.problems[0], verifier=recipe.data.verifier)


def teacher_prompt(recipe: Recipe) -> str:
    """The template under which traces are read."""
    teacher = section_of(recipe).teacher
    own = teacher.prompt if isinstance(teacher, ModelTeacher | EndpointTeacher) else None
    return own or student_prompt(recipe)


def verifier_name(recipe: Recipe) -> str:
    """The verifier that traces must satisfy."""
    return recipe.data.verifier or _asked_benchmark(recipe).verifier


def verdict_version(recipe: Recipe) -> str:
    """The name under which verdicts on its traces are stored."""
    version = verifiers.get(verifier_name(recipe)).version
    return attempts.verdict_version(version, Ends(teacher_prompt(recipe)))
