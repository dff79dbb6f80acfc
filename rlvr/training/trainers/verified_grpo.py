"""TRL's GRPO trainer with verified rewards, and the advantage as the one thing a method changes.

Sampling, the ratio, the clipping, the loss and its aggregation, the reference model and the rollout
buffer are TRL's and the same for every method; so is what is logged about groups. A method is a
subclass that overrides `advantages`, and little else.

Rewards here are gathered: of all processes' completions, in order, so that a group is whole even
where its completions were sampled on several. NaN stands for an undecided verdict: it enters no
mean and no spread, and its own completion gets advantage 0.
"""

import logging
from collections.abc import Sequence
from typing import Any

import torch
from accelerate.utils import gather_object
from torch import Tensor

from rlvr.core.errors import UserError
from rlvr.training.trainers import importance
from rlvr.training.trainers.costs import SAMPLING, VERIFYING, Stopwatch
from rlvr.training.trainers.epochs import EpochOrder
from rlvr.training.trainers.job import Job
from rlvr.training.trainers.own_sampling import SamplesAsTold
from rlvr.training.trainers.rollout_engine import make_room, stop_at
from rlvr.training.trainers.task import Task
from rlvr.training.trainers.tokens import is_more_than_rounding
from rlvr.training.trainers.trl_trainers import GRPOTrainer, import_vllm
from rlvr.training.trainers.unpadded import GRPOWithoutPadding
from rlvr.verifiers.rewards import refuse_undecided

logger = logging.getLogger(__name__)

Rollout = dict[str, Any]


class VerifiedTrainer(SamplesAsTold, GRPOWithoutPadding, GRPOTrainer):
    """TRL's trainer on the recipe's task.

    Attributes:
        is_group_relative: True where equal rewards within every group leave nothing to learn;
            False where rewards of different groups are compared too.
        task: the problems and their rewards.
        rewards: of the last rollout, weighted and summed, shape (completions of all processes,).
        magnitude: of the largest sum of these rewards' terms, taken without their signs.
        correctness: of the same completions: 1, 0 or NaN.
    """

    is_group_relative = True
    # what begins with two underscores is this class's own: a subclass that has an attribute of the
    # same name, or sets one before it calls __init__, replaces nothing
    rewards: Tensor
    magnitude: Tensor
    correctness: Tensor

    def __init__(self, job: Job) -> None:
        self.task = Task(job)
        self.__rewards_section = job.recipe.rewards
        self.__without_signal = 0
        self.__sampling, self.__verifying = Stopwatch(), Stopwatch()
        self.__collapsed: set[int] = set()
        job.args.reward_weights = self.task.weights
        stop_at(job.args, self.task.ends.ids)
        make_room(job.args, self.task.longest_prompt, self.task.context)
        if job.args.use_vllm:
            import_vllm()
        super().__init__(
            model=job.model,
            reward_funcs=self.task.functions,
            args=job.args,
            train_dataset=self.task.dataset(),
            processing_class=job.tokenizer,
            peft_config=job.peft_config,
        )
        # what TRL masks behind, and what it takes for cut off by the budget, follows from these
        self.eos_token_ids = sorted(self.task.ends.ids)

    def advantages(self, rollout: Rollout) -> Tensor:
        """Return this process's advantages, shape (completions,) or (completions, tokens).

        TRL's own, within the group, unless a method overrides it. `rollout` is what TRL's
        `_generate_and_score_completions` returned: padded ids and masks of this process.
        """
        advantages: Tensor = rollout["advantages"]
        # `normalize_then_sum` scales twice, which makes something of a last digit
        return advantages if self.has_signal() else torch.zeros_like(advantages)

    def has_signal(self) -> bool:
        """Return True if the last rollout says that some completion is better than another."""
        columns = self._compared()
        rows = torch.cat(
            [self.in_groups(c) if self.is_group_relative else c[None] for c in columns]
        )
        best, worst = rows.nan_to_num(-torch.inf).amax(1), rows.nan_to_num(torch.inf).amin(1)
        return bool((is_more_than_rounding(best - worst, self.magnitude) & (best > worst)).any())

    def _compared(self) -> Sequence[Tensor]:
        """Return the values that completions are compared by: the sum of rewards, or each one."""
        if self.multi_objective_aggregation == "normalize_then_sum":
            return self.__apart.unbind(1)
        return [self.rewards]

    def in_groups(self, values: Tensor) -> Tensor:
        """Reshape to (groups, completions of one prompt)."""
        return values.view(-1, self.num_generations)

    def of_this_process(self, values: Tensor) -> Tensor:
        """Return the part of gathered values that belongs to this process's completions."""
        return values.chunk(self.accelerator.num_processes)[self.accelerator.process_index]

    def log_rollout(self, name: str, value: float) -> None:
        """Add to this step's metrics; every process must log the same value."""
        self._metrics["train"][name].append(value)

    def _get_train_sampler(self, dataset: Any = None) -> EpochOrder:
        """Return TRL's sampler with an order of later epochs that is the same after a restart."""
        return EpochOrder(super()._get_train_sampler(dataset), lambda: self.state.epoch)

    def _calculate_rewards(self, *args: Any, **kwargs: Any) -> Tensor:
        """Gather rewards, shape (completions of all processes, reward functions)."""
        with self.__verifying.running():
            rewards = super()._calculate_rewards(*args, **kwargs)
        refuse_undecided(
            gather_object(self.task.verdicts), max_share=self.__rewards_section.max_undecided_share
        )
        # an undecided completion's form or length is no evidence either, nor is its correctness
        # where a user's own reward could not be had
        rewards[rewards.isnan().any(1)] = torch.nan
        return self.note(rewards)

    def note(self, rewards: Tensor) -> Tensor:
        """Remember the rewards of the rollout that advantages are asked for next."""
        weights = self.reward_weights.to(rewards.device)
        self.correctness = rewards[:, 0]
        self.rewards = rewards @ weights
        self.__apart = rewards * weights
        self.magnitude = self.__apart.abs().sum(1).nan_to_num().amax()
        return rewards

    def _generate_single_turn(self, *args: Any, **kwargs: Any) -> Any:
        with self.__sampling.running():
            return super()._generate_single_turn(*args, **kwargs)

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> Rollout:
        rollout = super()._generate_and_score_completions(inputs)
        self._log_spread()
        self._refuse_silence()
        rollout["advantages"] = self.advantages(rollout)
        self._correct_completions_table(rollout)
        self.log_rollout(SAMPLING, self.__sampling.read())
        self.log_rollout(VERIFYING, self.__verifying.read())
        if "importance_sampling_ratio" in rollout:
            self._log_importance(rollout)
        return rollout

    def _log_spread(self) -> None:
        """Log how far rewards differ within groups; a difference within rounding counts as none."""
        spread = nan_std(self.in_groups(self.rewards))
        spread = spread.where(is_more_than_rounding(spread, self.magnitude) | spread.isnan(), 0.0)
        self.log_rollout("reward_group_std", spread.nanmean().item())
        # TRL has counted what is exactly 0, or nearly
        self._metrics["train"]["frac_reward_zero_std"][-1] = (spread == 0).float().mean().item()

    def _log_importance(self, rollout: Rollout) -> None:
        """Log by length how completions weigh that the trainer's own model did not sample."""
        weights, is_token = rollout["importance_sampling_ratio"], rollout["completion_mask"]
        for found in importance.by_length(weights, is_token, self.accelerator):
            of_class = f"up_to_{found.tokens}_tokens"
            self.log_rollout(f"sampling/weight_mean/{of_class}", found.mean)
            self.log_rollout(f"sampling/weight_effective_share/{of_class}", found.effective_share)
            if found.has_collapsed and found.tokens not in self.__collapsed:
                self.__collapsed.add(found.tokens)
                if self.accelerator.is_main_process:
                    logger.warning(importance.told(found, self.vllm_importance_sampling_mode))

    def _refuse_silence(self) -> None:
        """Stop a run in which no completion is better than another, rollout after rollout."""
        self.__without_signal = 0 if self.has_signal() else self.__without_signal + 1
        limit = self.__rewards_section.max_rollouts_without_signal
        if self.__without_signal < limit:
            return
        raise UserError(
            f"nothing to learn: in {limit} rollouts in a row every completion of a prompt earned "
            f"the same reward (mean {self.rewards.nanmean():.3f}, correct "
            f"{self.correctness.nanmean():.1%}). If nothing is correct, look at data.prompt, "
            "data.verifier and trainer.max_completion_length, or take easier problems; if all is, "
            "harder ones. rewards.max_rollouts_without_signal sets how long to wait: with more of "
            "it the run goes on from its last checkpoint"
        )

    def _correct_completions_table(self, rollout: Rollout) -> None:
        """Replace the advantages that TRL has noted beside the completions by the method's."""
        own = rollout["advantages"]
        if own.dim() == 2:
            tokens = rollout["completion_mask"]
            own = (own * tokens).sum(1) / tokens.sum(1).clamp(min=1)
        gathered = self.accelerator.gather(own).tolist()
        noted = self._logs["advantages"]
        for _ in gathered:
            noted.pop()
        noted.extend(gathered)


def nan_std(groups: Tensor) -> Tensor:
    """Compute the standard deviation (n - 1) of each row's decided values; NaN below two."""
    known = ~groups.isnan()
    count = known.sum(1, keepdim=True)
    centred = (groups - groups.nanmean(1, keepdim=True)).nan_to_num()
    return ((centred**2).sum(1) / (count[:, 0] - 1).clamp(min=0)).sqrt()
