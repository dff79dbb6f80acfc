"""The verbs `eval` and `report` as functions: plan, draw, note what is done, write what people see.

`evaluate` samples and verifies; `report` only reads the store and loads no model.
"""

import sys
from collections.abc import Sequence
from functools import partial
from typing import Any, TextIO

from rlvr import verifiers
from rlvr.files import write_atomically, write_json
from rlvr.progress import stage
from rlvr.recipe import Evaluation as Settings
from rlvr.runs import Run
from rlvr.samplers.base import Sampler
from rlvr_eval import workers
from rlvr_eval.evaluate import Evaluation, progress
from rlvr_eval.examples import collect, remember_problems
from rlvr_eval.figure import curves_svg
from rlvr_eval.ledger import Ledger, models_of, plan, store_of
from rlvr_eval.report import write_report
from rlvr_eval.store import DrawStore
from rlvr_eval.summary import summarise
from rlvr_eval.table import write_summary


def evaluate(run: Run, settings: Settings, *, processes: int | None = None) -> int:
    """Evaluate the base and every complete checkpoint that is not evaluated yet.

    Args:
        processes: that sample at once; None takes one per core for transformers on CPU.

    Returns:
        How many evaluations were due.

    Raises:
        UserError: if model, benchmark or design cannot be had.
    """
    from rlvr.samplers import choose

    found = plan(models_of(run), settings, store_of(run))
    factory = partial(choose.sampler, settings.sampler)
    sampler = factory()
    ledger = Ledger(run)
    remember_problems(run, found)
    due = [evaluation for evaluation in found if not ledger.is_done(evaluation, sampler)]
    if due:
        total = sum(_missing(evaluation, sampler) for evaluation in due)
        with stage(f"evaluate {run.name}", total) as bar:
            count = processes or choose.processes(sampler)
            workers.do(due, factory, processes=count, drawn=bar.advance)
        _note_finished(due, sampler, ledger)
    return len(due)


def report(run: Run, *, stream: TextIO = sys.stdout) -> dict[str, Any]:
    """Write summary.json and report.html from the stored draws, and print the table.

    Raises:
        UserError: if nothing was evaluated yet, or draws are missing.
    """
    ledger = Ledger(run)
    summary = summarise(ledger.outcomes(), _about(run))
    examples = collect(run, ledger.entries(), store_of(run))
    write_json(run.path / "summary.json", summary)
    write_atomically(run.path / "pass-at-k.svg", curves_svg(summary))
    write_report(summary, examples, run.path / "report.html")
    write_summary(summary, stream)
    return summary


def _note_finished(due: Sequence[Evaluation], sampler: Sampler, ledger: Ledger) -> None:
    """An evaluation of many ranks is finished by whichever of them finds nothing left to draw."""
    for evaluation in due:
        if not _missing(evaluation, sampler):
            ledger.record(evaluation, sampler, verifiers.get(evaluation.verifier).version)


def _missing(evaluation: Evaluation, sampler: Sampler) -> int:
    """Draws that the design asks for next, over all problems; 0 once it is satisfied."""
    store = DrawStore(evaluation.store, evaluation.key(sampler))
    standing = progress(evaluation, store, verifiers.get(evaluation.verifier))
    return sum(there.due - there.n for there in standing.values())


def _about(run: Run) -> dict[str, Any]:
    recipe, manifest = run.recipe(), run.manifest()
    return {
        "name": run.name,
        "method": recipe.method,
        "model": recipe.model,
        "seed": recipe.seed,
        "recipe": recipe.model_dump(mode="json"),
        "versions": manifest.get("versions"),
        "commit": manifest.get("commit"),
        "hardware": manifest.get("hardware"),
    }
