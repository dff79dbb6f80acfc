"""RLOO (Ahmadian et al. 2024, arXiv:2402.14740): leave-one-out advantages on TRL's GRPO trainer.

A_i = r_i - mean of the rewards of the other completions of the same prompt. TRL's own RLOOTrainer
takes one ratio for a whole completion and averages over completions; here RLOO shares the per-token
ratio and the loss aggregation of the other methods, so that what differs is the advantage alone.
"""

import torch
from torch import Tensor
from trl import GRPOConfig

from rlvr.training.methods import rl
from rlvr.training.methods.method import Method, by_rules
from rlvr.training.methods.options import own_advantages
from rlvr.training.trainers.verified_grpo import Rollout, VerifiedTrainer


def leave_one_out(groups: Tensor) -> Tensor:
    """Compute advantages of rewards, both of shape (groups, completions of one prompt).

    Ahmadian et al. 2024, section 2.3. NaN is an undecided completion: it is in nobody's baseline
    and gets advantage 0, as does a completion whose siblings are all undecided.
    """
    others = (~groups.isnan()).sum(1, keepdim=True) - 1
    baseline = (groups.nansum(1, keepdim=True) - groups) / others
    return torch.where(others > 0, groups - baseline, torch.nan).nan_to_num()


class LeaveOneOutTrainer(VerifiedTrainer):
    """GRPO with RLOO's baseline, and no scaling."""

    def advantages(self, rollout: Rollout) -> Tensor:
        """Compute advantages, shape (completions of this process,)."""
        return self.of_this_process(leave_one_out(self.in_groups(self.rewards)).flatten())


METHOD = Method(
    config_class=GRPOConfig,
    build=LeaveOneOutTrainer,
    defaults=rl.DEFAULTS,
    faults=by_rules(
        rl.faults,
        own_advantages("its advantage is the reward minus the mean of its group's other rewards"),
    ),
    resume_interval=rl.resume_interval,
)
