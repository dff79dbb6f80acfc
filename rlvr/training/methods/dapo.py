"""DAPO (Yu et al. 2025, arXiv:2503.14476): GRPO that samples until every group teaches something.

Four changes to GRPO: a higher upper clip (`epsilon_high`), the mean over tokens (`loss_type`), both
TRL's; a penalty for overlong completions (`rewards.overlong`); and dynamic sampling, which is
here. Groups whose decided completions are all right or all wrong are dropped, judged by correctness
and not by the reward with its penalty, and further prompts are sampled until the batch is full: in
each round as many groups as are missing, divided by the share that was kept so far. After
`dapo.max_rounds` rounds the run ends and says so.

Further prompts are drawn from a generator keyed by seed, step, round and generation, so that a
resumed run draws the same ones. Where several generations make one step, no problem is sampled
twice in it while there are others: a later generation's prompt that an earlier one has taken as a
further one is replaced.
"""

import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from itertools import compress
from typing import Any

import numpy as np
import torch
from torch import Tensor
from trl import GRPOConfig

from rlvr.core.errors import UserError
from rlvr.recipes.recipe import Recipe
from rlvr.training.methods import rl
from rlvr.training.methods.method import Method, by_rules
from rlvr.training.trainers.job import Job
from rlvr.training.trainers.ragged import gathered
from rlvr.training.trainers.verified_grpo import Rollout, VerifiedTrainer

_TOKEN_MEANS = ("dapo", "bnpo")


def is_mixed(correctness: Tensor) -> Tensor:
    """Return which groups have a right and a wrong completion among the decided ones.

    `correctness`: 1, 0 or NaN, shape (groups, completions of one prompt).
    """
    return (correctness == 1).any(1) & (correctness == 0).any(1)


@dataclass
class _Sampled:
    """One rollout under way, over all processes, which all hold the same.

    Attributes:
        problems: of kept completions.
        prompt_ids, ids: tokens of kept completions and their prompts.
        logprobs: the sampler's, of kept completions; empty where it gives none.
        rewards: of kept completions, shape (completions, reward functions) in pieces.
        tried: problems that were sampled in this optimizer step.
        correctness: of all completions sampled, kept or not, in pieces.
    """

    problems: list[int] = field(default_factory=list)
    prompt_ids: list[Tensor] = field(default_factory=list)
    ids: list[Tensor] = field(default_factory=list)
    logprobs: list[Tensor] = field(default_factory=list)
    rewards: list[Tensor] = field(default_factory=list)
    tried: set[int] = field(default_factory=set)
    correctness: list[Tensor] = field(default_factory=list)


def further_groups(missing: int, *, kept: int, sampled: int, at_most: int, multiple: int) -> int:
    """Count the groups to sample next, assuming the share kept so far.

    Args:
        missing: groups that the batch lacks.
        kept: of those that were `sampled`; taken for 1 while there is none.
        at_most: groups; more only to reach a multiple.
        multiple: of groups, whose completions the processes share evenly.
    """
    groups = min(math.ceil(missing * sampled / max(kept, 1)), at_most)
    return math.ceil(groups / multiple) * multiple


class DynamicSamplingTrainer(VerifiedTrainer):
    """GRPO on groups that are neither all right nor all wrong.

    Rounds are sampled and verified by TRL's own methods; what they kept is then handed to TRL in
    place of a generation and its rewards.
    """

    def __init__(self, job: Job) -> None:
        assert job.recipe.dapo is not None
        self.__max_rounds = job.recipe.dapo.max_rounds
        self.__kept: tuple[Any, ...] | None = None
        self.__kept_rewards: Tensor | None = None
        self.__step_of_tried, self.__generation = -1, 0
        self.__tried: set[int] = set()
        super().__init__(job)
        problems = self.train_dataset["problem"]
        self.__position = {problem: at for at, problem in enumerate(problems)}

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> Rollout:
        count = len(inputs)
        self._begin_generation()
        sampled = self._sample_until_full(self._without_repeats(inputs))
        start = count * self.accelerator.process_index
        own = slice(start, start + count)
        inputs = [self.train_dataset[self.__position[at]] for at in sampled.problems[own]]
        prompt_ids, ids = (_lists(rows[own]) for rows in (sampled.prompt_ids, sampled.ids))
        logprobs = _lists(sampled.logprobs[own]) if sampled.logprobs else None
        texts = self.processing_class.batch_decode(ids, skip_special_tokens=True)
        self.__kept = (prompt_ids, ids, None, texts, logprobs, {}, None, [])
        self.__kept_rewards = torch.cat(sampled.rewards)[: count * self.accelerator.num_processes]
        return super()._generate_and_score_completions(inputs)

    def _generate(self, prompts: list[Any]) -> tuple[Any, ...]:
        if self.__kept is None:
            return super()._generate(prompts)
        kept, self.__kept = self.__kept, None
        return kept

    def _calculate_rewards(self, *args: Any, **kwargs: Any) -> Tensor:
        if self.__kept_rewards is None:
            return super()._calculate_rewards(*args, **kwargs)
        kept, self.__kept_rewards = self.__kept_rewards, None
        return self.note(kept)

    def _begin_generation(self) -> None:
        """Count the generations of a step; a checkpoint is never written between two of them."""
        if self.__step_of_tried == self.state.global_step:
            self.__generation += 1
        else:
            self.__step_of_tried, self.__generation, self.__tried = self.state.global_step, 0, set()

    def _without_repeats(self, inputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Replace problems in the batch that this step has sampled already."""
        given = dict.fromkeys(self._problems_everywhere(inputs))
        repeated = [problem for problem in given if problem in self.__tried]
        if not repeated:
            return inputs
        others = self._drawn(len(repeated), self.__tried | given.keys(), number=0)
        replacement = dict(zip(repeated, others, strict=True))
        return [replacement.get(row["problem"], row) for row in inputs]

    def _problems_everywhere(self, inputs: list[dict[str, Any]]) -> list[int]:
        """Gather the problems of all processes' inputs, equal on each."""
        own = torch.tensor([row["problem"] for row in inputs], device=self.accelerator.device)
        found: list[int] = self.accelerator.gather(own).tolist()
        return found

    def _sample_until_full(self, inputs: list[dict[str, Any]]) -> _Sampled:
        sampled = _Sampled(tried=self.__tried)
        wanted = len(inputs) * self.accelerator.num_processes
        for number in range(self.__max_rounds):
            if number:
                inputs = self._further(self._still_needed(sampled, wanted), sampled.tried, number)
            self._sample_round(inputs, sampled)
            if len(sampled.problems) >= wanted:
                self._log_sampling(sampled, wanted)
                return sampled
        raise UserError(self._exhausted(sampled, wanted))

    def _still_needed(self, sampled: _Sampled, wanted: int) -> int:
        """Count the groups of the next round."""
        size, processes = self.num_generations, self.accelerator.num_processes
        return further_groups(
            (wanted - len(sampled.problems)) // size,
            kept=len(sampled.problems) // size,
            sampled=sum(len(of_round) for of_round in sampled.correctness) // size,
            at_most=wanted // size,
            multiple=processes // math.gcd(size, processes),
        )

    def _sample_round(self, inputs: list[dict[str, Any]], sampled: _Sampled) -> None:
        """Sample and verify completions of these inputs, and keep the mixed groups."""
        prompts = [row["prompt"] for row in inputs]
        prompt_ids, ids, _, texts, logprobs, *_ = super()._generate(prompts)
        rewards = super()._calculate_rewards(inputs, prompts, texts, ids)
        keep = is_mixed(self.in_groups(self.correctness)).repeat_interleave(self.num_generations)
        everywhere = self._problems_everywhere(inputs)
        kept = list(compress(range(len(inputs)), self.of_this_process(keep).tolist()))
        sampled.prompt_ids += self._gathered(prompt_ids, kept, torch.int32)
        sampled.ids += self._gathered(ids, kept, torch.int32)
        if logprobs is not None:
            sampled.logprobs += self._gathered(_without_none(logprobs), kept, torch.float32)
        sampled.problems += compress(everywhere, keep.tolist())
        sampled.rewards.append(rewards[keep])
        sampled.tried |= set(everywhere)
        sampled.correctness.append(self.correctness)

    def _gathered(
        self, rows: Sequence[Sequence[float]], kept: Sequence[int], dtype: torch.dtype
    ) -> list[Tensor]:
        return gathered([rows[at] for at in kept], dtype, self.accelerator)

    def _further(self, groups: int, tried: Set[int], number: int) -> list[dict[str, Any]]:
        """Return this process's part of further groups, of untried problems if possible."""
        drawn = self._drawn(groups, tried, number=number)
        batch = [row for row in drawn for _ in range(self.num_generations)]
        count = len(batch) // self.accelerator.num_processes
        start = count * self.accelerator.process_index
        return batch[start : start + count]

    def _drawn(self, count: int, tried: Set[int], *, number: int) -> list[dict[str, Any]]:
        """Draw random problems, equal on every process; untried ones come first."""
        key = [self.args.seed, self.state.global_step, number, self.__generation]
        order = np.random.default_rng(key).permutation(len(self.train_dataset))
        was_tried = np.isin(np.asarray(self.train_dataset["problem"])[order], list(tried))
        chosen = np.resize(np.concatenate([order[~was_tried], order[was_tried]]), count)
        return [self.train_dataset[int(at)] for at in chosen]

    def _log_sampling(self, sampled: _Sampled, wanted: int) -> None:
        correctness = torch.cat(sampled.correctness)
        self.log_rollout("dapo/rounds", len(sampled.correctness))
        self.log_rollout("dapo/extra_completions", len(correctness) - wanted)
        self.log_rollout("dapo/kept_share", len(sampled.problems) / len(correctness))
        self.log_rollout("dapo/sampled_correctness", correctness.nanmean().item())

    def _exhausted(self, sampled: _Sampled, wanted: int) -> str:
        correctness, size = torch.cat(sampled.correctness), self.num_generations
        return (
            f"dynamic sampling stopped after dapo.max_rounds: {self.__max_rounds} rounds: of "
            f"{len(correctness) // size} groups sampled, {len(sampled.problems) // size} were "
            f"neither all right nor all wrong, and the batch needs {wanted // size} "
            f"({correctness.nanmean():.1%} of the completions are correct). "
            "Take problems nearer to what the model can do, more "
            "trainer.num_generations or a smaller batch; with more dapo.max_rounds the run goes on "
            "from its last checkpoint"
        )


def _lists(rows: Sequence[Tensor]) -> list[list[Any]]:
    return [row.tolist() for row in rows]


def _without_none(logprobs: Sequence[Sequence[float | None]]) -> list[list[float]]:
    """Replace None, which vLLM gives for a missing number, as TRL expects."""
    return [[math.nan if number is None else number for number in row] for row in logprobs]


def _no_token_mean(values: Mapping[str, Any], recipe: Recipe, world_size: int) -> list[str]:
    if values.get("loss_type") in _TOKEN_MEANS:
        return []
    return [
        f"trainer.loss_type: {values.get('loss_type')} is not a mean over tokens, as DAPO takes "
        "it; write dapo"
    ]


METHOD = Method(
    config_class=GRPOConfig,
    build=DynamicSamplingTrainer,
    # arXiv:2503.14476, section 4.1: clip ratios 0.2 and 0.28
    defaults={**rl.DEFAULTS, "loss_type": "dapo", "epsilon": 0.2, "epsilon_high": 0.28},
    faults=by_rules(rl.faults, _no_token_mean),
    resume_interval=rl.resume_interval,
)
