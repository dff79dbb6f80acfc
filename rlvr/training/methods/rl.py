"""What all reinforcement-learning recipes share: our defaults, batch arithmetic, and their faults.

A batch is made of groups: `num_generations` completions of one prompt. One generation serves
`steps_per_generation` forward batches, used `num_iterations` times; a checkpoint resumes exactly
only where a generation is used up, because TRL does not save the completions under way.
"""

import math
from collections.abc import Mapping
from typing import Any

from rlvr.core.errors import missing_key
from rlvr.recipes.recipe import Recipe
from rlvr.training.methods import options
from rlvr.training.methods.method import by_rules

DEFAULTS: Mapping[str, Any] = {
    "beta": 0.0,
    "temperature": 1.0,
    "top_p": 1.0,
    "top_k": 0,
    "use_bias_correction_kl": False,
    # token by token, because a weight for the whole completion falls with its length; the bound is
    # VeRL's, where it corrects at all (rollout_is: token, rollout_is_threshold: 2.0)
    "vllm_importance_sampling_mode": "token_truncate",
    "vllm_importance_sampling_clip_max": 2.0,
    "gradient_checkpointing": False,
    # no buffer changes, and processes may run different numbers of forwards (trainers/unpadded.py)
    "ddp_broadcast_buffers": False,
    "save_strategy": "steps",
    "shuffle_dataset": True,
}


def no_problems(values: Mapping[str, Any], recipe: Recipe, world_size: int) -> list[str]:
    """Check a method that samples its own completions."""
    if recipe.data.problems:
        return []
    return [missing_key("data.problems", "name a training set, as in countdown-train")]


def _uneven_batch(values: Mapping[str, Any], recipe: Recipe, world_size: int) -> list[str]:
    """Find a batch that whole forward passes, or whole groups, do not fill."""
    group, per_forward = values.get("num_generations", 8), _per_forward(values, world_size)
    batch = values.get("generation_batch_size") or per_forward * _forward_batches(values)
    if batch % per_forward:
        nearest = max(1, round(batch / per_forward)) * per_forward
        return [
            f"trainer.generation_batch_size: {batch} is no multiple of the {per_forward} "
            f"completions that all processes pass forward at once; write {nearest}"
        ]
    if batch % group == 0:
        return []
    fitting = [size for size in range(2, batch + 1) if batch % size == 0]
    nearest = min(fitting, key=lambda size: abs(size - group), default=2)
    return [
        f"trainer.num_generations: {group} does not divide the generation batch of {batch} "
        f"completions; write {nearest}, or a batch that is a multiple of {group}"
    ]


def _off_boundary(values: Mapping[str, Any], recipe: Recipe, world_size: int) -> list[str]:
    interval = interval_of(values, world_size)
    save_steps = values.get("save_steps", 500)
    if values.get("save_strategy") != "steps" or save_steps % interval == 0:
        return []
    nearest = max(1, round(save_steps / interval)) * interval
    return [
        f"trainer.save_steps: {save_steps:g} falls between two generations (one lasts {interval} "
        f"steps), where training cannot be resumed exactly; write {nearest}"
    ]


def _reward_faults(values: Mapping[str, Any], recipe: Recipe, world_size: int) -> list[str]:
    found = []
    if values.get("reward_weights") is not None:
        found.append("trainer.reward_weights cannot be set: write rewards.format.weight and so on")
    budget, overlong = values.get("max_completion_length", 256), recipe.rewards.overlong
    if overlong and overlong.buffer_tokens > budget:
        found.append(
            f"rewards.overlong.buffer_tokens: {overlong.buffer_tokens} is more than "
            f"trainer.max_completion_length; write at most {budget}"
        )
    return found


def _kl_faults(values: Mapping[str, Any], recipe: Recipe, world_size: int) -> list[str]:
    found = []
    section = recipe.ppo or recipe.reinforce_pp
    in_reward, in_loss = section.kl_coefficient if section else 0.0, values.get("beta", 0.0)
    if in_reward and in_loss:
        found.append(
            f"{recipe.method}.kl_coefficient: {in_reward} puts KL into the reward and "
            f"trainer.beta: {in_loss} into the loss: it would count twice; remove one"
        )
    if (in_reward or in_loss) and recipe.initialize == "random":
        found.append(
            "a KL penalty needs pretrained weights to stay near; with initialize: random "
            "set trainer.beta: 0 and no kl_coefficient"
        )
    return found


# what is wrong with a reinforcement-learning recipe, each with what to write instead
faults = by_rules(
    no_problems,
    options.no_demonstrations,
    _uneven_batch,
    _off_boundary,
    _reward_faults,
    _kl_faults,
    options.faults,
)


def _forward_batches(values: Mapping[str, Any]) -> int:
    accumulated = values.get("gradient_accumulation_steps", 1)
    return int(values.get("steps_per_generation") or accumulated)


def _per_forward(values: Mapping[str, Any], world_size: int) -> int:
    return int(values.get("per_device_train_batch_size", 8) * world_size)


def interval_of(values: Mapping[str, Any], world_size: int) -> int:
    """Count the optimizer steps after which a generation and a step end together."""
    per_forward = _per_forward(values, world_size)
    batch = values.get("generation_batch_size")
    forwards = max(1, batch // per_forward) if batch else _forward_batches(values)
    uses = forwards * values.get("num_iterations", 1)
    return _steps_together(int(uses), int(values.get("gradient_accumulation_steps", 1)))


def resume_interval(args: Any) -> int:
    """Compute `interval_of` for a built config."""
    uses = args.steps_per_generation * args.num_iterations
    return _steps_together(int(uses), int(args.gradient_accumulation_steps))


def _steps_together(uses: int, accumulated: int) -> int:
    """Count steps of `accumulated` batches until generations of `uses` batches end as well."""
    return math.lcm(uses, accumulated) // accumulated
