"""Stage `teacher`: ask a teacher for the traces that are not there yet.

A teacher is where traces come from: an exact solver, a model on this machine, an endpoint, or
traces that somebody recorded. Each says what its traces depend on, which problems it is asked, and
yields traces in any order; this module keeps every one as it comes. To add a teacher: one module
with a class that satisfies `Teacher`, one section in `rlvr.recipes.distill_section`, one case in
`of`.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import cast

from rlvr.core import plugins
from rlvr.core.errors import UserError
from rlvr.core.progress import stage
from rlvr.core.records import Problem
from rlvr.distill.folder import Folder, trace_row
from rlvr.distill.teachers.protocol import Due, Teacher, section_of
from rlvr.recipes.distill_section import (
    TEACHER_TYPES,
    EndpointTeacher,
    ModelTeacher,
    PackageTeacher,
    SolverTeacher,
)
from rlvr.recipes.recipe import Recipe


def of(recipe: Recipe) -> Teacher:
    """Return the teacher that the recipe names."""
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
        case PackageTeacher() as settings:
            return _of_package(recipe, settings)
        case settings:
            from rlvr.distill.teachers.recorded import RecordedTraces

            return RecordedTraces(recipe, settings)


def _of_package(recipe: Recipe, settings: PackageTeacher) -> Teacher:
    """Call what a package registers: recipe and the teacher's own keys -> a `Teacher`."""
    point = plugins.find("rlvr.teachers", settings.type, TEACHER_TYPES)
    if point is None:
        raise UserError(f"distill.teacher: no installed package has a teacher '{settings.type}'")
    factory = plugins.load(point)
    try:
        made = factory(recipe, dict(settings.options))
    except UserError:
        raise
    except Exception as error:
        raise plugins.broken(point, f"{type(error).__name__}: {error}") from error
    lacking = [name for name in ("key", "problems", "traces") if not hasattr(made, name)]
    if lacking:
        raise plugins.broken(point, f"a teacher has key, problems and traces; it lacks {lacking}")
    return cast(Teacher, made)


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
    """List the traces that are asked for and missing."""
    found = []
    for problem in problems:
        known = there.get(problem.id, set())
        indices = tuple(index for index in range(per_problem) if index not in known)
        if indices:
            found.append(Due(problem, indices))
    return found
