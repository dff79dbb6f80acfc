"""Problems by benchmark name: from the Hub, or from a local file through the same code.

`load("math500")` fetches the pinned files once and reads the cache afterwards;
`load("math500", path="math500.jsonl")` reads a local copy through the same row -> Problem function;
a column `family` in it says which problems are variants of one.
With HF_HUB_OFFLINE=1 only the cache is read. A Hub that cannot be reached is reported in one line
within seconds.

What a benchmark is lies in `rlvr.tasks.benchmarks`; how files are found and read, in
`rlvr.tasks.datafiles`.
"""

import logging
from collections import Counter
from dataclasses import replace
from pathlib import Path

from rlvr.core.errors import UserError
from rlvr.core.records import Problem
from rlvr.tasks import datafiles
from rlvr.tasks.benchmarks import NAMES, Benchmark, get
from rlvr.tasks.benchmarks.record import LeftOut
from rlvr.verifiers import golds
from rlvr.verifiers.reasoning_gym_tasks import check_reasoning_gym_task, reasoning_gym_version

__all__ = ["NAMES", "Benchmark", "check", "get", "load", "revision_of"]

logger = logging.getLogger(__name__)


_REASONING_GYM = "reasoning_gym:"


def check(name: str, *, path: str | Path | None = None, revision: str | None = None) -> None:
    """Refuse what `load` would refuse, as far as it can be known before anything is read.

    Raises:
        UserError: unknown name, a file that is not there, a revision that cannot be chosen.
    """
    check_benchmark(get(name), path=path, revision=revision)


def check_benchmark(
    benchmark: Benchmark, *, path: str | Path | None = None, revision: str | None = None
) -> None:
    """Check as `check` does, for a benchmark that is not in the registry."""
    if benchmark.generate is not None:
        _refuse_path(benchmark.name, path)
        if benchmark.name.startswith(_REASONING_GYM):
            check_reasoning_gym_task(benchmark.name.removeprefix(_REASONING_GYM))
    elif path is not None:
        datafiles.check(Path(path))
    else:
        datafiles.check_revision(benchmark, revision)


def load(
    name: str,
    *,
    path: str | Path | None = None,
    limit: int | None = None,
    revision: str | None = None,
) -> list[Problem]:
    """Load the problems of a benchmark, in the order of its files.

    Args:
        path: .jsonl, .json, .parquet or .csv file to read instead of the Hub's.
        limit: the first so many problems.
        revision: commit, tag or branch of the Hub repository instead of the pinned one.

    Raises:
        UserError: unknown name, unreadable file, a row that does not fit, unreachable Hub.
    """
    return load_benchmark(get(name), path=path, limit=limit, revision=revision)


def load_benchmark(
    benchmark: Benchmark,
    *,
    path: str | Path | None = None,
    limit: int | None = None,
    revision: str | None = None,
) -> list[Problem]:
    """Load as `load` does, for a benchmark that is not in the registry."""
    if limit is not None and limit < 1:
        raise UserError(f"limit: {limit} problems; expected at least 1, or none for all")
    if benchmark.generate is not None:
        _refuse_path(benchmark.name, path)
        return benchmark.generate(limit)
    files = [Path(path)] if path is not None else datafiles.fetch(benchmark, revision)
    problems = _problems(benchmark, files)
    if path is None and benchmark.rows not in (None, len(problems)):
        logger.warning(
            "%s: %d problems, %d are published", benchmark.name, len(problems), benchmark.rows
        )
    return problems[:limit]


def revision_of(name: str, *, path: str | Path | None = None, revision: str | None = None) -> str:
    """Identify the problems that `load` returns for the same arguments.

    The commit of the Hub repository, the hash of a local file's bytes, or the version of what
    generates them. Draws of different revisions are never pooled.
    """
    return revision_of_benchmark(get(name), path=path, revision=revision)


def revision_of_benchmark(
    benchmark: Benchmark, *, path: str | Path | None = None, revision: str | None = None
) -> str:
    """Identify as `revision_of` does, for a benchmark that is not in the registry."""
    if path is not None:
        return datafiles.file_hash(Path(path))
    if benchmark.name.startswith(_REASONING_GYM):
        return reasoning_gym_version()
    if benchmark.generate is not None:
        return benchmark.revision or "embedded"
    return datafiles.resolve(benchmark, revision)


def _refuse_path(name: str, path: str | Path | None) -> None:
    if path is not None:
        raise UserError(f"{name} is generated and reads no file; leave out path: {path}")


def _problems(benchmark: Benchmark, files: list[Path]) -> list[Problem]:
    assert benchmark.to_problem is not None
    problems = []
    left_out: Counter[str] = Counter()
    rows = ((file, row) for file in files for row in datafiles.rows(file))
    for index, (file, row) in enumerate(rows):
        try:
            problem = benchmark.to_problem(benchmark.name, row, index)
        except LeftOut as row_fault:
            left_out[str(row_fault)] += 1
            continue
        except (KeyError, TypeError, IndexError, ValueError, AttributeError) as error:
            raise UserError(_misfit(benchmark, file, index, row, error)) from error
        if problem is not None:
            if fault := _fault(problem, benchmark.verifier):
                raise UserError(_misfit(benchmark, file, index, row, ValueError(fault)))
            family = row.get("family")
            is_told = family is None or benchmark.has_own_columns
            problems.append(problem if is_told else replace(problem, family=str(family)))
    for reason, count in left_out.items():
        total = len(problems) + left_out.total()
        logger.warning("%s: %d of %d left out: %s", benchmark.name, count, total, reason)
    if not problems:
        raise UserError(f"{benchmark.name}: there is no problem in {', '.join(map(str, files))}")
    problems = _with_unique_ids(problems)
    return benchmark.select(problems) if benchmark.select else problems


def _fault(problem: Problem, verifier: str) -> str | None:
    """Describe what is wrong with a problem built from a row's values, whatever their types."""
    if not isinstance(problem.question, str) or not problem.question.strip():
        return f"expected a question as text, found {problem.question!r:.60}"
    if not isinstance(problem.kind, str):
        return f"expected its kind as text, found {problem.kind!r:.60}"
    return golds.fault(verifier, problem.gold)


def _misfit(
    benchmark: Benchmark, file: Path, index: int, row: datafiles.Row, error: Exception
) -> str:
    wanted = f"no column {error}" if isinstance(error, KeyError) else str(error)
    remedy = (
        "Name its columns, as in columns: {question: problem, gold: answer}"
        if benchmark.has_own_columns
        else f"Give a file with the columns of {benchmark.hub_id or benchmark.url}"
    )
    return (
        f"{file.name}, row {index}: not a row of {benchmark.name}: {wanted}; "
        f"it has {', '.join(map(str, row))}. {remedy}"
    )


def _with_unique_ids(problems: list[Problem]) -> list[Problem]:
    """Append a number to repeated ids, so that two rows of one problem stay two problems."""
    seen: dict[str, int] = {}
    unique = []
    for problem in problems:
        count = seen[problem.id] = seen.get(problem.id, 0) + 1
        if count > 1:
            problem = replace(problem, id=f"{problem.id}#{count}")
        unique.append(problem)
    return unique
