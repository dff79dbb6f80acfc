"""A sampler whose success probabilities are known, so that everything after it can be checked.

It stands in for an engine: the draws go through verifier, store, estimators and report as a model's
would, and what comes out can be held against the truth. Draw i of a problem is a function of its
seed alone, as with a real sampler. "Weights" are a file of one `Policy` per problem.

No model and no torch is involved.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rlvr.core.files import write_json
from rlvr.core.hashing import hex_digest
from rlvr.core.records import Completion
from rlvr.samplers.base import SampleRequest, SamplingParams
from rlvr_eval.plan.evaluation import Model

_POLICIES = "policies.json"


@dataclass(frozen=True, slots=True)
class Policy:
    """How one problem is answered.

    Attributes:
        p: probability of the correct completion.
        correct, wrong: the two completions, as the problem's verifier will judge them.
    """

    p: float
    correct: str
    wrong: str


def save(folder: Path, policies: Mapping[str, Policy], *, name: str, step: int) -> Model:
    """Write a checkpoint of the simulator: policies by problem id."""
    folder.mkdir(parents=True)
    write_json(folder / "config.json", {"max_position_embeddings": 1})
    write_json(folder / _POLICIES, {id: asdict(policy) for id, policy in policies.items()})
    content = (folder / _POLICIES).read_bytes()
    return Model(name, step, folder, hex_digest(content, 16))


class Simulator:
    """A `Sampler` that tosses coins.

    Args:
        draws_per_s: how fast completions come; 0 is as fast as they can be made.
    """

    identity = "simulator/1"
    dtype = "float64"

    def __init__(self, *, draws_per_s: float = 0.0) -> None:
        self._pause_s = 1 / draws_per_s if draws_per_s else 0.0
        self._policies: dict[str, Policy] = {}

    def load(self, checkpoint: Path) -> None:
        """Put a checkpoint's policies in place."""
        stored = json.loads((checkpoint / _POLICIES).read_text())
        self._policies = {id: Policy(**fields) for id, fields in stored.items()}

    def sample(
        self, requests: Sequence[SampleRequest], params: SamplingParams, *, logprobs: bool = False
    ) -> Iterator[Completion]:
        """Return every draw asked for, correct ones first, as if they were the short ones.

        An evaluation that counted completions in order of arrival would be far off.
        """
        made = [completion for request in requests for completion in self._draws(request)]
        for completion in sorted(made, key=self._is_wrong):
            if self._pause_s:
                time.sleep(self._pause_s)
            yield completion

    def score(
        self, prompts: Sequence[str], token_ids: Sequence[Sequence[int]]
    ) -> list[list[float]]:
        """Return no scores: there are no tokens."""
        raise NotImplementedError("the simulator has no tokens")

    def close(self) -> None:
        """Do nothing: nothing is held."""

    def _draws(self, request: SampleRequest) -> Iterator[Completion]:
        policy = self._policies[request.problem_id]
        indices = range(request.start, request.stop)
        is_correct = uniform(request.seed + np.array(indices, dtype=np.uint64)) < policy.p
        for index, correct in zip(indices, is_correct, strict=True):
            text = policy.correct if correct else policy.wrong
            yield Completion(request.problem_id, index, text, "stop")

    def _is_wrong(self, completion: Completion) -> bool:
        return completion.text != self._policies[completion.problem_id].correct


def uniform(seeds: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Compute one number in [0, 1) per seed by SplitMix64's mixing (Steele, Lea & Flood 2014)."""
    with np.errstate(over="ignore"):
        z = seeds + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(11)).astype(np.float64) * 2.0**-53
