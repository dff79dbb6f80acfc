"""Draw, verify and store what evaluations still need, alone or as one process of many.

For each evaluation `work` asks the store which draws the design still needs, samples those that are
its share's, verifies them beside the sampling, and appends both. It can be killed at any moment and
started again: what was stored is not drawn again, and where a shard was lost, only its draws are.

Processes do not talk; they read the same store. Where a design needs the others' draws before the
next look, a process waits for them, and where none come for long it makes them itself, so that a
process that died holds nobody up. A draw made twice is counted once.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property, partial
from pathlib import Path
from typing import NamedTuple

from rlvr import verifiers
from rlvr.core import disk
from rlvr.core.errors import UserError
from rlvr.core.ranges import ranges
from rlvr.core.records import Completion, Verdict
from rlvr.samplers.base import Sampler, SampleRequest
from rlvr.weights.sharded.cache import discard
from rlvr_eval.draw import disk_needed
from rlvr_eval.draw.progress_listener import Listener, Silent
from rlvr_eval.draw.sample_requests import Requests
from rlvr_eval.draw.verify_completions import verify
from rlvr_eval.draw.work_split import Share
from rlvr_eval.estimators.design import Progress
from rlvr_eval.plan.evaluation import Evaluation, Extent, missing

logger = logging.getLogger(__name__)

SHARD_DRAWS = 4096
# no crash costs more than this much sampling, however slowly completions come
SHARD_AGE_S = 60.0
# without a single new draw of any process: longer than the longest completions take
PATIENCE_S = 1800.0
_LONGEST_POLL_S = 5.0


def work(
    evaluations: Sequence[Evaluation],
    sampler: Sampler,
    *,
    rank: int = 0,
    world: int = 1,
    listener: Listener | None = None,
    patience_s: float = PATIENCE_S,
) -> None:
    """Do a share of everything that is due; as rank 0, stay until all of it is done.

    Raises:
        UserError: if weights do not fit, or draws are there that can no longer be verified.
        DiskFull: if there is no space to store draws; those stored before stay.
    """
    if evaluations:
        with disk.told(evaluations[0].store, partial(disk_needed.needed, evaluations, sampler)):
            _work(evaluations, sampler, rank, world, listener or Silent(), patience_s)


def _work(
    evaluations: Sequence[Evaluation],
    sampler: Sampler,
    rank: int,
    world: int,
    listener: Listener,
    patience_s: float,
) -> None:
    rounds = [(place, False) for place in range(len(evaluations))]
    if world > 1 and rank == 0:
        rounds += [(place, True) for place in range(len(evaluations))]
    loaded: Path | None = None
    for place, until_all_is_done in rounds:
        evaluation = evaluations[place]
        desk = _Desk(evaluation, sampler, rank, world, partial(listener.expects, place), listener)
        desk.verify_leftovers()
        patience = _Patience(patience_s)
        while (view := desk.look()).due or (
            view.is_open and (until_all_is_done or desk.waits_for_others)
        ):
            if not view.due:
                if patience.is_over(view.draws):
                    desk.take_over()
                continue
            if loaded != evaluation.model.folder:
                if loaded is not None:
                    discard_if_done(loaded, evaluations, sampler)
                sampler.load(evaluation.model.folder)
                loaded = evaluation.model.folder
            desk.draw(view.due)


def discard_if_done(folder: Path, evaluations: Sequence[Evaluation], sampler: Sampler) -> None:
    """Remove the merged copy of a checkpoint in parts once nothing more is to be drawn from it."""
    own = [each for each in evaluations if each.model.folder == folder]
    if any(each.keep_merged or missing(each, sampler) for each in own):
        return
    discard(folder)


class _Patience:
    """Waits a little longer each time nothing came, until it has been too long."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._seen, self._since, self._poll_s = -1, time.monotonic(), 0.1

    def is_over(self, draws: int) -> bool:
        """Wait for a moment; True once there has been no other number of draws for too long."""
        if draws != self._seen:
            self._seen, self._since, self._poll_s = draws, time.monotonic(), 0.1
        time.sleep(self._poll_s)
        self._poll_s = min(2 * self._poll_s, _LONGEST_POLL_S)
        return time.monotonic() - self._since > self._limit_s


class _View(NamedTuple):
    """The store as one process finds it.

    Attributes:
        due: draws that the design needs next and that are this process's.
        is_open: True where the design needs more draws, whosever they are.
        draws: that are there.
    """

    due: list[SampleRequest]
    is_open: bool
    draws: int


class _Desk:
    """One process's share of one evaluation."""

    def __init__(
        self,
        evaluation: Evaluation,
        sampler: Sampler,
        rank: int,
        world: int,
        expects: Callable[[int], None],
        listener: Listener,
    ) -> None:
        self._evaluation = evaluation
        self._sampler = sampler
        self._expects = expects
        self._listener = listener
        self._verifier = verifiers.get(evaluation.verifier)
        self._version, self._ends = evaluation.verdict_version, evaluation.ends
        self._requests = Requests(evaluation)
        self._store = evaluation.draws(sampler)
        self._problems = {problem.id: problem for problem in evaluation.problems}
        self._share = Share.of(rank, world, evaluation.design, len(evaluation.problems))

    @property
    def waits_for_others(self) -> bool:
        """Whether what is due at a later look hangs on draws of other processes."""
        design = self._evaluation.design
        return len(design.looks) > 1 and self._share.splits_problems(design)

    def take_over(self) -> None:
        """Make everything that is missing: whoever owned it is gone."""
        name = f"{self._evaluation.model.name} on {self._evaluation.benchmark}"
        logger.warning("%s: no draw came from the other processes; making them here", name)
        self._share = Share.of(0, 1, self._evaluation.design, len(self._problems))
        self.verify_leftovers()

    def look(self) -> _View:
        """Return what is stored, and what is due of it."""
        verdicts = self._store.verdicts(self._version)
        progress = self._evaluation.progress(self._store, verdicts)
        requests = [
            self._requests.draws(problem, start, stop)
            for position, (problem, there) in enumerate(
                zip(self._evaluation.problems, progress, strict=True)
            )
            if not there.stopped
            for start, stop in self._gaps(position, there, verdicts.indices(problem.id))
        ]
        self._expects(Extent.of(self._evaluation.design, progress).most)
        is_open = not all(there.stopped for there in progress)
        return _View(requests, is_open, len(verdicts))

    def draw(self, requests: Sequence[SampleRequest]) -> None:
        """Sample, verify and store; a shard is verified while the next one is sampled."""
        wanted = sum(request.stop - request.start for request in requests)
        completions = self._sampler.sample(requests, self._evaluation.drawn_with)
        drawn = 0
        with ThreadPoolExecutor(max_workers=1) as background:
            pending: Future[None] | None = None
            for shard in in_shards(completions):
                drawn += len(shard)
                if pending is not None:
                    pending.result()
                pending = background.submit(self._keep, shard)
            if pending is not None:
                pending.result()
        if drawn != wanted:
            # asking again would never end
            raise RuntimeError(f"{self._sampler.identity} made {drawn} draws of {wanted}")

    def verify_leftovers(self) -> None:
        """Verify stored draws of this share that this version of the verifier has not seen."""
        version = self._version
        for leftover in self._store.unverified(version, self._owns):
            if leftover.without_text:
                raise UserError(
                    f"{self._evaluation.model.name} on {self._evaluation.benchmark}: draws were "
                    f"stored without their text (keep_text) and never seen by {version}, "
                    f"{leftover.without_text} in {leftover.shard} alone. To draw only those again "
                    "would bias every number; evaluate under another evaluation.run_seed"
                )
            verdicts = self._verify(leftover.completions)
            self._store.append_verdicts(leftover.shard, leftover.completions, verdicts, version)

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {problem.id: at for at, problem in enumerate(self._evaluation.problems)}

    def _owns(self, problem_id: str, sample_index: int) -> bool:
        position = self._positions.get(problem_id)
        return position is not None and self._share.owns(position, sample_index)

    def _gaps(
        self, position: int, there: Progress, stored: frozenset[int]
    ) -> Iterator[tuple[int, int]]:
        """Yield ranges of draws that are due, not stored, and this share's."""
        due = range(there.n, there.due)
        return ranges([i for i in due if i not in stored and self._share.owns(position, i)])

    def _keep(self, completions: list[Completion]) -> None:
        verdicts = self._verify(completions)
        has_text = self._evaluation.keep_text.keeps(completions, verdicts)
        self._store.append(completions, verdicts, self._version, has_text=has_text)
        self._listener.stored(len(completions))

    def _verify(self, completions: Sequence[Completion]) -> list[Verdict]:
        return verify(
            self._verifier,
            completions,
            self._problems,
            self._ends,
            timeout_s=self._evaluation.verify_timeout_s,
        )


def in_shards(
    completions: Iterable[Completion], *, draws: int = SHARD_DRAWS, age_s: float = SHARD_AGE_S
) -> Iterator[list[Completion]]:
    """Yield completions in lists of `draws`, or fewer where those take longer than `age_s`.

    What was drawn before a failure or an interruption is handed on before that is raised.
    """
    shard: list[Completion] = []
    began = time.monotonic()
    try:
        for completion in completions:
            shard.append(completion)
            if len(shard) == draws or time.monotonic() - began > age_s:
                yield shard
                shard, began = [], time.monotonic()
    except (Exception, KeyboardInterrupt):
        if shard:
            yield shard
        raise
    if shard:
        yield shard
