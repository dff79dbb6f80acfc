"""GRPO (Shao et al. 2024, arXiv:2402.03300), by TRL's own trainer.

The advantage of a completion is its reward, centred and scaled within the group of completions of
its prompt: A_i = (r_i - mean(r)) / std(r). No KL term unless the recipe sets `beta`, as in the
study (arXiv:2504.13837, section 4.3). `loss_type: dr_grpo` with `scale_rewards: none` is Dr. GRPO.
"""

from trl import GRPOConfig, GRPOTrainer

from rlvr.training import rl
from rlvr.training.method import Job, Method


class GroupRelativeTrainer(rl.GroupStatistics, GRPOTrainer):
    """TRL's trainer, logging what its groups are like."""


def _build(job: Job) -> GRPOTrainer:
    task = rl.Task(job)
    return GroupRelativeTrainer(
        model=job.model,
        reward_funcs=[task.correctness],
        args=job.args,
        train_dataset=task.dataset(),
        processing_class=job.tokenizer,
        peft_config=job.peft_config,
    )


METHOD = Method(
    config_class=GRPOConfig,
    build=_build,
    defaults=rl.DEFAULTS,
    faults=rl.faults,
    resume_interval=rl.resume_interval,
)
