"""Rows of a file with the line that each stands on, and the faults found on the way.

Unlike the loader of benchmarks (`rlvr.tasks.datafiles`), which stops at the first broken line, this
goes on to the end, so that a file is corrected once.
"""

from collections.abc import Iterator
from pathlib import Path

from rlvr.core import reading
from rlvr.core.errors import UserError, summarized
from rlvr.core.reading import Row

__all__ = ["Fault", "Faults", "Row", "read"]


class Fault(Exception):
    """What is wrong with one row."""


class Faults:
    """Collects what is wrong, to be told all at once."""

    def __init__(self) -> None:
        self._found: list[tuple[str, str]] = []

    def add(self, where: str, what: object) -> None:
        """Note a fault."""
        self._found.append((where, str(what)))

    def __len__(self) -> int:
        return len(self._found)

    def raise_if_any(self) -> None:
        """Refuse everything if there is a fault.

        Raises:
            UserError: naming the faults, equal ones once, and how many more there are.
        """
        if self._found:
            raise UserError("nothing was imported:\n" + "\n".join(summarized(self._found)))


def read(file: Path, faults: Faults) -> Iterator[Row]:
    """Yield the rows of a table; lines that cannot be read become faults.

    A value that is null, or an empty cell of a .csv file, counts as not given.
    """
    empty = (None, "") if file.suffix == ".csv" else (None,)
    for row in reading.rows(file, faults.add):
        given = {name: value for name, value in row.values.items() if value not in empty}
        yield Row(row.where, given)
