"""What is due and what is done: base and every complete checkpoint, on every benchmark.

A finished evaluation leaves `<run>/evaluations/<model>-<benchmark>-<digest>.json`: whose it was,
under which draw key, design and verifier, on which problems. It holds no counts: those are replayed
from the store, so that a report can always be made again, and regrading changes it by itself.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from rlvr import models, problems
from rlvr.errors import UserError
from rlvr.files import write_json
from rlvr.recipe import Evaluation as Settings
from rlvr.records import Outcome
from rlvr.runs import Run
from rlvr.samplers.base import Sampler
from rlvr.weights import weights_hash
from rlvr_eval.design import Counts, Design
from rlvr_eval.estimators import parse_design
from rlvr_eval.evaluate import Evaluation, Model
from rlvr_eval.keys import DrawKey
from rlvr_eval.outcomes import ModelRef, Outcomes
from rlvr_eval.store import DrawStore

BASE = "base"


def store_of(run: Run) -> Path:
    """The store that all runs beside this one share, so that they share their base's draws."""
    return run.path.parent / "store"


def models_of(run: Run) -> list[Model]:
    """The base, then every complete checkpoint by step.

    Raises:
        UserError: if the base's weights cannot be had.
    """
    recipe = run.recipe()
    found = []
    if recipe.initialize == "pretrained":
        folder = models.resolve(recipe.model, recipe.revision)
        found.append(Model(BASE, 0, folder, weights_hash(folder)))
    for checkpoint in run.checkpoints():
        name, folder = checkpoint.path.name, checkpoint.path
        found.append(Model(name, checkpoint.step, folder, weights_hash(folder)))
    return found


def plan(found: Sequence[Model], settings: Settings, store: Path) -> list[Evaluation]:
    """Every model on every benchmark of the settings, model by model: weights load once each.

    Raises:
        UserError: if a benchmark or the design is not what it should be.
    """
    design = parse_design(settings.design)
    benchmarks = [
        (
            problems.get(source.name),
            problems.revision_of(source.name, path=source.path),
            tuple(problems.load(source.name, path=source.path, limit=source.limit)),
        )
        for source in settings.benchmarks
    ]
    return [
        Evaluation(
            model=model,
            benchmark=benchmark.name,
            revision=revision,
            problems=loaded,
            prompt=settings.prompt or benchmark.prompt,
            verifier=benchmark.verifier,
            sampling=settings.sampling,
            design=design,
            run_seed=settings.run_seed,
            store=store,
        )
        for model in found
        for benchmark, revision, loaded in benchmarks
    ]


@dataclass(frozen=True)
class Ledger:
    """The finished evaluations of one run directory."""

    run: Run

    @property
    def folder(self) -> Path:
        return self.run.path / "evaluations"

    def is_done(self, evaluation: Evaluation, sampler: Sampler) -> bool:
        """True where exactly this was finished before, on at least these problems."""
        path = self._path(evaluation, evaluation.key(sampler))
        if not path.is_file():
            return False
        known = set(json.loads(path.read_text())["problem_ids"])
        return all(problem.id in known for problem in evaluation.problems)

    def record(self, evaluation: Evaluation, sampler: Sampler, verifier: str) -> None:
        """Note an evaluation as finished."""
        key = evaluation.key(sampler)
        self.folder.mkdir(exist_ok=True)
        write_json(
            self._path(evaluation, key),
            {
                "model": evaluation.model.name,
                "step": evaluation.model.step,
                "weights": evaluation.model.weights,
                "benchmark": evaluation.benchmark,
                "design": str(evaluation.design),
                "verifier": verifier,
                "draw_key": key.fields(),
                "finished": datetime.now(UTC).isoformat(timespec="seconds"),
                "problem_ids": [problem.id for problem in evaluation.problems],
                "kinds": [problem.kind for problem in evaluation.problems],
            },
        )

    def entries(self) -> list[dict[str, Any]]:
        """The latest finished evaluation of every model on every benchmark, base first.

        Raises:
            UserError: if nothing was evaluated yet.
        """
        latest: dict[tuple[str, str], dict[str, Any]] = {}
        for path in sorted(self.folder.glob("*.json")):
            entry = json.loads(path.read_text())
            place = (entry["benchmark"], entry["model"])
            if place not in latest or latest[place]["finished"] < entry["finished"]:
                latest[place] = entry
        if not latest:
            raise UserError(
                f"{self.run.path}: nothing is evaluated yet; run: rlvr eval {self.run.path}"
            )
        return sorted(latest.values(), key=lambda entry: (entry["benchmark"], entry["step"]))

    def outcomes(self) -> list[Outcomes]:
        """Counts of every entry, replayed from the stored verdicts.

        Raises:
            UserError: if nothing was evaluated, or draws that were recorded are no longer there.
        """
        return [_outcomes(entry, store_of(self.run)) for entry in self.entries()]

    def _path(self, evaluation: Evaluation, key: DrawKey) -> Path:
        told = f"{key.digest()}|{evaluation.design}"
        digest = blake2b(told.encode(), digest_size=4).hexdigest()
        return self.folder / f"{evaluation.model.name}-{evaluation.benchmark}-{digest}.json"


def store_of_entry(entry: dict[str, Any], root: Path) -> DrawStore:
    """The draws of a finished evaluation."""
    return DrawStore(root, DrawKey.from_fields(entry["draw_key"]))


def _outcomes(entry: dict[str, Any], root: Path) -> Outcomes:
    verdicts = store_of_entry(entry, root).verdicts(entry["verifier"]).by_problem()
    missing = [problem for problem in entry["problem_ids"] if problem not in verdicts]
    if missing:
        raise UserError(
            f"{entry['model']} on {entry['benchmark']}: draws of {len(missing)} problems are no "
            f"longer in {root} (first: {missing[0]}); evaluate again to draw them"
        )
    design = parse_design(entry["design"])
    rows = [verdicts[problem] for problem in entry["problem_ids"]]
    counts = _replayed(design, (row == Outcome.CORRECT for row in rows), entry)
    undecided = [np.isin(row, [Outcome.TIMEOUT, Outcome.ERROR]) for row in rows]
    upper = None
    if any(row.any() for row in undecided):
        lenient = zip(rows, undecided, strict=True)
        upper = _replayed(design, ((row == Outcome.CORRECT) | un for row, un in lenient), entry)
    return Outcomes(
        model=ModelRef(entry["model"], entry["step"], entry["weights"]),
        benchmark=entry["benchmark"],
        problem_ids=tuple(entry["problem_ids"]),
        kinds=tuple(entry["kinds"]),
        counts=counts,
        undecided=np.array([int(u[:n].sum()) for u, n in zip(undecided, counts.n, strict=True)]),
        truncated=np.array(
            [
                int((row[:n] == Outcome.TRUNCATED).sum())
                for row, n in zip(rows, counts.n, strict=True)
            ]
        ),
        upper=upper,
        draw_key=entry["draw_key"],
    )


def _replayed(design: Design, problems_correct: Iterable[Any], entry: dict[str, Any]) -> Counts:
    """Counts under the design; the verdicts must reach a stop for every problem."""
    standing = [design.replay(is_correct) for is_correct in problems_correct]
    owing = sum(not there.stopped for there in standing)
    if owing:
        raise UserError(
            f"{entry['model']} on {entry['benchmark']}: {owing} problems owe draws under "
            f"{design}; run the evaluation again to draw them"
        )
    return Counts(
        design,
        np.array([there.n for there in standing]),
        np.array([there.c for there in standing]),
    )
