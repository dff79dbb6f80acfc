"""Rows of a file with the line that each stands on, and the faults found on the way.

Unlike the loader of benchmarks (`rlvr.datafiles`), which stops at the first broken line, this goes
on to the end, so that a file is corrected once.
"""

import csv
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rlvr.errors import UserError

_SHOWN_FAULTS = 20


class Row(NamedTuple):
    """One row, and where it stands: "results.csv, line 7"."""

    where: str
    values: Mapping[str, Any]


class Fault(Exception):
    """What is wrong with one row."""


class Faults:
    """Collects what is wrong, to be told all at once."""

    def __init__(self) -> None:
        self._found: list[str] = []

    def add(self, where: str, what: object) -> None:
        """Note a fault."""
        self._found.append(f"{where}: {what}")

    def __bool__(self) -> bool:
        return bool(self._found)

    def raise_if_any(self) -> None:
        """Refuse everything if there is a fault.

        Raises:
            UserError: naming the first faults, and how many more there are.
        """
        if self._found:
            more = len(self._found) - _SHOWN_FAULTS
            lines = self._found[:_SHOWN_FAULTS] + ([f"and {more} more"] if more > 0 else [])
            raise UserError("nothing was imported:\n" + "\n".join(lines))


def read(file: Path, faults: Faults) -> Iterator[Row]:
    """The rows of a .csv, .jsonl or .parquet file; lines that cannot be read become faults."""
    readers = {".csv": _csv, ".jsonl": _jsonl, ".parquet": _parquet}
    if file.suffix not in readers:
        faults.add(str(file), f"cannot read '{file.suffix}'; give one of {', '.join(readers)}")
    elif not file.is_file():
        faults.add(str(file), "no such file")
    else:
        yield from readers[file.suffix](file, faults)


def _jsonl(file: Path, faults: Faults) -> Iterator[Row]:
    for number, line in enumerate(file.read_bytes().split(b"\n"), start=1):
        if not line.strip():
            continue
        where = f"{file}, line {number}"
        try:
            values = json.loads(line)
        except (ValueError, RecursionError) as error:
            faults.add(where, f"not JSON ({error})")
            continue
        if isinstance(values, dict):
            yield Row(where, values)
        else:
            faults.add(where, f"expected an object {{..}}, found {type(values).__name__}")


def _csv(file: Path, faults: Faults) -> Iterator[Row]:
    csv.field_size_limit(sys.maxsize)
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines, strict=True)
            for values in reader:
                where = f"{file}, line {reader.line_num}"
                if None in values or None in values.values():
                    faults.add(where, "another number of values than the header has")
                else:
                    # an empty cell is a value that is not given
                    yield Row(where, {name: value for name, value in values.items() if value})
    except (csv.Error, UnicodeDecodeError) as error:
        faults.add(str(file), f"not a CSV file ({error})")


def _parquet(file: Path, faults: Faults) -> Iterator[Row]:
    from pyarrow import ArrowException, parquet

    try:
        table = parquet.read_table(file)
    except (ArrowException, OSError) as error:
        faults.add(str(file), f"not a Parquet file ({str(error).splitlines()[0]})")
        return
    for number, values in enumerate(table.to_pylist(), start=1):
        present = {name: value for name, value in values.items() if value is not None}
        yield Row(f"{file}, row {number}", present)
