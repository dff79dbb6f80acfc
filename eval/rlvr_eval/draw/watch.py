"""Follow a training run: evaluate its base and every checkpoint as soon as it is there.

The watcher is registered (`rlvr.runs.watchers`), so that training waits with deleting a checkpoint
until it is evaluated. It ends when training has finished and everything is evaluated; interrupted,
the same command goes on.
"""

import logging
import time
from collections.abc import Callable

from rlvr.recipes.recipe import Evaluation as Settings
from rlvr.runs.run_directory import Run
from rlvr.runs.watchers import Watcher
from rlvr_eval.draw.crew import Crew
from rlvr_eval.draw.drawing import carry_out
from rlvr_eval.plan.evaluation import missing
from rlvr_eval.plan.planning import base_among, models_of, plan, store_of

logger = logging.getLogger(__name__)

POLL_S = 10.0


def wait_for_start(run: Run, *, poll_s: float = POLL_S) -> bool:
    """Wait until training has made the directory; True if that took any waiting."""
    waited = False
    while not (run.path / "recipe.yaml").is_file():
        waited = True
        time.sleep(poll_s)
    return waited


def watch(
    run: Run,
    settings: Settings,
    crew: Crew,
    *,
    evaluated: Callable[[Run], None],
    poll_s: float = POLL_S,
) -> None:
    """Evaluate until training has finished and nothing is left; `evaluated` after every model.

    Raises:
        UserError: if model, benchmark or design cannot be had.
    """
    done: set[str] = set()
    with Watcher(run) as watcher:
        while True:
            # asked before looking: a checkpoint that comes in between is found in the next round
            is_last = bool(run.manifest().get("finished"))
            found = models_of(run, settings.beside)
            for model in found:
                if model.weights in done:
                    continue
                evaluations = plan([model], settings, store_of(run), base=base_among(found))
                carry_out(run, evaluations, crew)
                if not any(missing(evaluation, crew.sampler) for evaluation in evaluations):
                    done.add(model.weights)
                    # what is none of the run's may be called like one of its checkpoints
                    if not model.ref.is_base and not model.beside:
                        watcher.evaluated(model.folder.name)
                    evaluated(run)
            if is_last:
                return
            time.sleep(poll_s)
