"""Problems, written beside a run when it is evaluated.

So reports can show them and stored completions can be verified again without the Hub, the local
file or the model: `<run>/problems/<benchmark>-<revision>.json`, by problem id. Files of earlier
versions hold question and gold alone; evaluating the run again completes them.
"""

import re
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rlvr.core.damage import Damaged, read_json
from rlvr.core.errors import UserError
from rlvr.core.files import make_folder, write_json
from rlvr.core.records import Problem
from rlvr.runs.run_directory import Run

_REVISION_LENGTH = 12


def remember(run: Run, benchmark: str, revision: str, problems: Iterable[Problem]) -> None:
    """Write problems down, beside those of the same benchmark that are there already."""
    path = _path(run, benchmark, revision)
    make_folder(path.parent)
    told = {id: _row(problem) for id, problem in _read(run, path).items()}
    known = told | {problem.id: _row(problem) for problem in problems}
    if known != told or not path.is_file():
        write_json(path, known)


def recall(run: Run, benchmark: str, revision: str) -> dict[str, Problem]:
    """Return the problems of a benchmark by id.

    Raises:
        UserError: if they are not there.
    """
    path = _path(run, benchmark, revision)
    if not (found := _read(run, path)):
        raise UserError(f"{path} is missing; run: rlvr eval {run.path}, which writes it again")
    return found


def recall_all(run: Run) -> dict[str, Problem]:
    """Return every problem that was written down for a run, by id."""
    found: dict[str, Problem] = {}
    for path in sorted((run.path / "problems").glob("*.json")):
        found |= _read(run, path)
    return found


def _read(run: Run, path: Path) -> dict[str, Problem]:
    """Read the problems in a file; empty where it is missing, or damaged and set aside."""
    try:
        return {id: _problem(path, id, row) for id, row in read_json(path, dict).items()}
    except FileNotFoundError:
        return {}
    except Damaged as error:
        told = f"damaged ({error.reason}); rlvr eval {run.path} writes it again"
        run.set_aside(path, told)
        return {}


def _row(problem: Problem) -> dict[str, Any]:
    """Return all of a problem but its id, in types that JSON preserves."""
    row = {**asdict(problem), "images": list(problem.images)}
    del row["id"]
    return row


def _problem(path: Path, id: str, row: Any) -> Problem:
    try:
        found = Problem(id=id, **{**row, "images": tuple(row.get("images", ()))})
    except (TypeError, AttributeError):
        raise Damaged(path, f"no question and gold of {id}") from None
    if not isinstance(found.question, str):
        raise Damaged(path, f"the question of {id} is not text")
    return found


def _path(run: Run, benchmark: str, revision: str) -> Path:
    read_from, plus, columns = revision.partition("+")
    short = f"{read_from[:_REVISION_LENGTH]}{plus}{columns}"
    name = re.sub(r"[^A-Za-z0-9.+_-]", "_", f"{benchmark}-{short}")
    return run.path / "problems" / f"{name}.json"
