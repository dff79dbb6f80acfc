"""Many tables of verdicts as one: without repeats, in sample-index order.

This is where "the first recorded draw stands" and "the first decided verdict stands" are decided.
Nothing here opens a file.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from rlvr.core.records import Completion, Outcome, Verdict

_SCHEMA = pa.schema(
    [
        ("problem_id", pa.string()),
        ("sample_index", pa.int32()),
        ("verdict", pa.string()),
        ("answer", pa.string()),
    ]
)
UNDECIDED = tuple(str(outcome) for outcome in Outcome if outcome.undecided)


@dataclass(frozen=True)
class Verdicts:
    """Verdicts of one draw key by one verifier, without repeats, by problem and then index.

    Attributes:
        problem_ids: str, shape (draws,).
        sample_index: int32, shape (draws,).
        outcome: str values of `Outcome`, shape (draws,).
    """

    problem_ids: NDArray[np.object_]
    sample_index: NDArray[np.int32]
    outcome: NDArray[np.object_]

    @cached_property
    def _rows(self) -> dict[str, slice]:
        """Where each problem's draws lie."""
        starts = np.flatnonzero(np.r_[True, self.problem_ids[1:] != self.problem_ids[:-1]])
        stops = [*starts[1:], len(self)]
        rows = (slice(*pair) for pair in zip(starts, stops, strict=True)) if len(self) else ()
        return {str(self.problem_ids[there.start]): there for there in rows}

    def by_problem(self) -> dict[str, NDArray[np.object_]]:
        """Return every problem's outcomes for draws 0, 1, 2, .. up to the first gap."""
        found = {}
        for problem, rows in self._rows.items():
            index = self.sample_index[rows]
            is_in_place = index == np.arange(index.size)
            length = index.size if is_in_place.all() else int(is_in_place.argmin())
            found[problem] = self.outcome[rows][:length]
        return found

    def indices(self, problem_id: str) -> frozenset[int]:
        """Return the indices of a problem's draws, including those beyond a gap."""
        rows = self._rows.get(problem_id, slice(0, 0))
        return frozenset(self.sample_index[rows].tolist())

    def decided(self) -> "Verdicts":
        """Return the decided verdicts."""
        says = ~np.isin(self.outcome, UNDECIDED)
        return Verdicts(self.problem_ids[says], self.sample_index[says], self.outcome[says])

    def draws(self) -> set[tuple[str, int]]:
        """Return (problem id, sample index) of every verdict."""
        return set(zip(self.problem_ids.tolist(), self.sample_index.tolist(), strict=True))

    def __len__(self) -> int:
        return int(self.sample_index.size)


def verdicts_table(completions: Sequence[Completion], verdicts: Sequence[Verdict]) -> pa.Table:
    """Build the stored table of verdicts: one per completion, in the same order."""
    paired = list(zip(completions, verdicts, strict=True))
    columns = {
        "problem_id": [completion.problem_id for completion, _ in paired],
        "sample_index": [completion.sample_index for completion, _ in paired],
        "verdict": [str(verdict.outcome) for _, verdict in paired],
        "answer": [verdict.answer for _, verdict in paired],
    }
    return pa.table(columns, schema=_SCHEMA)


def pooled(by_shard: Iterable[Sequence[pa.Table]]) -> Verdicts:
    """Combine all verdicts of one verifier.

    Of a draw that several shards hold, the first shard's stands, even where its verdict is
    undecided: to take a later one then would replace completions by how they turned out. Of several
    verdicts on one draw the first that decides stands, otherwise the first.

    Args:
        by_shard: for each shard of draws, oldest first, the tables of verdicts on it.
    """
    tables = [(at, table) for at, of_shard in enumerate(by_shard) for table in of_shard]
    if not tables:
        nothing = np.array([], dtype=object)
        return Verdicts(nothing, np.array([], dtype=np.int32), nothing)
    table = pa.concat_tables(table for _, table in tables)
    shard = np.repeat([at for at, _ in tables], [table.num_rows for _, table in tables])
    names, problem = _encoded(table["problem_id"])
    outcomes, outcome = _encoded(table["verdict"])
    index = table["sample_index"].to_numpy()
    is_undecided = np.isin(outcomes, UNDECIDED)[outcome]
    # lexsort is stable: among equals the order of the tables decides
    order = np.lexsort((is_undecided, shard, index, problem))
    problem, index = problem[order], index[order]
    is_first = np.r_[True, (problem[1:] != problem[:-1]) | (index[1:] != index[:-1])]
    is_first = is_first[: index.size]
    return Verdicts(
        problem_ids=names[problem[is_first]],
        sample_index=index[is_first],
        outcome=outcomes[outcome[order][is_first]],
    )


def _encoded(column: pa.ChunkedArray) -> tuple[NDArray[np.object_], NDArray[np.int32]]:
    """Encode a column of text as its distinct values and, per row, an index into them."""
    encoded = column.combine_chunks().dictionary_encode()
    values = np.array(encoded.dictionary.to_pylist(), dtype=object)
    return values, encoded.indices.to_numpy()
