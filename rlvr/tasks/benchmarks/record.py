"""What is known of a benchmark: where it lies, what its rows mean, how it is measured."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rlvr.core.records import Problem

Row = Mapping[str, Any]


class LeftOut(Exception):
    """A row that belongs to the set and cannot be verified here; the message says why.

    Such rows are counted and told of, unlike those that are not part of the set.
    """


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One set of problems, for evaluation or for training.

    Attributes:
        to_problem: benchmark's name, row, its index -> Problem; None for a row that is not part of
            the set, LeftOut raised for one that cannot be verified. The same function reads the
            Hub's files and a local copy.
        verifier: name in `rlvr.verifiers`.
        prompt: name in `rlvr.answers.prompts`, used where a recipe names none.
        n: completions per problem, where an evaluation names no other number.
        rows: problems as published; a full load that finds another number warns.
        hub_id: dataset repository on the Hub.
        files: patterns of the files that hold them.
        revision: commit of the Hub repository; None where none was looked up: then the one that
            the Hub resolves is recorded (`rlvr.tasks.problems.revision_of`).
        url, sha256: for a file that lies outside the Hub, instead of `hub_id`.
        select: picks the set out of all problems of the files, e.g. one half of a split.
        has_own_columns: the user has named the columns, families among them.
        generate: for sets that are made and not downloaded: how many at most -> problems.
    """

    name: str
    verifier: str
    prompt: str
    n: int
    rows: int | None = None
    to_problem: Callable[[str, Row, int], Problem | None] | None = None
    hub_id: str | None = None
    files: tuple[str, ...] = ()
    revision: str | None = None
    url: str | None = None
    sha256: str | None = None
    select: Callable[[list[Problem]], list[Problem]] | None = None
    has_own_columns: bool = False
    generate: Callable[[int | None], list[Problem]] | None = None
