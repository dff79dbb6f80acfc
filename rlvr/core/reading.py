"""The one reader of files that users write: UTF-8, JSON, JSON lines, CSV, Parquet and YAML.

Every fault is a text of one line with the place where it stands. `rows` tells each to its caller,
who stops at the first or collects them; the other functions raise `UserError`. What is read here is
safe to write again: text can be encoded (no lone surrogates), nesting is bounded, and no key stands
twice in YAML.
"""

import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from rlvr.core.errors import UserError

TABLES = (".jsonl", ".json", ".csv", ".parquet")
_DEEPEST = 64
_MOST_YAML_VALUES = 100_000
_BATCH_ROWS = 1024
_HALF_A_PAIR = "holds half a surrogate pair (\\ud800 to \\udfff), which is not a character"

OnFault = Callable[[str, str], None]


class Row(NamedTuple):
    """One row of a table, and where it stands: "results.csv, line 7"."""

    where: str
    values: Mapping[str, Any]


class NotReadable(ValueError):
    """What is wrong with a text, in one line, without its place."""


def rows(file: Path, on_fault: OnFault) -> Iterator[Row]:
    """Yield the rows of a .jsonl, .json (a list), .csv or .parquet file.

    Args:
        on_fault: called with (place, fault) for the file, or for each row that cannot be read.
    """
    readers = {".jsonl": _jsonl, ".json": _json, ".csv": _csv, ".parquet": _parquet}
    if fault := table_fault(file):
        on_fault(str(file), fault)
        return
    try:
        yield from readers[file.suffix](file, on_fault)
    except OSError as error:
        on_fault(str(file), f"cannot be read ({error.strerror or error})")


def table_fault(file: Path) -> str | None:
    """Say why `rows` could not read a file, without opening it; None if it could."""
    if file.suffix not in TABLES:
        ending = f"'{file.suffix}'" if file.suffix else "a file without an ending"
        return f"cannot read {ending}; give one of {', '.join(TABLES)}"
    if not file.is_file():
        return f"no such file; check path:, relative to {Path.cwd()}"
    return None


def text(file: Path) -> str:
    """Read a UTF-8 file, with or without a byte order mark.

    Raises:
        UserError: naming the line that is not UTF-8, or why the file cannot be read.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UserError(f"{file}: cannot be read ({error.strerror or error})") from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(f"{file}, line {line}: not UTF-8; save the file as UTF-8") from None


def lines(content: str) -> list[str]:
    """Split at line feeds alone: U+2028 and its like may stand inside JSON strings."""
    return [line.removesuffix("\r") for line in content.split("\n")]


def json_value(content: str | bytes) -> Any:
    """Parse JSON.

    Raises:
        NotReadable: if it is not UTF-8 or not JSON, is nested too deeply, has a key twice, or holds
            half a surrogate pair, which no file could be written with.
    """
    try:
        written = content.decode("utf-8-sig") if isinstance(content, bytes) else content
        value = json.loads(written, object_pairs_hook=_with_each_key_once)
    except UnicodeDecodeError:
        raise NotReadable("not UTF-8; save the file as UTF-8") from None
    except RecursionError:
        raise NotReadable(_too_deep()) from None
    except ValueError as error:
        raise NotReadable(f"not JSON ({error})") from None
    if written.count("[") + written.count("{") > _DEEPEST and _depth_exceeds(value, _DEEPEST):
        raise NotReadable(_too_deep())
    if "\\ud" in written.lower() or not _is_encodable(written):
        _refuse_surrogates(value)
    return value


def _with_each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for at, key in enumerate(keys) if key in keys[:at])
        raise NotReadable(f"key {twice!r:.60} stands there twice; leave one of them out")
    return found


def json_object(content: str | bytes) -> dict[str, Any]:
    """Parse a JSON object.

    Raises:
        NotReadable: as `json_value`, and if it is no object.
    """
    value = json_value(content)
    if not isinstance(value, dict):
        raise NotReadable(f"expected an object {{..}}, found {_kind(value)}")
    return value


def json_object_file(file: Path) -> dict[str, Any]:
    """Read a file that holds one JSON object.

    Raises:
        UserError: naming the file, if it cannot be read or holds none.
    """
    try:
        return json_object(text(file))
    except NotReadable as fault:
        raise UserError(f"{file}: {fault}") from None


def yaml_mapping(file: Path) -> dict[str, Any]:
    """Read a YAML file that holds one mapping.

    Raises:
        UserError: if it cannot be read, is not YAML, repeats a key, has a key that is no text, or
            grows out of bounds by aliases.
    """
    try:
        value = yaml_value(text(file))
    except NotReadable as fault:
        raise UserError(f"{file}: {fault}") from None
    if not isinstance(value, dict):
        raise UserError(f"{file}: expected a mapping of keys, found {_kind(value)}")
    return value


def yaml_value(content: str) -> Any:
    """Parse YAML.

    Raises:
        NotReadable: in one line, as `yaml_mapping` says.
    """
    try:
        value = yaml.load(content, _UniqueTextKeys)
        _refuse_strange(value)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f" in line {mark.line + 1}" if mark else ""
        raise NotReadable(f"not valid YAML{place}: {_one_line(error.problem or error)}") from None
    except yaml.YAMLError as error:
        raise NotReadable(f"not valid YAML: {_one_line(error)}") from None
    except RecursionError:
        raise NotReadable(_too_deep()) from None
    except NotReadable:
        raise
    except (ValueError, OverflowError) as error:  # a date or a number that cannot be
        raise NotReadable(f"not valid YAML: {_one_line(error)}") from None
    return value


class _UniqueTextKeys(yaml.SafeLoader):
    """YAML's safe loader, which would take the last of two equal keys without a word."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                continue
            if key.tag != "tag:yaml.org,2002:str":
                written = getattr(key, "value", "")
                shown = written if isinstance(written, str) else "a list or mapping"
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {shown} is not text; put it in quotes", key.start_mark
                )
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key '{key.value}' stands twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _jsonl(file: Path, on_fault: OnFault) -> Iterator[Row]:
    with file.open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            where = f"{file}, line {number}"
            try:
                yield Row(where, json_object(line))
            except NotReadable as fault:
                on_fault(where, str(fault))


def _json(file: Path, on_fault: OnFault) -> Iterator[Row]:
    try:
        content = json_value(file.read_bytes())
    except NotReadable as fault:
        on_fault(str(file), str(fault))
        return
    if not isinstance(content, list):
        found = f"expected a list of objects, found {_kind(content)}"
        on_fault(str(file), f"{found}; write one object a line as .jsonl")
        return
    for number, values in enumerate(content, start=1):
        where = f"{file}, row {number}"
        if isinstance(values, dict):
            yield Row(where, values)
        else:
            on_fault(where, f"expected an object {{..}}, found {_kind(values)}")


def _csv(file: Path, on_fault: OnFault) -> Iterator[Row]:
    csv.field_size_limit(sys.maxsize)
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            names = reader.fieldnames or []
            repeated = next((name for name in names if list(names).count(name) > 1), None)
            if repeated is not None:
                on_fault(f"{file}, line 1", f"the column '{repeated}' stands twice")
                return
            for values in reader:
                where = f"{file}, line {reader.line_num}"
                if None in values or None in values.values():
                    on_fault(where, "another number of values than the header has")
                else:
                    yield Row(where, values)
    except UnicodeDecodeError:
        on_fault(str(file), "not UTF-8; save the file as UTF-8")
    except csv.Error as error:
        on_fault(str(file), f"not a CSV file ({error})")


def _parquet(file: Path, on_fault: OnFault) -> Iterator[Row]:
    from pyarrow import ArrowException, parquet

    number = 0
    try:
        with parquet.ParquetFile(file) as table:
            for batch in table.iter_batches(batch_size=_BATCH_ROWS):
                for values in batch.to_pylist():
                    number += 1
                    yield Row(f"{file}, row {number}", values)
    except (ArrowException, OSError, UnicodeDecodeError) as error:
        on_fault(str(file), f"not a Parquet file ({_one_line(error)}); fetch it again")


def _depth_exceeds(value: Any, limit: int) -> bool:
    """Walk without recursion: the value may be deeper than Python's stack."""
    level = [value]
    for _ in range(limit + 1):
        level = [
            inner
            for outer in level
            for inner in (
                outer.values()
                if isinstance(outer, dict)
                else outer
                if isinstance(outer, list)
                else ()
            )
        ]
        if not level:
            return False
    return True


def _members(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _refuse_surrogates(value: Any) -> None:
    if not _is_encodable(json.dumps(value, ensure_ascii=False)):
        raise NotReadable(_HALF_A_PAIR)


def _is_encodable(written: str) -> bool:
    try:
        written.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refuse_strange(value: Any) -> None:
    """Refuse what YAML can write and a recipe cannot mean.

    A few lines can name each other until they stand for billions of values. Texts may hold a NUL,
    which no file's name can, or half a surrogate pair, which no file can be written with. Dates,
    bytes and sets are no values of any key.
    """
    waiting, counted = [value], 0
    while waiting:
        counted += 1
        if counted > _MOST_YAML_VALUES:
            raise NotReadable(f"holds more than {_MOST_YAML_VALUES:,} values, aliases resolved")
        value = waiting.pop()
        if isinstance(value, str) and "\0" in value:
            raise NotReadable(f"the text {value!r:.60} holds a NUL character")
        if isinstance(value, str) and not _is_encodable(value):
            raise NotReadable(f"the text {value!r:.60} {_HALF_A_PAIR}")
        if not isinstance(value, str | int | float | list | dict | None):
            raise NotReadable(f"{str(value)!r:.60} is a {type(value).__name__}; put it in quotes")
        waiting += _members(value)


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", type(None): "nothing"}
    return names.get(type(value), type(value).__name__)


def _too_deep() -> str:
    return f"nested more than {_DEEPEST} levels deep"


def _one_line(error: object) -> str:
    return " ".join(str(error).split())[:200]
