"""Problems as recipes and commands name them: a benchmark, a copy of one, or a user's own set.

`rlvr.tasks.problems` knows benchmarks by name; here a `ProblemSource` becomes one. A user's own set
is a `Benchmark` too, so that everything behind this module treats both alike.
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from rlvr import verifiers
from rlvr.core.errors import UserError
from rlvr.core.hashing import hex_digest
from rlvr.core.records import Problem
from rlvr.tasks import problems
from rlvr.tasks.benchmarks import Benchmark, get, is_known
from rlvr.tasks.benchmarks.own import row_reader
from rlvr.tasks.problem_section import Columns, ProblemSource

__all__ = ["NOTHING_VERIFIED", "benchmark_of", "check", "check_together", "load", "revision_of"]

# templates that ask for an answer in the way that a verifier reads it
_PROMPTS = {"math": "qwen-boxed", "choice": "qwen-boxed", "code": "evalplus"}
_PLAIN = "plain"
# for problems whose questions alone are looked at
NOTHING_VERIFIED = ""
_PER_PROBLEM = 256
_DIGEST_BYTES = 4


def benchmark_of(source: ProblemSource, *, verifier: str | None = None) -> Benchmark:
    """Return what a source is: a benchmark, with the source's own columns, verifier and prompt.

    Args:
        verifier: of a user's own set that names none.

    Raises:
        UserError: if there is no such benchmark and no file or data set of that name is given, or
            an own set has no verifier.
    """
    known = is_known(source.name)
    if known and source.hub_id is not None:
        raise UserError(
            f"{source.name} is a benchmark that comes along; give your own set another name"
        )
    if not known and source.path is None and source.hub_id is None:
        try:
            return get(source.name)
        except UserError as error:
            raise UserError(f"{error}; or give path: or hub_id: for problems of your own") from None
    found = get(source.name) if known else _own(source, source.verifier or verifier)
    if source.columns is not None and known:
        if source.path is None:
            raise UserError(f"{source.name}: columns: needs path:, whose columns they are")
        reader = _reader(source, source.verifier or found.verifier)
        found = replace(found, to_problem=reader, has_own_columns=True, select=None)
    if source.verifier is not None:
        found = replace(found, verifier=source.verifier)
    return found if source.prompt is None else replace(found, prompt=source.prompt)


def check(source: ProblemSource, *, verifier: str | None = None) -> None:
    """Refuse what `load` would refuse, as far as it can be known before anything is read.

    Raises:
        UserError: as `benchmark_of`; a file that is not there, a verifier or prompt of no kind.
    """
    from rlvr.answers import prompts

    benchmark = benchmark_of(source, verifier=verifier)
    problems.check_benchmark(benchmark, path=source.path, revision=source.revision)
    if source.path is not None and source.revision is not None and not is_known(source.name):
        raise UserError(f"{source.name}: revision: belongs to hub_id:, not to a file; remove it")
    if source.files and source.hub_id is None:
        raise UserError(f"{source.name}: files: belongs to hub_id:; remove it")
    if benchmark.verifier != NOTHING_VERIFIED:
        verifiers.check(benchmark.verifier)
    if source.prompt is not None:
        prompts.get(source.prompt)


def check_together(sources: Iterable[ProblemSource], *, verifier: str | None = None) -> None:
    """Refuse training sets that cannot be trained on together.

    Args:
        verifier: `data.verifier`, which then verifies all of them.

    Raises:
        UserError: if two sources have one name, or need different verifiers and none is given.
    """
    listed = list(sources)
    names = [source.name for source in listed]
    if repeated := next((name for name in names if names.count(name) > 1), None):
        raise UserError(f"{repeated} is listed twice; name it once")
    needed = {source.name: benchmark_of(source, verifier=verifier).verifier for source in listed}
    if verifier is None and len(set(needed.values())) > 1:
        pairs = ", ".join(f"{name} by {each}" for name, each in needed.items())
        raise UserError(f"they are verified by different verifiers ({pairs}); write data.verifier")


def load(
    source: ProblemSource, *, verifier: str | None = None, revision: str | None = None
) -> list[Problem]:
    """Return the problems of a source, in the order of its files.

    Args:
        verifier: of a user's own set that names none.
        revision: instead of the source's, as `revision_of` gave it.

    Raises:
        UserError: as `rlvr.tasks.problems.load`.
    """
    at = (revision or "").partition("+")[0] or source.revision
    return problems.load_benchmark(
        benchmark_of(source, verifier=verifier), path=source.path, limit=source.limit, revision=at
    )


def revision_of(source: ProblemSource, *, revision: str | None = None) -> str:
    """Return what identifies a source's problems: file or commit, and the columns read from it.

    Args:
        revision: instead of the source's.
    """
    benchmark = benchmark_of(source, verifier=NOTHING_VERIFIED)
    at = (revision or "").partition("+")[0] or source.revision
    found = problems.revision_of_benchmark(benchmark, path=source.path, revision=at)
    if is_known(source.name) and source.columns is None:
        return found
    return f"{found}+{_digest(_columns(source).model_dump() | {'files': source.files})}"


def _own(source: ProblemSource, verifier: str | None) -> Benchmark:
    if source.path is not None and source.hub_id is not None:
        raise UserError(f"{source.name}: give either path or hub_id, not both")
    if source.hub_id is not None and not source.files:
        raise UserError(
            f"{source.name}: name the files of {source.hub_id} that hold the problems, as in "
            "files: data/test-*"
        )
    if verifier is None:
        raise UserError(
            f"{source.name}: name what verifies its answers, as in verifier: math "
            f"({', '.join(verifiers.NAMES)}, or path/to/file.py:function)"
        )
    return Benchmark(
        source.name,
        verifier,
        _PROMPTS.get(verifier, _PLAIN),
        n=_PER_PROBLEM,
        to_problem=_reader(source, verifier),
        has_own_columns=True,
        hub_id=source.hub_id,
        files=source.files,
    )


def _reader(source: ProblemSource, verifier: str) -> Any:
    folder = source.path.parent if source.path is not None else None
    return row_reader(_columns(source), verifier, folder)


def _columns(source: ProblemSource) -> Columns:
    return source.columns or Columns()


def _digest(value: Any) -> str:
    told = json.dumps(value, sort_keys=True, default=str)
    return hex_digest(told, _DIGEST_BYTES)
