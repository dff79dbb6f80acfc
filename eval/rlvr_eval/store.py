"""Draws and verdicts on disk, append-only: one Parquet row per completion, for ever.

    <store>/<weights>/<draw key>/key.json
                                 draws/<shard>.parquet                  completions and tokens
                                 verdicts/<verifier>/<shard>.parquet    one verdict per row of it

A shard is written beside, flushed and renamed, so it is there whole or not at all, and its name is
unique, so any number of writers can share the folder. A verdict counts only while the shard of its
draw is there. Where two writers drew the same draw, the first by shard name stands. Grading again
adds a folder of verdicts and changes nothing.

Pages carry checksums: a shard that is truncated or corrupt is set aside and named, and only its
draws become due again.
"""

import json
import logging
import os
import socket
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from rlvr.errors import UserError
from rlvr.files import sync_file, sync_folder, write_json
from rlvr.records import Completion, Verdict
from rlvr_eval.keys import DrawKey, differing

logger = logging.getLogger(__name__)

_DRAWS = pa.schema(
    [
        ("problem_id", pa.string()),
        ("sample_index", pa.int32()),
        ("completion", pa.string()),
        ("finish_reason", pa.string()),
        ("tokens", pa.int32()),
        ("token_ids", pa.list_(pa.int32())),
        ("sum_logprob", pa.float64()),
    ]
)
_VERDICTS = pa.schema(
    [
        ("problem_id", pa.string()),
        ("sample_index", pa.int32()),
        ("verdict", pa.string()),
        ("answer", pa.string()),
    ]
)


@dataclass(frozen=True)
class Verdicts:
    """Verdicts of one draw key by one verifier, without repeats, sorted by problem and index.

    Attributes:
        problem_ids: str, shape (draws,).
        sample_index: int32, shape (draws,).
        outcome: str values of `Outcome`, shape (draws,).
    """

    problem_ids: NDArray[np.object_]
    sample_index: NDArray[np.int32]
    outcome: NDArray[np.object_]

    def by_problem(self) -> dict[str, NDArray[np.object_]]:
        """Outcomes of every problem for its draws 0, 1, 2, .. up to the first that is missing."""
        starts = np.flatnonzero(np.r_[True, self.problem_ids[1:] != self.problem_ids[:-1]])
        found = {}
        for start, stop in zip(starts, [*starts[1:], self.problem_ids.size], strict=True):
            if stop > start:
                unbroken = self.sample_index[start:stop] == np.arange(stop - start)
                length = stop - start if unbroken.all() else int(unbroken.argmin())
                found[str(self.problem_ids[start])] = self.outcome[start : start + length]
        return found


class DrawStore:
    """The draws of one draw key."""

    def __init__(self, root: Path, key: DrawKey) -> None:
        self.folder = root / key.weights / key.digest()
        self._draws = self.folder / "draws"
        self._draws.mkdir(parents=True, exist_ok=True)
        key_file = self.folder / "key.json"
        if key_file.is_file():
            different = differing(json.loads(key_file.read_text()), key.fields())
            if different:
                raise UserError(
                    f"{key_file} belongs to other draws (different: {', '.join(different)}); "
                    "they cannot be pooled: move the folder away"
                )
        else:
            write_json(key_file, key.fields())

    def append(
        self, completions: Sequence[Completion], verdicts: Sequence[Verdict], verifier: str
    ) -> None:
        """Record draws with their verdicts; when this returns, they survive a crash."""
        shard = _shard_name()
        _write(self._draws / shard, _draws_table(completions))
        self.append_verdicts(shard, completions, verdicts, verifier)

    def append_verdicts(
        self,
        shard: str,
        completions: Sequence[Completion],
        verdicts: Sequence[Verdict],
        verifier: str,
    ) -> None:
        """Record a verifier's verdicts on a shard that is there."""
        _write(self._verdicts(verifier) / shard, _verdicts_table(completions, verdicts))

    def verdicts(self, verifier: str) -> Verdicts:
        """All verdicts of a verifier on draws that are there."""
        present = {path.name for path in self._draws.glob("*.parquet")}
        shards = [
            s for s in sorted(self._verdicts(verifier).glob("*.parquet")) if s.name in present
        ]
        tables = [table for shard in shards if (table := self._read(shard)) is not None]
        return _without_repeats(pa.concat_tables(tables) if tables else _VERDICTS.empty_table())

    def unverified(self, verifier: str) -> Iterator[tuple[str, list[Completion]]]:
        """Shards on which the verifier has given no verdict yet, with their completions."""
        done = {path.name for path in self._verdicts(verifier).glob("*.parquet")}
        for path in sorted(self._draws.glob("*.parquet")):
            if path.name not in done and (table := self._read(path)) is not None:
                yield path.name, [_completion(row) for row in table.to_pylist()]

    def check(self) -> list[Path]:
        """Read every shard of draws; set aside and return those that are damaged."""
        shards = sorted(self._draws.glob("*.parquet"))
        return [path for path in shards if self._read(path) is None]

    def completions(self, problem_id: str) -> list[dict[str, Any]]:
        """Every stored draw of one problem, by index."""
        rows = [
            row
            for path in sorted(self._draws.glob("*.parquet"))
            for row in pq.read_table(path, filters=[("problem_id", "=", problem_id)]).to_pylist()
        ]
        return sorted(rows, key=lambda row: int(row["sample_index"]))

    def _verdicts(self, verifier: str) -> Path:
        return self.folder / "verdicts" / verifier

    def _read(self, path: Path) -> pa.Table | None:
        """The shard, or None after setting it aside because it cannot be read."""
        try:
            return pq.read_table(path, page_checksum_verification=True)
        except (pa.ArrowException, OSError) as error:
            place = self.folder / "set-aside" / path.parent.name
            place.mkdir(parents=True, exist_ok=True)
            path.rename(place / path.name)
            reason = str(error).splitlines()[0]
            logger.warning("%s is damaged (%s); set aside in %s", path.name, reason, place)
            return None


def _shard_name() -> str:
    """Unique among all writers, and sorted by time: the first writer of a draw stands."""
    return (
        f"{time.time_ns():020d}-{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}.parquet"
    )


def _write(path: Path, table: pa.Table) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.tmp")
    pq.write_table(table, beside, compression="zstd", write_page_checksum=True)
    sync_file(beside)
    beside.rename(path)
    sync_folder(path.parent)


def _draws_table(completions: Sequence[Completion]) -> pa.Table:
    columns = {
        "problem_id": [c.problem_id for c in completions],
        "sample_index": [c.sample_index for c in completions],
        "completion": [c.text for c in completions],
        "finish_reason": [c.finish_reason for c in completions],
        "tokens": [len(c.token_ids) for c in completions],
        "token_ids": [list(c.token_ids) for c in completions],
        "sum_logprob": [c.sum_logprob for c in completions],
    }
    return pa.table(columns, schema=_DRAWS)


def _verdicts_table(completions: Sequence[Completion], verdicts: Sequence[Verdict]) -> pa.Table:
    columns = {
        "problem_id": [c.problem_id for c in completions],
        "sample_index": [c.sample_index for c in completions],
        "verdict": [str(v.outcome) for v in verdicts],
        "answer": [v.answer for v in verdicts],
    }
    return pa.table(columns, schema=_VERDICTS)


def _completion(row: dict[str, Any]) -> Completion:
    return Completion(
        problem_id=row["problem_id"],
        sample_index=row["sample_index"],
        text=row["completion"],
        finish_reason=row["finish_reason"],
        token_ids=tuple(row["token_ids"] or ()),
        sum_logprob=row["sum_logprob"],
    )


def _without_repeats(table: pa.Table) -> Verdicts:
    """Sorted by problem and index; of repeats the first in the table, which is the oldest."""
    names, problem = np.unique(table["problem_id"].to_numpy(), return_inverse=True)
    index = table["sample_index"].to_numpy()
    order = np.lexsort((np.arange(index.size), index, problem))
    problem, index = problem[order], index[order]
    is_first = np.r_[True, (problem[1:] != problem[:-1]) | (index[1:] != index[:-1])]
    is_first = is_first[: index.size]
    return Verdicts(
        problem_ids=names[problem[is_first]],
        sample_index=index[is_first],
        outcome=table["verdict"].to_numpy()[order][is_first],
    )
