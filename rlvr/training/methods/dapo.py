"""DAPO (Yu et al. 2025, arXiv:2503.14476): GRPO that samples until every group teaches something.

Four changes to GRPO: a higher upper clip (`epsilon_high`), the mean over tokens (`loss_type`), both
TRL's; a penalty for overlong completions (`rewards.overlong`); and dynamic sampling, which is
here. Groups whose decided completions are all right or all wrong are dropped, judged by correctness
and not by the reward with its penalty, and further prompts are sampled, a batch at a time, until
the batch is full. After `dapo.max_rounds` rounds the run ends and says so.

Further prompts are drawn from a generator keyed by seed, step, round and generation, so that a
resumed run draws the same ones. Where several generations make one step, no problem is sampled
twice in it while there are others: a later generation's prompt that an earlier one has taken as a
further one is replaced.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from accelerate.utils import gather_object
from torch import Tensor
from trl import GRPOConfig

from rlvr.core.errors import UserError
from rlvr.recipes.recipe import Recipe
from rlvr.training.methods import rl
from rlvr.training.methods.method import Method, by_rules
from rlvr.training.trainers.job import Job
from rlvr.training.trainers.verified_grpo import Rollout, VerifiedTrainer

_TOKEN_MEANS = ("dapo", "bnpo")


def is_mixed(correctness: Tensor) -> Tensor:
    """Which groups have a right and a wrong completion among those decided.

    `correctness`: 1, 0 or NaN, shape (groups, completions of one prompt).
    """
    return (correctness == 1).any(1) & (correctness == 0).any(1)


@dataclass
class _Sampled:
    """One rollout under way, over all processes.

    Attributes:
        rows: of kept completions: (input, prompt ids, ids, text, sampler log-probs or None).
        rewards: of kept completions, shape (completions, reward functions) in pieces.
        tried: problems that were sampled in this optimizer step.
        correctness: of all completions sampled, kept or not, in pieces.
    """

    rows: list[tuple[Any, ...]] = field(default_factory=list)
    rewards: list[Tensor] = field(default_factory=list)
    tried: set[int] = field(default_factory=set)
    correctness: list[Tensor] = field(default_factory=list)


class DynamicSamplingTrainer(VerifiedTrainer):
    """GRPO on groups that are neither all right nor all wrong.

    Rounds are sampled and verified by TRL's own methods; what they kept is then handed to TRL in
    place of a generation and its rewards.
    """

    def __init__(self, job: Job) -> None:
        assert job.recipe.dapo is not None
        self._max_rounds = job.recipe.dapo.max_rounds
        self._kept: tuple[Any, ...] | None = None
        self._kept_rewards: Tensor | None = None
        self._step_of_tried, self._generation = -1, 0
        self._tried: set[int] = set()
        super().__init__(job)

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> Rollout:
        count = len(inputs)
        self._begin_generation()
        inputs = self._without_repeats(inputs)
        sampled = self._sample_until_full(inputs)
        start = count * self.accelerator.process_index
        own = sampled.rows[start : start + count]
        inputs, prompt_ids, ids, texts, logprobs = (
            list(column) for column in zip(*own, strict=True)
        )
        sampler_logprobs = None if logprobs[0] is None else logprobs
        self._kept = (prompt_ids, ids, None, texts, sampler_logprobs, {}, None, [])
        self._kept_rewards = torch.cat(sampled.rewards)[: count * self.accelerator.num_processes]
        return super()._generate_and_score_completions(inputs)

    def _generate(self, prompts: list[Any]) -> tuple[Any, ...]:
        if self._kept is None:
            return super()._generate(prompts)
        kept, self._kept = self._kept, None
        return kept

    def _calculate_rewards(self, *args: Any, **kwargs: Any) -> Tensor:
        if self._kept_rewards is None:
            return super()._calculate_rewards(*args, **kwargs)
        kept, self._kept_rewards = self._kept_rewards, None
        return self.note(kept)

    def _begin_generation(self) -> None:
        """Count the generations of a step; a checkpoint is never written between two of them."""
        if self._step_of_tried == self.state.global_step:
            self._generation += 1
        else:
            self._step_of_tried, self._generation, self._tried = self.state.global_step, 0, set()

    def _without_repeats(self, inputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The batch, with other problems in place of those that this step has sampled already."""
        given = dict.fromkeys(row["problem"] for row in gather_object(inputs))
        repeated = [problem for problem in given if problem in self._tried]
        if not repeated:
            return inputs
        others = self._drawn(len(repeated), self._tried | given.keys(), number=0)
        replacement = dict(zip(repeated, others, strict=True))
        return [replacement.get(row["problem"], row) for row in inputs]

    def _sample_until_full(self, inputs: list[dict[str, Any]]) -> _Sampled:
        sampled = _Sampled(tried=self._tried)
        wanted = len(inputs) * self.accelerator.num_processes
        for number in range(self._max_rounds):
            self._sample_round(
                self._further(inputs, sampled, number) if number else inputs, sampled
            )
            if len(sampled.rows) >= wanted:
                self._log_sampling(sampled, wanted)
                return sampled
        raise UserError(self._exhausted(sampled, wanted))

    def _sample_round(self, inputs: list[dict[str, Any]], sampled: _Sampled) -> None:
        """Sample and verify one batch, and keep its mixed groups."""
        prompts = [row["prompt"] for row in inputs]
        prompt_ids, ids, _, texts, logprobs, *_ = super()._generate(prompts)
        rewards = super()._calculate_rewards(inputs, prompts, texts, ids)
        logprobs = logprobs or [None] * len(inputs)
        rows = gather_object(list(zip(inputs, prompt_ids, ids, texts, logprobs, strict=True)))
        keep = is_mixed(self.in_groups(self.correctness)).repeat_interleave(self.num_generations)
        sampled.rows += [row for row, kept in zip(rows, keep.tolist(), strict=True) if kept]
        sampled.rewards.append(rewards[keep])
        sampled.tried |= {row[0]["problem"] for row in rows}
        sampled.correctness.append(self.correctness)

    def _further(
        self, inputs: list[dict[str, Any]], sampled: _Sampled, number: int
    ) -> list[dict[str, Any]]:
        """This process's part of another batch; of problems not tried while there are any."""
        count = len(inputs)
        groups = count * self.accelerator.num_processes // self.num_generations
        drawn = self._drawn(groups, sampled.tried, number=number)
        batch = [row for row in drawn for _ in range(self.num_generations)]
        start = count * self.accelerator.process_index
        return batch[start : start + count]

    def _drawn(self, count: int, tried: Set[int], *, number: int) -> list[dict[str, Any]]:
        """Problems at random, the same on every process: those not tried come first."""
        key = [self.args.seed, self.state.global_step, number, self._generation]
        order = np.random.default_rng(key).permutation(len(self.train_dataset))
        was_tried = np.isin(np.asarray(self.train_dataset["problem"])[order], list(tried))
        chosen = np.resize(np.concatenate([order[~was_tried], order[was_tried]]), count)
        return [self.train_dataset[int(at)] for at in chosen]

    def _log_sampling(self, sampled: _Sampled, wanted: int) -> None:
        correctness = torch.cat(sampled.correctness)
        self.log_rollout("dapo/rounds", len(sampled.correctness))
        self.log_rollout("dapo/extra_completions", len(correctness) - wanted)
        self.log_rollout("dapo/kept_share", len(sampled.rows) / len(correctness))
        self.log_rollout("dapo/sampled_correctness", correctness.nanmean().item())

    def _exhausted(self, sampled: _Sampled, wanted: int) -> str:
        correctness = torch.cat(sampled.correctness)
        return (
            f"dynamic sampling stopped after dapo.max_rounds: {self._max_rounds} rounds: of "
            f"{len(correctness) // self.num_generations} groups sampled, "
            f"{len(sampled.rows) // self.num_generations} were neither all right nor all wrong, "
            f"and the batch needs {wanted // self.num_generations} "
            f"({correctness.nanmean():.1%} of the completions are correct). "
            "Take problems nearer to what the model can do, more "
            "trainer.num_generations or a smaller batch; with more dapo.max_rounds the run goes on "
            "from its last checkpoint"
        )


def _no_token_mean(values: Mapping[str, Any], recipe: Recipe, world_size: int) -> list[str]:
    if values.get("loss_type") in _TOKEN_MEANS:
        return []
    return [
        f"trainer.loss_type: {values.get('loss_type')} is no mean over tokens, as DAPO takes it; "
        "write dapo"
    ]


METHOD = Method(
    config_class=GRPOConfig,
    build=DynamicSamplingTrainer,
    # arXiv:2503.14476, section 4.1: clip ratios 0.2 and 0.28
    defaults={**rl.DEFAULTS, "loss_type": "dapo", "epsilon": 0.2, "epsilon_high": 0.28},
    faults=by_rules(rl.faults, _no_token_mean),
    resume_interval=rl.resume_interval,
)
