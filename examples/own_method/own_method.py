"""A method of your own: the reward minus the mean of the whole batch, times a factor."""

from trl import GRPOConfig

from rlvr.core.section import Section
from rlvr.training.methods import rl
from rlvr.training.methods.method import Method
from rlvr.training.trainers.verified_grpo import VerifiedTrainer


class Settings(Section):
    factor: float = 1.0


class BatchMeanTrainer(VerifiedTrainer):
    def __init__(self, job):
        self.factor = job.section.factor
        super().__init__(job)

    def advantages(self, rollout):
        return self.of_this_process(self.factor * (self.rewards - self.rewards.nanmean()))


METHOD = Method(GRPOConfig, BatchMeanTrainer, rl.DEFAULTS, rl.faults, rl.resume_interval, Settings)
