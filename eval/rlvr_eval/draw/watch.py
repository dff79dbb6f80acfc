"""Follow a training run: evaluate its base and every checkpoint as soon as it is there.

The watcher is registered (`rlvr.runs.watchers`), so that training waits with deleting a checkpoint
until it is evaluated. It ends when training has finished and everything is evaluated; interrupted,
the same command goes on.
"""

import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rlvr.core.errors import UserError
from rlvr.recipes.evaluation_section import Evaluation as Settings
from rlvr.recipes.recipe import checked_name
from rlvr.runs.run_directory import Run
from rlvr.runs.watchers import Watcher
from rlvr_eval.draw.crew import Crew
from rlvr_eval.draw.drawing import carry_out
from rlvr_eval.plan.arrivals import Arrivals, has_ended
from rlvr_eval.plan.evaluation import Model, missing
from rlvr_eval.plan.named_models_folder import is_given
from rlvr_eval.plan.planning import base_among, models_of, plan, store_of

logger = logging.getLogger(__name__)

POLL_S = 10.0
TELL_S = 60.0


@dataclass(frozen=True)
class Until:
    """When a watch of another trainer's checkpoints ends, besides that trainer's own last step.

    Attributes:
        step: a model of this step or a later one is evaluated.
        idle_s: nothing new came for so long.
    """

    step: int | None = None
    idle_s: float | None = None


def wait_for_start(run: Run, *, poll_s: float = POLL_S, tell_s: float = TELL_S) -> bool:
    """Wait until training has made the directory; True if that took any waiting.

    What is waited for is told at once, and every `tell_s` seconds.

    Raises:
        UserError: where no training can make it.
    """
    _refuse_impossible(run.path)
    if is_given(run):
        return False
    waited, teller = False, _Teller(tell_s)
    while not (run.path / "recipe.yaml").is_file():
        waited = True
        teller.tell(f"waiting for a training to begin in {run.path} (rlvr train writes it)")
        time.sleep(poll_s)
    return waited


def _refuse_impossible(path: Path) -> None:
    for place in (path, *path.parents):
        if os.path.lexists(place):
            if not place.is_dir():
                raise UserError(f"{place}: is no folder, so that no training can write a run there")
            break
    else:
        return
    if not path.is_dir():
        try:
            checked_name(path.name)
        except ValueError as fault:
            raise UserError(f"{path}: no training can write a run there: {fault}") from None


def watch(
    run: Run,
    settings: Settings,
    crew: Crew,
    *,
    evaluated: Callable[[Run], None],
    until: Until | None = None,
    poll_s: float = POLL_S,
) -> dict[str, str]:
    """Evaluate until training has finished and nothing is left; `evaluated` after every model.

    A directory of models that were named has no end of its own: it is watched until its trainer
    has made its last step, or until `until` says so.

    Returns:
        Models that could not be read in the end, and why.

    Raises:
        UserError: if model, benchmark or design cannot be had.
    """
    until, arrivals = until or Until(), Arrivals()
    done: set[str] = set()
    last_news, teller, over = time.monotonic(), _Teller(TELL_S), _Over()
    with Watcher(run) as watcher:
        while True:
            # asked before looking: a checkpoint that comes in between is found in the next round
            is_last = bool(run.manifest().get("finished")) if not is_given(run) else False
            unreadable: dict[str, str] = {}
            found = models_of(run, settings.beside, unreadable)
            waits = unreadable | _moving(run, found, arrivals)
            for model in found:
                if model.weights in done or model.name in waits:
                    continue
                evaluations = plan([model], settings, store_of(run), base=base_among(found))
                carry_out(run, evaluations, crew)
                if not any(missing(evaluation, crew.sampler) for evaluation in evaluations):
                    done.add(model.weights)
                    last_news = time.monotonic()
                    # what is none of the run's may be called like one of its checkpoints
                    if not model.ref.is_base and not model.beside:
                        watcher.evaluated(model.folder.name)
                    evaluated(run)
            is_idle = until.idle_s is not None and time.monotonic() - last_news >= until.idle_s
            over.look(is_given(run) and _is_over(found, done, until))
            if is_last or is_idle or over.holds(waits, found):
                return unreadable
            teller.tell(_waiting_for(run, waits))
            time.sleep(poll_s)


class _Teller:
    """Logs a sentence when it is new, and again after a while."""

    def __init__(self, every_s: float) -> None:
        self._every_s, self._told, self._at = every_s, "", 0.0

    def tell(self, sentence: str) -> None:
        if sentence != self._told or time.monotonic() - self._at >= self._every_s:
            self._told, self._at = sentence, time.monotonic()
            logger.warning("%s", sentence)


class _Over:
    """Whether a foreign training is over: what is still not whole gets a while to become so."""

    def __init__(self) -> None:
        self._since: float | None = None

    def look(self, is_over: bool) -> None:
        self._since = (self._since or time.monotonic()) if is_over else None

    def holds(self, waits: Mapping[str, str], found: Sequence[Model]) -> bool:
        if self._since is None or any(model.name in waits for model in found):
            return False
        return not waits or time.monotonic() - self._since >= TELL_S


def _moving(run: Run, found: Sequence[Model], arrivals: Arrivals) -> dict[str, str]:
    """Find models of another trainer that may still change; ours are marked when complete."""
    if not is_given(run):
        return {}
    return {m.name: "its files are still changing" for m in found if not arrivals.at_rest(m)}


def _is_over(found: Sequence[Model], done: set[str], until: Until) -> bool:
    trained = [model for model in found if model.step and not model.beside]
    if not trained or any(model.weights not in done for model in found):
        return False
    if until.step is not None and max(model.step for model in trained) >= until.step:
        return True
    return has_ended(model.folder for model in trained)


def _waiting_for(run: Run, waits: Mapping[str, str]) -> str:
    named = "; ".join(f"{name}: {reason}" for name, reason in sorted(waits.items()))
    return f"{run.path}: waiting for {named or 'further checkpoints'}"
