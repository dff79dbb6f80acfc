"""The files of one distillation, in `distill/` of its run directory, and whose traces they are.

`teacher.json` says what the traces depend on. Traces of two teachers, prompts or temperatures are
never mixed: another recipe for the same run is refused with the differences named. How many
problems and how many traces of each may grow.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rlvr.core.damage import read_json
from rlvr.core.errors import UserError
from rlvr.core.files import make_folder, write_atomically, write_json
from rlvr.core.records import Completion, Problem
from rlvr.distill.journal import Journal
from rlvr.runs.run_directory import Run

# (problem id, sample index)
Draw = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Folder:
    """Paths and what lies in them; creating one writes nothing."""

    path: Path

    @classmethod
    def of(cls, run: Run) -> "Folder":
        """Return the distillation folder of a run."""
        return cls(run.path / "distill")

    @property
    def traces(self) -> Journal:
        """One row per trace: problem_id, sample_index, text, finish_reason."""
        return Journal(self.path / "traces.jsonl")

    @property
    def verdicts(self) -> Journal:
        """One row per verdict: problem_id, sample_index, verifier, outcome, answer, reason."""
        return Journal(self.path / "verdicts.jsonl")

    @property
    def selected(self) -> Path:
        """The draws that are trained on, one JSON line each."""
        return self.path / "selected.jsonl"

    @property
    def dropped(self) -> Path:
        """The draws that are not, with the reason."""
        return self.path / "dropped.jsonl"

    @property
    def contaminated(self) -> Path:
        """Training problems too close to a benchmark's, with what they share."""
        return self.path / "contaminated.jsonl"

    @property
    def sft(self) -> Path:
        """The training data."""
        return self.path / "sft.parquet"

    def claim(self, key: Mapping[str, Any]) -> None:
        """Say what the traces depend on, or check that it is what they were made with.

        Raises:
            UserError: if the folder holds traces of another teacher.
        """
        path = self.path / "teacher.json"
        if path.is_file():
            before = read_json(path, dict)
            names = before.keys() | key.keys()
            different = sorted(name for name in names if before.get(name) != key.get(name))
            if different:
                raise UserError(
                    f"{self.path} holds traces that were made otherwise (different: "
                    f"{', '.join(different)}); choose another name=.. or delete that folder"
                )
        make_folder(self.path)
        write_json(path, key)

    def teacher(self) -> dict[str, Any]:
        """Describe what the traces depend on.

        Raises:
            UserError: if there are none.
        """
        path = self.path / "teacher.json"
        if not path.is_file():
            raise UserError(f"{self.path}: no teacher was asked yet; run rlvr distill RECIPE first")
        return read_json(path, dict)

    def write_problems(self, problems: Iterable[Problem]) -> None:
        """Record the problems, so that later stages need neither Hub nor file."""
        write_lines(self.path / "problems.jsonl", map(asdict, problems))

    def problems(self) -> dict[str, Problem]:
        """Return the problems by id, in their order."""
        rows = Journal(self.path / "problems.jsonl").rows()
        found = (Problem(**{**row, "images": tuple(row["images"])}) for row in rows)
        return {problem.id: problem for problem in found}


def trace_row(completion: Completion) -> dict[str, Any]:
    """Build the journal row of a trace."""
    return {
        "problem_id": completion.problem_id,
        "sample_index": completion.sample_index,
        "text": completion.text,
        "finish_reason": completion.finish_reason,
    }


def draw_of(row: Mapping[str, Any]) -> Draw:
    """Return the draw that a row of any of the files is about."""
    return row["problem_id"], row["sample_index"]


def write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write a file of JSON lines atomically."""
    write_atomically(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of such a file.

    Raises:
        UserError: if the stage that writes it has not run.
    """
    if not path.is_file():
        raise UserError(f"{path}: not there yet; run rlvr distill RECIPE without --only first")
    return Journal(path).rows()
