"""ReMax (Li et al. 2024, arXiv:2310.10505): the reward of the greedy completion as baseline.

A_i = r_i - r(greedy completion of the same prompt), once per prompt and rollout. A group may lie on
several processes, and two batches may decode one prompt differently in the last digit; so every
prompt of the rollout is decoded on one process alone, and its reward used on all.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from typing import Any

import torch
from accelerate.utils import gather_object
from torch import Tensor
from trl import GRPOConfig

from rlvr.training.methods import rl
from rlvr.training.methods.method import Method, by_rules
from rlvr.training.methods.options import own_advantages
from rlvr.training.trainers.tokens import is_more_than_rounding
from rlvr.training.trainers.verified_grpo import Rollout, VerifiedTrainer


def against_greedy(rewards: Tensor, greedy: Tensor) -> Tensor:
    """Compute r - r(greedy), elementwise; 0 where either is NaN, that is undecided."""
    return (rewards - greedy).nan_to_num()


class GreedyBaselineTrainer(VerifiedTrainer):
    """TRL's trainer with one greedy completion more per prompt."""

    is_group_relative = False
    _baselines: Tensor

    def advantages(self, rollout: Rollout) -> Tensor:
        """Compute advantages, shape (completions of this process,)."""
        return against_greedy(self.of_this_process(self.rewards), self.__baselines)

    def has_signal(self) -> bool:
        """Return True if some reward differs from that of its prompt's greedy completion."""
        differences = against_greedy(self.rewards, self.accelerator.gather(self.__baselines))
        return bool(is_more_than_rounding(differences, self.magnitude).any())

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> Rollout:
        everywhere: dict[int, dict[str, Any]] = {
            row["problem"]: row for row in gather_object(inputs)
        }
        rewards = self._greedy_rewards(list(everywhere.values()))
        self.log_rollout("reward_greedy", torch.tensor(list(rewards.values())).nanmean().item())
        baselines = [rewards[row["problem"]] for row in inputs]
        self.__baselines = torch.tensor(baselines, device=self.accelerator.device)
        return super()._generate_and_score_completions(inputs)

    def _greedy_rewards(self, rows: list[dict[str, Any]]) -> dict[int, float]:
        """Return rewards by problem, equal on every process; NaN where undecided."""
        own = self._share(rows)
        prompt_ids, images, fields = self._tokenize_prompts([row["prompt"] for row in own])
        with self._greedy():
            ids, _ = self._generate_single_turn(prompt_ids, images, fields, 1)
        texts = self.processing_class.batch_decode(ids, skip_special_tokens=True)
        problems = [row["problem"] for row in own]
        earned = self.task.total(texts, ids, problems)
        pairs = zip(problems, earned, strict=True)
        return {
            problem: float("nan") if reward is None else reward
            for problem, reward in gather_object(list(pairs))
        }

    def _share(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return this process's rows, padded: sampling is collective under ZeRO-3."""
        processes, rank = self.accelerator.num_processes, self.accelerator.process_index
        each = -(-len(rows) // processes)
        return [rows[(rank + i * processes) % len(rows)] for i in range(each)]

    @contextmanager
    def _greedy(self) -> Iterator[None]:
        """Make any engine sample the most likely token only."""
        engine, name, greedy = self._greedy_setting()
        sampled = getattr(engine, name)
        setattr(engine, name, greedy)
        try:
            yield
        finally:
            setattr(engine, name, sampled)

    def _greedy_setting(self) -> tuple[Any, str, Any]:
        if self.use_vllm:
            return self.vllm_generation, "temperature", 0.0
        greedy = copy(self.generation_config)
        greedy.do_sample = False
        return self, "generation_config", greedy


METHOD = Method(
    config_class=GRPOConfig,
    build=GreedyBaselineTrainer,
    defaults=rl.DEFAULTS,
    faults=by_rules(
        rl.faults, own_advantages("its advantage is the reward minus the greedy completion's")
    ),
    resume_interval=rl.resume_interval,
)
