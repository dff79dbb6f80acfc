"""GRPO (Shao et al. 2024, arXiv:2402.03300), by TRL's own trainer.

The advantage of a completion is its reward, centred and scaled within the group of completions of
its prompt: A_i = (r_i - mean(r)) / std(r). No KL term unless the recipe sets `beta`, as in the
study (arXiv:2504.13837, section 4.3). `loss_type: dr_grpo` with `scale_rewards: none` is Dr. GRPO
(Liu et al. 2025, arXiv:2503.20783).
"""

from trl import GRPOConfig

from rlvr.training.methods import rl
from rlvr.training.methods.method import Method
from rlvr.training.trainers.verified_grpo import VerifiedTrainer

METHOD = Method(
    config_class=GRPOConfig,
    build=VerifiedTrainer,
    defaults=rl.DEFAULTS,
    faults=rl.faults,
    resume_interval=rl.resume_interval,
)
