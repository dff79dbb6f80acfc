"""Reads back what W&B wrote offline: protobuf records in LevelDB's log format."""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wandb.proto import wandb_internal_pb2

_FILE_HEADER = 7
_BLOCK = 32 * 1024
_RECORD_HEADER = struct.Struct("<IHB")  # checksum, length, kind
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4


@dataclass
class OfflineRun:
    """A run as W&B would send it."""

    folder: Path
    id: str = ""
    group: str = ""
    project: str = ""
    job_type: str = ""
    step_metrics: dict[str, str] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)

    def table(self, row: dict[str, Any], name: str) -> list[dict[str, Any]]:
        """A logged table, as one dictionary for each of its rows."""
        stored = json.loads((self.folder / "files" / row[name]["path"]).read_text())
        return [dict(zip(stored["columns"], values, strict=True)) for values in stored["data"]]


def read(folder: Path) -> OfflineRun:
    """The run in an `offline-run-..` folder."""
    run = OfflineRun(folder)
    (file,) = folder.glob("*.wandb")
    for content in _records(file.read_bytes()):
        record = wandb_internal_pb2.Record.FromString(content)  # type: ignore[attr-defined]
        match record.WhichOneof("record_type"):
            case "run":
                told = record.run
                run.id, run.group = told.run_id, told.run_group
                run.project, run.job_type = told.project, told.job_type
            case "metric":
                run.step_metrics[record.metric.name or record.metric.glob_name] = (
                    record.metric.step_metric
                )
            case "history":
                run.rows.append(_nested(record.history.item))
    return run


def _records(content: bytes) -> Iterator[bytes]:
    at, parts = _FILE_HEADER, b""
    while at + _RECORD_HEADER.size <= len(content):
        left = _BLOCK - at % _BLOCK
        if left < _RECORD_HEADER.size:  # what is left of a block is padding
            at += left
            continue
        _, length, kind = _RECORD_HEADER.unpack_from(content, at)
        at += _RECORD_HEADER.size
        parts = (
            content[at : at + length]
            if kind in (_FULL, _FIRST)
            else parts + content[at : at + length]
        )
        at += length
        if kind in (_FULL, _LAST):
            yield parts


def _nested(items: Any) -> dict[str, Any]:
    """A row of history, tables put together again from the parts of their names."""
    row: dict[str, Any] = {}
    for item in items:
        place = row
        *parents, last = list(item.nested_key) or [item.key]
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = json.loads(item.value_json)
    return row
