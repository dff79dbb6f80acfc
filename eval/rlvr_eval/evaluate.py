"""Checkpoint by benchmark to verdicts: what is due is drawn, verified and stored; the rest is done.

An `Evaluation` is one model on one benchmark. `work` does a share of several: for each it asks the
store which draws the design still needs, samples them, verifies them beside the sampling, and
appends both. It can be killed at any moment and started again: what was stored is not drawn again.
Shares are problems `rank, rank + world, ..`; seeds belong to problem and index, so any number of
processes together make the draws that one would make.
"""

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np

from rlvr import prompts, verifiers
from rlvr.records import Attempt, Completion, Outcome, Problem, Verdict
from rlvr.samplers.base import Sampler, SampleRequest, SamplingParams, draw_seed
from rlvr.verifiers import Verifier
from rlvr_eval.design import Design, Progress
from rlvr_eval.keys import DrawKey
from rlvr_eval.store import DrawStore

logger = logging.getLogger(__name__)

SHARD_DRAWS = 4096
VERIFY_TIMEOUT_S = 2.0


@dataclass(frozen=True)
class Model:
    """What is evaluated: a folder of weights under a name.

    Attributes:
        step: the training step it was saved at; 0 for the base.
        weights: its hash.
    """

    name: str
    step: int
    folder: Path
    weights: str


@dataclass(frozen=True)
class Evaluation:
    """One model on one benchmark under one design.

    Attributes:
        revision: of the benchmark, as `rlvr.problems.revision_of` gives it.
        prompt: name of the template.
        verifier: name of the verifier.
        store: root of the store.
    """

    model: Model
    benchmark: str
    revision: str
    problems: tuple[Problem, ...]
    prompt: str
    verifier: str
    sampling: SamplingParams
    design: Design
    run_seed: int
    store: Path

    def key(self, sampler: Sampler) -> DrawKey:
        """The draw key of this evaluation when this sampler draws."""
        return DrawKey(
            weights=self.model.weights,
            benchmark=self.benchmark,
            revision=self.revision,
            prompt=self.prompt,
            sampling=self.sampling,
            context_length=context_length(self.model.folder),
            dtype=sampler.dtype,
            sampler=sampler.identity,
            run_seed=self.run_seed,
        )


def context_length(folder: Path) -> int:
    """Tokens that the model takes, prompt and completion together; 0 where its config is silent."""
    config = json.loads((folder / "config.json").read_text())
    return int(config.get("max_position_embeddings") or 0)


def progress(evaluation: Evaluation, store: DrawStore, verifier: Verifier) -> dict[str, Progress]:
    """Where every problem stands, replayed from the stored verdicts in index order."""
    outcomes = store.verdicts(verifier.version).by_problem()
    nothing = np.array([], dtype=object)
    return {
        problem.id: evaluation.design.replay(outcomes.get(problem.id, nothing) == Outcome.CORRECT)
        for problem in evaluation.problems
    }


def work(
    evaluations: Sequence[Evaluation],
    sampler: Sampler,
    *,
    rank: int = 0,
    world: int = 1,
    drawn: Callable[[int], None] = lambda draws: None,
) -> None:
    """Draw and verify a share of everything that is due; `drawn` is told of stored draws."""
    loaded: Path | None = None
    for evaluation in evaluations:
        desk = _Desk(evaluation, sampler, rank, world)
        desk.verify_leftovers()
        while requests := desk.due():
            if loaded != evaluation.model.folder:
                sampler.load(evaluation.model.folder)
                loaded = evaluation.model.folder
            desk.draw(requests, drawn)


class _Desk:
    """One process's share of one evaluation."""

    def __init__(self, evaluation: Evaluation, sampler: Sampler, rank: int, world: int) -> None:
        self._evaluation = evaluation
        self._sampler = sampler
        self._verifier = verifiers.get(evaluation.verifier)
        self._store = DrawStore(evaluation.store, evaluation.key(sampler))
        self._problems = {problem.id: problem for problem in evaluation.problems}
        self._share = evaluation.problems[rank::world]
        self._is_first = rank == 0
        self._store.check()

    @cached_property
    def _prompts(self) -> dict[str, str]:
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(self._evaluation.model.folder)
        template = self._evaluation.prompt
        return {p.id: prompts.render(template, p, tokenizer) for p in self._share}

    def due(self) -> list[SampleRequest]:
        """The draws that the design needs next of this share's problems."""
        standing = progress(self._evaluation, self._store, self._verifier)
        return [
            self._request(problem, there.n, there.due)
            for problem in self._share
            if not (there := standing[problem.id]).stopped
        ]

    def draw(self, requests: Sequence[SampleRequest], drawn: Callable[[int], None]) -> None:
        """Sample, verify and store; a shard is verified while the next one is sampled."""
        completions = self._sampler.sample(requests, self._evaluation.sampling)
        with ThreadPoolExecutor(max_workers=1) as background:
            pending: Future[None] | None = None
            for shard in _chunks(completions, SHARD_DRAWS):
                if pending is not None:
                    pending.result()
                pending = background.submit(self._keep, shard, drawn)
            if pending is not None:
                pending.result()

    def verify_leftovers(self) -> None:
        """Verify draws that were stored before a crash, or by an older verifier."""
        if not self._is_first:
            return
        for shard, stored in self._store.unverified(self._verifier.version):
            known = [completion for completion in stored if completion.problem_id in self._problems]
            self._store.append_verdicts(shard, known, self._verify(known), self._verifier.version)

    def _request(self, problem: Problem, start: int, stop: int) -> SampleRequest:
        evaluation = self._evaluation
        seed = draw_seed(evaluation.run_seed, evaluation.model.weights, problem.id)
        prompt = self._prompts[problem.id]
        return SampleRequest(problem.id, prompt, seed, start, stop, problem.images)

    def _keep(self, completions: list[Completion], drawn: Callable[[int], None]) -> None:
        self._store.append(completions, self._verify(completions), self._verifier.version)
        drawn(len(completions))

    def _verify(self, completions: Sequence[Completion]) -> list[Verdict]:
        attempts = [self._attempt(completion) for completion in completions]
        return self._verifier.verify(attempts, timeout_s=VERIFY_TIMEOUT_S)

    def _attempt(self, completion: Completion) -> Attempt:
        """The completion up to its first end marker; only what has none can be truncated."""
        text = prompts.cut(completion.text, self._evaluation.prompt)
        ran_out = completion.finish_reason == "length" and len(text) == len(completion.text)
        return Attempt(self._problems[completion.problem_id], text, truncated=ran_out)


def _chunks(completions: Iterator[Completion], size: int) -> Iterator[list[Completion]]:
    while chunk := list(islice(completions, size)):
        yield chunk
