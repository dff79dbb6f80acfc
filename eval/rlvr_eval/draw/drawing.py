"""The verb `eval` as a function: plans, draws, verifies, and notes what is done."""

import logging
from collections.abc import Sequence
from functools import partial

from rlvr.core.files import remove_unfinished
from rlvr.core.launched import rank_and_world
from rlvr.core.progress import Stage, stage
from rlvr.recipes.evaluation_section import Evaluation as Settings
from rlvr.runs.run_directory import Run
from rlvr.samplers.base import Sampler
from rlvr_eval.draw.crew import Crew, claim_device
from rlvr_eval.draw.engine_room import tokens_needed
from rlvr_eval.draw.progress_listener import OnBar
from rlvr_eval.draw.worker import discard_if_done
from rlvr_eval.plan.evaluation import Evaluation, extent, missing
from rlvr_eval.plan.ledger import Ledger
from rlvr_eval.plan.planning import models_of, plan, store_of
from rlvr_eval.store.draw_store import DrawStore
from rlvr_eval.store.problem_snapshot import remember

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
    """Choose who samples under these settings, as `evaluate` says.

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
    for folder in dict.fromkeys(evaluation.model.folder for evaluation in evaluations):
        discard_if_done(folder, evaluations, crew.sampler)
    return len(due)


def _tell_of_earlier_draws(run: Run, evaluation: Evaluation, sampler: Sampler) -> None:
    """Log that draws past the template's end markers are not counted as stopped."""
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
    """Return the listener that shows evaluations on a bar as long as all of them together."""
    extents = [extent(evaluation, crew.sampler) for evaluation in due]
    return OnBar(bar, extents, world=rank_and_world()[1])
