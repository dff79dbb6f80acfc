"""The verbs `eval` and `report` as functions: plan, draw, note what is done, write what people see.

`evaluate` samples and verifies; `report` only reads the store and loads no model.
"""

import logging
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any, TextIO

from rlvr.core.files import remove_unfinished, write_atomically, write_json
from rlvr.core.progress import Stage, stage
from rlvr.recipes.recipe import Evaluation as Settings
from rlvr.runs.run_directory import Run
from rlvr.samplers.base import Sampler
from rlvr_eval.draw.crew import Crew, claim_device, rank_and_world
from rlvr_eval.draw.engine_room import tokens_needed
from rlvr_eval.draw.progress_listener import OnBar
from rlvr_eval.plan.evaluation import Evaluation, extent, missing
from rlvr_eval.plan.ledger import Ledger, is_of_earlier_rule
from rlvr_eval.plan.planning import models_of, plan, store_of
from rlvr_eval.probes.results import attach
from rlvr_eval.report.examples import collect
from rlvr_eval.report.html import write_report
from rlvr_eval.report.probe_tables import write_probes
from rlvr_eval.report.svg import curves_svg
from rlvr_eval.report.tables import write_summary
from rlvr_eval.store.draw_store import DrawStore
from rlvr_eval.store.problem_snapshot import remember
from rlvr_eval.summary import pass_at_k_under_marks
from rlvr_eval.summary.claims import state_findings
from rlvr_eval.summary.run_description import about
from rlvr_eval.summary.run_summary import summarise

logger = logging.getLogger(__name__)


def evaluate(run: Run, settings: Settings, *, processes: int | None = None) -> int:
    """Evaluate the base and every complete checkpoint that is not evaluated yet.

    Args:
        processes: that sample at once; None takes one per core, or one per group of GPUs.

    Returns:
        How many evaluations were due.

    Raises:
        UserError: if model, benchmark or design cannot be had.
    """
    claim_device(settings.engine.tensor_parallel_size)
    evaluations = plan(models_of(run, settings.beside), settings, store_of(run))
    crew = crew_for(settings, processes=processes, evaluations=evaluations)
    return carry_out(run, evaluations, crew)


def crew_for(
    settings: Settings,
    *,
    processes: int | None = None,
    evaluations: Sequence[Evaluation] = (),
) -> Crew:
    """Who samples under these settings, as `evaluate` says.

    Args:
        evaluations: that vLLM's engine makes room for, and no more; without any it makes room for
            the model's whole context.
    """
    from rlvr.samplers import selection

    gpus_each = settings.engine.tensor_parallel_size
    claim_device(gpus_each)
    engine = settings.engine
    if evaluations and selection.choice(settings.sampler).name == "vllm":
        engine = engine.with_room_for(tokens_needed(evaluations))
    factory = partial(selection.sampler, settings.sampler, engine)
    return Crew(factory(), factory, processes, gpus_each)


def carry_out(
    run: Run,
    evaluations: Sequence[Evaluation],
    crew: Crew,
    *,
    ledger: Ledger | None = None,
) -> int:
    """Draw what the evaluations lack and note them as finished; how many lacked something.

    Args:
        ledger: where they are noted; the run's own unless given.
    """
    for folder in (run.path, (ledger or Ledger(run)).folder, run.path / "problems"):
        remove_unfinished(folder)
    for evaluation in evaluations:
        remember(run, evaluation.benchmark, evaluation.revision, evaluation.problems)
        _tell_of_earlier_draws(run, evaluation, crew.sampler)
        draws = evaluation.draws(crew.sampler)
        draws.remove_unfinished()
        draws.check()
    due = [evaluation for evaluation in evaluations if missing(evaluation, crew.sampler)]
    if due:
        with stage(f"evaluate {run.name}", 0) as bar:
            crew.work(due, on_bar(bar, due, crew))
    for evaluation in evaluations:
        # of many ranks, whoever finds nothing left to draw notes it
        if not missing(evaluation, crew.sampler):
            key = evaluation.key(crew.sampler).fields()
            (ledger or Ledger(run)).record(evaluation, key, evaluation.verdict_version)
    return len(due)


def _tell_of_earlier_draws(run: Run, evaluation: Evaluation, sampler: Sampler) -> None:
    """Draws that went on behind the template's end markers are not counted as such that stopped."""
    key = evaluation.key(sampler).fields()
    if "end_ids" not in key or DrawStore(evaluation.store, key).folder.exists():
        return
    before = {name: value for name, value in key.items() if name != "end_ids"}
    if DrawStore(evaluation.store, before).folder.exists():
        logger.warning(
            "%s on %s: its stored draws were not stopped at the end markers of prompt %s, so it is "
            "drawn anew. To count the stored ones up to there instead, run: rlvr eval %s --regrade",
            evaluation.model.name,
            evaluation.benchmark,
            evaluation.prompt,
            run.path,
        )


def on_bar(bar: Stage, due: Sequence[Evaluation], crew: Crew) -> OnBar:
    """The listener that shows evaluations on a bar, as long as all of them together."""
    extents = [extent(evaluation, crew.sampler) for evaluation in due]
    return OnBar(bar, extents, world=rank_and_world()[1])


def report(run: Run, *, stream: TextIO = sys.stdout) -> dict[str, Any]:
    """Write summary.json and report.html from the stored draws, and print the table.

    Raises:
        UserError: if nothing was evaluated yet, or draws are missing.
    """
    ledger = Ledger(run)
    outcomes = ledger.outcomes()
    if any(map(is_of_earlier_rule, ledger.entries())):
        logger.warning(
            "%s: some verdicts are on answers that an earlier version read by another rule; run: "
            "rlvr eval %s --regrade",
            run.name,
            run.path,
        )
    summary = summarise(outcomes, about(run))
    attach(summary, run, outcomes)
    state_findings(summary)  # what probes found may be claimed too, so it is in the same family
    pass_at_k_under_marks.attach(summary, run, zip(ledger.entries(), outcomes, strict=True))
    examples = collect(run, ledger.entries(), store_of(run))
    write_json(run.path / "summary.json", summary)
    write_atomically(run.path / "pass-at-k.svg", curves_svg(summary))
    write_report(summary, examples, run.path / "report.html")
    write_summary(summary, stream)
    write_probes(summary, stream)
    return summary
