"""What is done: one small file for each finished evaluation of a run directory.

`<run>/evaluations/<model>-<benchmark>-<digest>.json` says whose it was, under which draw key,
design and verifier, on which problems. It holds no counts: those are replayed from the store, so
that a report can always be made again. Only what was imported as counts holds its counts.

What is due is not written down anywhere: it is what the store lacks
(`rlvr_eval.plan.evaluation.missing`).
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from rlvr import verifiers
from rlvr.answers.attempts import RULE, verifier_version
from rlvr.core.damage import Damaged, read_json
from rlvr.core.errors import UserError
from rlvr.core.files import make_folder, write_json
from rlvr.core.hashing import hex_digest, json_digest
from rlvr.core.records import Outcome
from rlvr.runs.run_directory import Run
from rlvr_eval.estimators import parse_design
from rlvr_eval.estimators.design import Counts, Ints
from rlvr_eval.plan.evaluation import Evaluation
from rlvr_eval.plan.planning import store_of
from rlvr_eval.statistics.lineup import ModelRef
from rlvr_eval.statistics.outcomes import Looks, Outcomes
from rlvr_eval.store.draw_store import DrawStore
from rlvr_eval.store.keys import Fields, digest
from rlvr_eval.store.replay import NO_DRAWS, Row, counts_of, owed, standing, standings
from rlvr_eval.store.verdicts import UNDECIDED

Entry = Mapping[str, Any]

# of entries whose draws stopped where the answers end, so that their texts hold nothing behind it
STOPPED_AT_ENDS = "stopped_at_ends"
_TYPES: Mapping[str, type] = {
    "model": str,
    "step": int,
    "benchmark": str,
    "design": str,
    "draw_key": dict,
    "problem_ids": list,
    "kinds": list,
    "noted": str,
}
_SEAL = "counts_digest"
_PLAN = "planned_looks"


@dataclass(frozen=True)
class Ledger:
    """The finished evaluations of one run directory.

    Attributes:
        within: folder of the run directory that they are noted in; probes have their own.
    """

    run: Run
    within: str = "evaluations"

    @property
    def folder(self) -> Path:
        return self.run.path / self.within

    def record(self, evaluation: Evaluation, key: Fields, verifier: str) -> None:
        """Note an evaluation as finished; of one model on one benchmark the last noted counts."""
        self.write(
            {
                "model": evaluation.model.name,
                "step": evaluation.model.step,
                "weights": evaluation.model.weights,
                "beside": evaluation.model.beside,
                "benchmark": evaluation.benchmark,
                "file": str(evaluation.file) if evaluation.file else None,
                "design": str(evaluation.design),
                _PLAN: list(evaluation.planned_looks),
                "verifier": verifier,
                "answer_rule": RULE,
                STOPPED_AT_ENDS: True,
                "draw_key": dict(key),
                "problem_ids": [problem.id for problem in evaluation.problems],
                "kinds": [problem.kind for problem in evaluation.problems],
                "families": [problem.family for problem in evaluation.problems],
            }
        )

    def write(self, *entries: Entry) -> None:
        """Add entries, in one file: all of them are there, or none."""
        # counted, not timed: a clock may have been set back between two evaluations
        sequence = 1 + max((order(entry)[0] for entry in self._noted()), default=0)
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        noted: list[dict[str, Any]] = [
            {**entry, "sequence": sequence, "noted": now} for entry in entries
        ]
        for entry in noted:
            if "counts" in entry:
                entry[_SEAL] = _digest_of(entry["counts"])
        make_folder(self.folder)
        write_json(self.folder / _name(noted), noted)

    def entries(self) -> list[Entry]:
        """Return the last entry for every model on every benchmark, base first.

        Raises:
            UserError: if nothing was evaluated yet.
        """
        latest: dict[tuple[str, str, int], Entry] = {}
        for entry in self._noted():
            place = (entry["benchmark"], entry["model"], entry["step"])
            if place not in latest or order(latest[place]) < order(entry):
                latest[place] = entry
        if not latest:
            raise UserError(
                f"{self.run.path}: nothing is evaluated yet; run: rlvr eval {self.run.path}"
            )
        return sorted(
            latest.values(), key=lambda entry: (entry["benchmark"], model_of(entry).place)
        )

    def _noted(self) -> Iterator[Entry]:
        """Yield every entry of every file; set a damaged file aside and name it."""
        for path in sorted(self.folder.glob("*.json")):
            try:
                entries = read_json(path, list)
                if not entries or not all(map(_is_entry, entries)):
                    raise Damaged(path, "not what was noted of an evaluation")
            except FileNotFoundError:
                continue  # another process has just set it aside
            except Damaged as error:
                told = f"damaged ({error.reason}); evaluate again, which samples nothing anew"
                self.run.set_aside(path, told)
                continue
            yield from entries

    def draws(self, entry: Entry) -> DrawStore:
        """Return the draws that an entry is of."""
        return DrawStore(store_of(self.run), entry["draw_key"])

    def outcomes(self) -> list[Outcomes]:
        """Return the counts of every entry, replayed from the stored verdicts.

        Raises:
            UserError: if nothing was evaluated, or draws that were recorded are no longer there.
        """
        noted = list(self._noted())
        return [
            replace(
                _imported(entry) if "counts" in entry else _replayed(entry, self.draws(entry)),
                looks=_looks(entry, noted),
            )
            for entry in self.entries()
        ]


def _looks(entry: Entry, noted: Sequence[Entry]) -> Looks:
    """Return designs with fewer draws under which an entry's draws were reported before.

    With more draws too: who saw 1,024 and then chooses 64 has looked twice.

    The looks planned count as such if the plan was there at the first look, and is kept since.
    """
    earlier = [
        each
        for each in noted
        if each["draw_key"] == entry["draw_key"] and order(each) < order(entry)
    ]
    plan = entry.get(_PLAN)
    plan = plan if isinstance(plan, list) else []  # entries of rlvr 0.1.0 have none
    is_kept = all(
        each.get(_PLAN) == plan and each["design"] in {f"fixed:{look}" for look in plan}
        for each in (entry, *earlier)
    )
    designs = {(parse_design(each["design"]).n_max, each["design"]) for each in earlier}
    before = tuple(design for _, design in sorted(designs) if design != entry["design"])
    return Looks(before, tuple(plan) if is_kept else ())


def order(entry: Mapping[str, Any]) -> tuple[int, str]:
    """Return the sort key by when entries were noted; those of rlvr 0.1.0 have only a time."""
    return entry.get("sequence", 0), entry["noted"]


def model_of(entry: Entry) -> ModelRef:
    """Return the model that an entry is about."""
    return ModelRef(entry["model"], entry["step"], entry["weights"], entry.get("beside", False))


def is_of_earlier_rule(entry: Entry) -> bool:
    """Return whether our verifier read an entry's completions by an earlier rule."""
    return is_verified_here(entry) and entry.get("answer_rule") != RULE


def is_verified_here(entry: Entry) -> bool:
    """Return whether an entry's verdicts are of a verifier of ours."""
    return verifiers.name_of(verifier_version(entry["verifier"] or "")) is not None


def _is_entry(entry: Any) -> bool:
    """Return whether a JSON value has all keys of an entry, with the right types."""
    if not isinstance(entry, dict):
        return False
    if not all(isinstance(entry.get(name), kind) for name, kind in _TYPES.items()):
        return False
    if "counts" in entry:
        return entry.get(_SEAL, "") in ("", _digest_of(entry["counts"]))
    return isinstance(entry["draw_key"].get("weights"), str)


def _digest_of(counts: Any) -> str:
    """Hash the counts, the only numbers here that the store does not hold as well."""
    return json_digest(counts, 8)


def _name(entries: Sequence[Entry]) -> str:
    """Name the file by its evaluations; a new verifier or design gives a new file."""
    told = [
        (digest(e["draw_key"]), e["design"], e["verifier"], e["model"], e["step"], e["problem_ids"])
        for e in entries
    ]
    unique = hex_digest(json.dumps(told), 8)
    first = f"{entries[0]['model']}-{entries[0]['benchmark']}"
    return f"{re.sub(r'[^A-Za-z0-9.+_-]', '_', first)}-{unique}.json"


def _outcomes(entry: Entry, counts: Counts, undecided: Ints, truncated: Ints) -> Outcomes:
    return Outcomes(
        model=model_of(entry),
        benchmark=entry["benchmark"],
        problem_ids=tuple(entry["problem_ids"]),
        kinds=tuple(entry["kinds"]),
        families=tuple(entry.get("families", ())),
        counts=counts,
        undecided=undecided,
        truncated=truncated,
        upper=None,
        draw_key={**entry["draw_key"], **_verified_by(entry)},
    )


def _verified_by(entry: Entry) -> dict[str, Any]:
    """Return what makes verdicts comparable: the verifier and its answer rule."""
    if not is_verified_here(entry):
        return {"verifier": entry["verifier"]}
    rule = entry.get("answer_rule", 1)
    return {"verifier": verifier_version(entry["verifier"]), "answer_rule": rule}


def _imported(entry: Entry) -> Outcomes:
    held = {name: np.array(values) for name, values in entry["counts"].items()}
    counts = Counts(parse_design(entry["design"]), held["n"], held["c"])
    return _outcomes(entry, counts, held["undecided"], np.zeros_like(held["n"]))


def _replayed(entry: Entry, draws: DrawStore) -> Outcomes:
    rows = draws.verdicts(entry["verifier"]).by_problem()
    design = parse_design(entry["design"])
    progress = standings(design, draws.key, entry["problem_ids"], rows)
    if not all(there.stopped for there in progress):
        raise UserError(
            f"{entry['model']} on {entry['benchmark']}: {owed(progress)} draws that {design} asks "
            f"for are not in {draws.folder}; run the evaluation again to make them"
        )
    counts = counts_of(design, progress)
    counted = [rows[problem][:n] for problem, n in zip(entry["problem_ids"], counts.n, strict=True)]
    found = _outcomes(
        entry, counts, _tally(counted, *UNDECIDED), _tally(counted, Outcome.TRUNCATED)
    )
    return replace(found, upper=_upper(entry, draws.key, rows)) if found.undecided.any() else found


def _tally(rows: list[Row], *outcomes: str) -> Ints:
    return np.array([int(np.isin(row, outcomes).sum()) for row in rows])


def _upper(entry: Entry, key: Fields, rows: Mapping[str, Row]) -> Counts | None:
    """Count as if every undecided verdict were correct; problems then stop no later.

    None where a problem was dropped that would not have been (`ContinuationDesign`): then what its
    further draws would have been is not known.
    """
    design = parse_design(entry["design"])
    progress = [
        standing(design, key, problem, rows.get(problem, NO_DRAWS), undecided_is_right=True)
        for problem in entry["problem_ids"]
    ]
    return counts_of(design, progress) if all(there.stopped for there in progress) else None
