"""Traces that exist already, in a file or a data set on the Hub, as a teacher.

They bring their own problems: question and gold answer are columns. Rows with the same question are
one problem, so that "at most m per problem" holds where a data set has one row per trace. Whatever
verdicts a data set carries are not trusted; its traces are verified like any others.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from rlvr.core.errors import UserError
from rlvr.core.hashing import hex_digest
from rlvr.core.records import Completion, Problem
from rlvr.distill.decontamination import words
from rlvr.distill.teachers.protocol import Due
from rlvr.recipes.distill_section import RecordedTeacher
from rlvr.recipes.recipe import Recipe
from rlvr.tasks import datafiles
from rlvr.tasks.benchmarks.record import Benchmark


class RecordedTraces:
    """A `Teacher` that reads its rows once for the problems and once for the traces.

    Columns `kind` and `family`, where there are any, are those of the problems.
    """

    def __init__(self, recipe: Recipe, settings: RecordedTeacher) -> None:
        self._settings = settings
        self._name = settings.path.stem if settings.path else str(settings.hub_id)

    def key(self) -> Mapping[str, Any]:
        """Identify the file by its bytes or the data set by its commit, with its columns."""
        settings = self._settings
        columns = (settings.question, settings.completion, settings.gold)
        return {
            "teacher": f"traces:{settings.path or settings.hub_id}",
            "revision": self._revision(),
            "files": list(settings.files) if settings.hub_id else [],
            "columns": list(columns),
        }

    def problems(self) -> list[Problem]:
        """Return one problem per distinct question, with the gold of its first row."""
        found: dict[str, Problem] = {}
        for row in self._rows():
            question = str(row[self._settings.question])
            name = self._problem_id(question)
            if name not in found:
                found[name] = Problem(
                    name,
                    question,
                    row[self._settings.gold],
                    kind=str(row.get("kind") or ""),
                    family=str(row.get("family") or ""),
                )
        return list(found.values())

    def traces(self, due: Sequence[Due]) -> Iterator[Completion]:
        """Yield traces; those of one question are numbered in the order of the rows."""
        wanted = {one.problem.id: set(one.indices) for one in due}
        seen: dict[str, int] = {}
        for row in self._rows():
            name = self._problem_id(str(row[self._settings.question]))
            completions = row[self._settings.completion]
            listed = completions if isinstance(completions, list) else [completions]
            for text in filter(None, listed):
                index = seen[name] = seen.get(name, -1) + 1
                if index in wanted.get(name, ()):
                    yield Completion(name, index, str(text), "stop")

    def _problem_id(self, question: str) -> str:
        text = " ".join(words(question)) or question
        return f"{self._name}/{hex_digest(text, 8)}"

    def _rows(self) -> Iterator[datafiles.Row]:
        rows = (row for file in self._files for row in datafiles.rows(file))
        for at, row in enumerate(islice(rows, self._settings.limit)):
            self._check_columns(row, at)
            if row[self._settings.gold] is not None:
                yield row

    def _check_columns(self, row: datafiles.Row, at: int) -> None:
        settings = self._settings
        for option in ("question", "completion", "gold"):
            column = getattr(settings, option)
            if column not in row:
                raise UserError(
                    f"{self._name}, row {at + 1}: no column '{column}'; name one of "
                    f"{', '.join(row)} as distill.teacher.{option}"
                )

    @cached_property
    def _files(self) -> list[Path]:
        if self._settings.path is not None:
            return [self._settings.path]
        return datafiles.fetch(self._data_set(), self._settings.revision)

    def _revision(self) -> str:
        if self._settings.path is not None:
            return datafiles.file_hash(self._settings.path)
        return datafiles.resolve(self._data_set(), self._settings.revision)

    def _data_set(self) -> Benchmark:
        """Describe the data set as a benchmark, so that it is found and cached as one."""
        return Benchmark(
            self._name,
            verifier="",
            prompt="",
            n=1,
            hub_id=self._settings.hub_id,
            files=self._settings.files,
        )
