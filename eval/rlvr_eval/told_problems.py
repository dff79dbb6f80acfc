"""Problems, written beside a run when it is evaluated.

So reports can show them and stored completions can be verified again without the Hub, the local
file or the model: `<run>/problems/<benchmark>-<revision>.json`, by problem id. Files of earlier
versions hold question and gold alone; evaluating the run again completes them.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rlvr.errors import UserError
from rlvr.files import write_json
from rlvr.records import Problem
from rlvr.runs import Run

_REVISION_LENGTH = 12


def remember(run: Run, benchmark: str, revision: str, problems: Iterable[Problem]) -> None:
    """Write problems down, beside those of the same benchmark that are there already."""
    path = _path(run, benchmark, revision)
    path.parent.mkdir(parents=True, exist_ok=True)
    told = json.loads(path.read_text()) if path.is_file() else {}
    known = told | {problem.id: _row(problem) for problem in problems}
    if known != told:
        write_json(path, known)


def recall(run: Run, benchmark: str, revision: str) -> dict[str, Problem]:
    """The problems of a benchmark by id.

    Raises:
        UserError: if they are not there.
    """
    path = _path(run, benchmark, revision)
    if not path.is_file():
        raise UserError(f"{path} is missing; run: rlvr eval {run.path}, which writes it again")
    return _read(path)


def recall_all(run: Run) -> dict[str, Problem]:
    """Every problem that was written down for a run, by id."""
    found: dict[str, Problem] = {}
    for path in sorted((run.path / "problems").glob("*.json")):
        found |= _read(path)
    return found


def _read(path: Path) -> dict[str, Problem]:
    told = json.loads(path.read_text())
    return {id: _problem(id, row) for id, row in told.items()}


def _row(problem: Problem) -> dict[str, Any]:
    """All of a problem but its id, as JSON gives it back."""
    row = {**asdict(problem), "images": list(problem.images)}
    del row["id"]
    return row


def _problem(id: str, row: dict[str, Any]) -> Problem:
    return Problem(id=id, **{**row, "images": tuple(row.get("images", ()))})


def _path(run: Run, benchmark: str, revision: str) -> Path:
    name = re.sub(r"[^A-Za-z0-9.+_-]", "_", f"{benchmark}-{revision[:_REVISION_LENGTH]}")
    return run.path / "problems" / f"{name}.json"
