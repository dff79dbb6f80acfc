"""Reinforce++ (Hu 2025, arXiv:2501.03262): no critic and no group; the whole batch is the baseline.

The advantage of a token is its return, with a token-level KL penalty in the reward, centred and
scaled over all tokens of the batch, on all processes: A_t = (G_t - mean(G)) / std(G). Without KL
and discount a completion's tokens share one return, so this is the reward whitened over the batch,
each completion counting once per token.
"""

from torch import Tensor
from trl import GRPOConfig

from rlvr.training.methods import rl
from rlvr.training.methods.method import Method, by_rules
from rlvr.training.methods.options import one_advantage_each, own_advantages
from rlvr.training.trainers.job import Job
from rlvr.training.trainers.reward_kl import RewardKLTrainer
from rlvr.training.trainers.tokens import discounted_returns, whitened
from rlvr.training.trainers.verified_grpo import Rollout


class ReinforcePPTrainer(RewardKLTrainer):
    """TRL's trainer with returns, normalised over the batch, as advantages."""

    def __init__(self, job: Job) -> None:
        assert job.recipe.reinforce_pp is not None
        self.gamma = job.recipe.reinforce_pp.gamma
        super().__init__(job, kl_coefficient=job.recipe.reinforce_pp.kl_coefficient)

    def advantages(self, rollout: Rollout) -> Tensor:
        """Compute advantages, shape (completions of this process, tokens)."""
        returns = discounted_returns(self.token_rewards(rollout), gamma=self.gamma)
        is_counted, terms = self.counted_tokens(rollout), self.terms(rollout)
        return whitened(returns, is_counted, self.accelerator, magnitude=terms)


METHOD = Method(
    config_class=GRPOConfig,
    build=ReinforcePPTrainer,
    defaults=rl.DEFAULTS,
    faults=by_rules(
        rl.faults,
        own_advantages("it scales the returns of all tokens of the batch together"),
        one_advantage_each,
    ),
    resume_interval=rl.resume_interval,
)
