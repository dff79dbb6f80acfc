"""GRPO (Shao et al. 2024, arXiv:2402.03300), by TRL's own trainer.

The advantage of a completion is its reward, centred and scaled within the group of completions of
its prompt: A_i = (r_i - mean(r)) / std(r). No KL term unless the recipe sets `beta`, as in the
study (arXiv:2504.13837, section 4.3). `loss_type: dr_grpo` with `scale_rewards: none` is Dr. GRPO.
"""

from typing import TYPE_CHECKING

from rlvr.training import rl
from rlvr.training.method import Job, Method

if TYPE_CHECKING:
    from transformers import Trainer


def _config_class() -> type:
    from trl import GRPOConfig

    return GRPOConfig


def _build(job: Job) -> "Trainer":
    from trl import GRPOTrainer

    task = rl.Task(job)
    return GRPOTrainer(
        model=job.model,
        reward_funcs=[task.correctness],
        args=job.args,
        train_dataset=task.dataset(),
        processing_class=job.tokenizer,
        peft_config=job.peft_config,
    )


METHOD = Method(
    config_class=_config_class,
    build=_build,
    defaults=rl.DEFAULTS,
    faults=rl.faults,
    resume_interval=rl.resume_interval,
)
