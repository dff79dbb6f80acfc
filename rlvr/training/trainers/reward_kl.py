"""A KL penalty on the reward of every token, in place of a KL term in the loss.

r_t = -coefficient * (log pi_old(y_t) - log pi_ref(y_t)), plus the completion's reward at its last
token, as Reinforce++ (Hu 2025, arXiv:2501.03262) and PPO for language models (Ouyang et al. 2022,
arXiv:2203.02155) have it. The reference is the model that training started from.
"""

from typing import Any

import torch
from torch import Tensor

from rlvr.training.trainers.job import Job
from rlvr.training.trainers.tokens import at_last_token
from rlvr.training.trainers.verified_grpo import Rollout, VerifiedTrainer


class RewardKLTrainer(VerifiedTrainer):
    """For methods whose rewards belong to tokens.

    TRL has one number, `beta`, that asks for a reference model, has it score a rollout, and weighs
    a KL term in the loss. The first two are wanted here and the third is not, or KL would count
    twice: `beta` is the coefficient while a rollout is made, and the recipe's own in the loss.
    """

    is_group_relative = False

    def __init__(self, job: Job, *, kl_coefficient: float) -> None:
        beta = job.args.beta
        self.kl_coefficient = kl_coefficient
        job.args.beta = beta or kl_coefficient
        super().__init__(job)
        self.beta = job.args.beta = beta

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> Rollout:
        beta, self.beta = self.beta, self.beta or self.kl_coefficient
        try:
            return super()._generate_and_score_completions(inputs)
        finally:
            self.beta = beta

    def token_rewards(self, rollout: Rollout) -> Tensor:
        """Return shape (completions, tokens) of this process; undecided ones have only the KL."""
        is_token = rollout["completion_mask"]
        rewards = at_last_token(self.of_this_process(self.rewards).nan_to_num(), is_token)
        if not self.kl_coefficient:
            return rewards
        kl = (self.old_logprobs(rollout) - rollout["ref_per_token_logps"]) * is_token
        sums = self.accelerator.gather(kl.sum()[None]).sum()
        tokens = self.accelerator.gather(is_token.sum()[None]).sum()
        self.log_rollout("reward_kl", (sums / tokens).item())
        return rewards - self.kl_coefficient * kl

    def terms(self, rollout: Rollout) -> Tensor:
        """Return the largest absolute value among the terms that `token_rewards` sums."""
        if not self.kl_coefficient:
            return self.magnitude
        scores = torch.stack([self.old_logprobs(rollout), rollout["ref_per_token_logps"]])
        largest = (scores * rollout["completion_mask"]).abs().amax()
        return torch.maximum(self.magnitude, self.kl_coefficient * largest)

    def counted_tokens(self, rollout: Rollout) -> Tensor:
        """Return 1 at the tokens of decided completions."""
        is_decided = ~self.of_this_process(self.rewards).isnan()
        return rollout["completion_mask"] * is_decided[:, None]

    def old_logprobs(self, rollout: Rollout) -> Tensor:
        """Return the sampling policy's log-probs, which TRL omits for a single update."""
        if "old_per_token_logps" not in rollout:
            rollout["old_per_token_logps"] = self._score(rollout)
        return rollout["old_per_token_logps"]

    @torch.no_grad()
    def _score(self, rollout: Rollout) -> Tensor:
        prompts, completions = rollout["prompt_ids"], rollout["completion_ids"]
        logprobs, _, _ = self._get_per_token_logps_and_entropies(
            self.model,
            torch.cat([prompts, completions], dim=1),
            torch.cat([rollout["prompt_mask"], rollout["completion_mask"]], dim=1),
            completions.shape[1],
            batch_size=self.args.per_device_train_batch_size,
        )
        return logprobs
