"""Draws and verdicts on disk, append-only: one Parquet row per completion, for ever.

    <store>/<weights>/<draw key>/key.json
        draws/<shard>.parquet                             completions and tokens
        verdicts/<verifier>/<shard>.<another>.parquet     verdicts on rows of it
        set-aside/                                        what was found damaged

A draw is there once its shard is. Its verdicts are written just before, and count only while the
shard is there. Where two writers drew the same draw, the first shard by name stands, which is the
oldest. Grading again adds verdicts and changes none; of several verdicts on one draw by one
verifier the first that is decided stands, so a timeout can be made good.

Shards are whole or absent, and any change to one is seen (`rlvr_eval.store.shards`): it is set
aside and named, and only its draws become due again.
"""

import json
import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rlvr.core.damage import SET_ASIDE, Damaged, read_json, set_aside
from rlvr.core.files import make_folder, remove_unfinished, write_json
from rlvr.core.records import Completion, Verdict
from rlvr_eval.store import shards
from rlvr_eval.store.draws import DRAW, completion_of, draws_table
from rlvr_eval.store.keys import Fields, canonical, digest, refuse_pooling
from rlvr_eval.store.verdicts import Verdicts, pooled, verdicts_table

logger = logging.getLogger(__name__)

_KEY = b"draw_key"


@dataclass(frozen=True, slots=True)
class Unverified:
    """Draws of one shard that a verifier has said nothing of.

    Attributes:
        completions: those whose text is there.
        without_text: number of the others, which cannot be verified any more.
    """

    shard: str
    completions: list[Completion]
    without_text: int


class DrawStore:
    """The draws of one draw key; opening one writes nothing, unless its key.json is damaged.

    Raises:
        UserError: if the folder holds draws of another key.
    """

    def __init__(self, root: Path, key: Fields) -> None:
        self.key = key
        self.folder = root / str(key["weights"]) / digest(key)
        self._draws = self.folder / "draws"
        # shards never change, so what was read once need not be read again while waiting
        self._tables: dict[str, pa.Table] = {}
        try:
            refuse_pooling(str(self.folder), read_json(self._key_file, dict), key)
        except FileNotFoundError:
            pass
        except Damaged as damage:
            # nothing is lost: the folder's name is the key's digest, and every shard names the key
            set_aside(self._key_file, self.folder / SET_ASIDE, f"damaged ({damage.reason})")
            write_json(self._key_file, self.key)

    def append(
        self,
        completions: Sequence[Completion],
        verdicts: Sequence[Verdict],
        verifier: str,
        *,
        has_text: Sequence[bool] | None = None,
    ) -> None:
        """Record draws with their verdicts; when this returns, they survive a crash.

        Args:
            has_text: False for draws whose text and tokens are not kept; None keeps all.
        """
        if not self._key_file.is_file():
            make_folder(self.folder)
            write_json(self._key_file, self.key)
        kept = [True] * len(completions) if has_text is None else has_text
        shard = shards.encode(self._stamped(draws_table(completions, kept)))
        self.append_verdicts(Path(shard.name).stem, completions, verdicts, verifier)
        shards.write(self._draws, shard)

    def append_verdicts(
        self,
        shard: str,
        completions: Sequence[Completion],
        verdicts: Sequence[Verdict],
        verifier: str,
    ) -> None:
        """Record a verifier's verdicts on draws of a shard, which is named without its suffix."""
        table = verdicts_table(completions, verdicts)
        shards.write(self._verdicts(verifier), shards.encode(table, prefix=f"{shard}."))

    def verdicts(self, verifier: str) -> Verdicts:
        """Return all verdicts of a verifier on stored draws."""
        return pooled(of_shard.tables for of_shard in self._by_shard(verifier))

    def unverified(
        self, verifier: str, is_wanted: Callable[[str, int], bool], *, undecided_too: bool = False
    ) -> Iterator[Unverified]:
        """Yield draws on which the verifier has given no verdict.

        Args:
            is_wanted: says of a problem's id and a sample index whether that draw is asked for.
            undecided_too: also those on which it could not decide.
        """
        for of_shard in self._by_shard(verifier):
            known = pooled([of_shard.tables])
            known = known.decided() if undecided_too else known
            if of_shard.is_covered(len(known)):
                continue
            if (table := self._read(of_shard.path)) is not None:
                draws = zip(*(table[name].to_pylist() for name in DRAW), strict=True)
                left_out = known.draws()
                asked_for = [d not in left_out and is_wanted(*d) for d in draws]
                if any(asked_for):
                    yield _unverified(of_shard.path.stem, table.filter(asked_for).to_pylist())

    def check(self) -> list[Path]:
        """Compare every shard of draws with its name; set aside and return the damaged ones.

        Raises:
            UserError: if a shard holds draws of another key, e.g. copied here by hand.
        """
        return [path for path in shards.listed(self._draws) if not self._is_sound(path)]

    def remove_unfinished(self) -> None:
        """Remove what killed writers have left; what living ones are writing stays."""
        for folder in (self.folder, self._draws, *self.folder.glob("verdicts/*/")):
            remove_unfinished(folder)

    def completions(self, problem_id: str) -> list[dict[str, Any]]:
        """List every stored draw of one problem, by index; `completion` is None where not kept."""
        rows = [
            row
            for table in self._tables_of_draws()
            for row in table.filter(pc.equal(table["problem_id"], problem_id)).to_pylist()
        ]
        return sorted(rows, key=lambda row: int(row["sample_index"]))

    def texts(self, wanted: Collection[tuple[str, int]]) -> dict[tuple[str, int], str]:
        """Return kept completions by problem id and sample index.

        Reads shards only until all are found; of a draw that was made twice, the first.
        """
        left, found = set(wanted), {}
        for table in self._tables_of_draws():
            columns = (table[name].to_pylist() for name in (*DRAW, "completion"))
            for problem, index, text in zip(*columns, strict=True):
                if (problem, index) in left:
                    left.remove((problem, index))
                    if text is not None:
                        found[problem, index] = text
            if not left:
                break
        return found

    def tokens(self, below: int) -> dict[tuple[str, int], tuple[int, ...] | None]:
        """Return kept tokens by (problem id, sample index), for indices below a number."""
        found: dict[tuple[str, int], tuple[int, ...] | None] = {}
        for table in self._tables_of_draws():
            first = table.filter(pc.less(table["sample_index"], below))
            columns = (first[name].to_pylist() for name in (*DRAW, "token_ids"))
            for problem, index, ids in zip(*columns, strict=True):
                # of a draw that was made twice, the first stands
                found.setdefault((problem, index), tuple(ids) if ids else None)
        return found

    def _tables_of_draws(self) -> Iterator[pa.Table]:
        """Yield the shards of draws that can be read, oldest first."""
        tables = (self._read(path) for path in shards.listed(self._draws))
        return (table for table in tables if table is not None)

    @property
    def _key_file(self) -> Path:
        return self.folder / "key.json"

    def _verdicts(self, verifier: str) -> Path:
        return self.folder / "verdicts" / verifier

    def _by_shard(self, verifier: str) -> "list[_OfShard]":
        """List shards of draws by name, each with the verdicts on it."""
        found: dict[str, list[pa.Table]] = {}
        for path in shards.listed(self._verdicts(verifier)):
            if path.name not in self._tables and (table := self._read(path)) is not None:
                self._tables[path.name] = table
            if path.name in self._tables:
                shard = path.stem.rpartition(".")[0]
                found.setdefault(shard, []).append(self._tables[path.name])
        return [_OfShard(path, found.get(path.stem, [])) for path in shards.listed(self._draws)]

    def _stamped(self, table: pa.Table) -> pa.Table:
        return table.replace_schema_metadata({_KEY: canonical(self.key)})

    def _is_sound(self, path: Path) -> bool:
        """Return False where a shard is damaged or gone; a damaged one is set aside."""
        try:
            shards.check(path)
            metadata = pq.read_schema(path).metadata
        except shards.DamagedShard as damage:
            self._set_aside(path, damage)
            return False
        except FileNotFoundError:
            return False
        refuse_pooling(str(path), json.loads(metadata[_KEY]), self.key)
        return True

    def _read(self, path: Path) -> pa.Table | None:
        """Read a shard; None if it is gone or has just been set aside."""
        try:
            return shards.read(path)
        except shards.DamagedShard as damage:
            self._set_aside(path, damage)
        except FileNotFoundError:
            pass
        return None

    def _set_aside(self, path: Path, damage: shards.DamagedShard) -> None:
        within = path.parent.relative_to(self.folder)
        shards.set_aside(path, self.folder / "set-aside" / within, str(damage))


@dataclass(frozen=True)
class _OfShard:
    """A shard of draws and one verifier's tables of verdicts on it."""

    path: Path
    tables: list[pa.Table]

    def is_covered(self, draws: int) -> bool:
        """Return whether the shard holds no more draws than these; False if it is unreadable."""
        try:
            return int(pq.read_metadata(self.path).num_rows) <= draws
        except (pa.ArrowException, OSError):
            return False


def _unverified(shard: str, rows: list[dict[str, Any]]) -> Unverified:
    completions = [completion_of(row) for row in rows if row["completion"] is not None]
    return Unverified(shard, completions, len(rows) - len(completions))
