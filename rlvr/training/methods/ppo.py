"""PPO (Schulman et al. 2017, arXiv:1707.06347) with a value network, on TRL's GRPO trainer.

The policy's part of the loss, the ratio and its clipping are those of the other methods. What PPO
adds: a critic that scores every token, generalized advantages (lambda, gamma) from its values,
whitened over the batch, and a clipped value loss with the same mean over tokens. Gradients are
clipped to `max_grad_norm` twice, the policy's and the critic's, each by its own norm.

The critic rides on the policy's module, so that one engine (DDP, ZeRO) holds both, and the forward
pass that scores completions under the policy gives their values as well. With `value_warmup_steps`
the policy's learning rate is 0 at first and the critic alone learns.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler
from trl import GRPOConfig

from rlvr.recipes.recipe import Recipe
from rlvr.training.methods import rl
from rlvr.training.methods.method import Method, by_rules
from rlvr.training.methods.options import one_advantage_each, own_advantages
from rlvr.training.trainers import critic as critics
from rlvr.training.trainers.clipping import IS_CRITIC, ZeroClip, clip_apart
from rlvr.training.trainers.job import Job
from rlvr.training.trainers.reward_kl import RewardKLTrainer
from rlvr.training.trainers.tokens import explained_variance, generalized_advantages, whitened
from rlvr.training.trainers.verified_grpo import Rollout

_SCHEDULES = ("constant", "constant_with_warmup", "cosine", "linear", "polynomial")


def clipped_value_loss(values: Tensor, old_values: Tensor, returns: Tensor, clip: float) -> Tensor:
    """Compute half the squared error per token, or the clipped value's if larger.

    A value that moved further than `clip` from the rollout's, towards the return, gets no gradient.
    """
    near = old_values + (values - old_values).clamp(-clip, clip)
    return 0.5 * torch.maximum((values - returns) ** 2, (near - returns) ** 2)


class ActorCriticTrainer(RewardKLTrainer):
    """TRL's trainer with a critic attached to its model."""

    def __init__(self, job: Job) -> None:
        assert job.recipe.ppo is not None
        self.options = job.recipe.ppo
        self.__values: list[Tensor] = []
        super().__init__(job, kl_coefficient=self.options.kl_coefficient)
        # after TRL has put adapters on the policy, so that it puts none on the critic
        self.critic = critics.build(job)
        if self.place_model_on_device:
            self.critic.to(self.args.device)
        self.model.critic = self.critic
        self.model.forward = self._with_values(self.model.forward)
        self.__zero_clip: ZeroClip | None = None
        if self.use_vllm:
            self._keep_critic_from_sampler()

    def advantages(self, rollout: Rollout) -> Tensor:
        """Whiten the generalized advantages, shape (completions of this process, tokens)."""
        self.old_logprobs(rollout)  # the pass that scores completions values them too
        is_counted, is_token = self.counted_tokens(rollout), rollout["completion_mask"]
        values = self._take_values(rollout) * is_token
        advantages = generalized_advantages(
            self.token_rewards(rollout),
            values,
            is_token,
            gamma=self.options.gamma,
            gae_lambda=self.options.gae_lambda,
        )
        returns = advantages + values
        rollout |= {"old_values": values, "returns": returns, "is_counted": is_counted}
        explained = explained_variance(values, returns, is_counted, self.accelerator)
        self.log_rollout("explained_variance", explained)
        terms = self.terms(rollout).maximum(values.abs().amax())
        return whitened(advantages, is_counted, self.accelerator, magnitude=terms)

    def create_optimizer(self, model: nn.Module | None = None) -> Optimizer:
        """Create one optimizer; the critic's groups have their own learning rate."""
        optimizer = super().create_optimizer(model)
        of_critic = {id(parameter) for parameter in self.critic.parameters()}
        groups = []
        for is_critic in (False, True):
            for group in optimizer.param_groups:
                own = [p for p in group["params"] if (id(p) in of_critic) == is_critic]
                rate = self.options.critic_learning_rate if is_critic else group["lr"]
                if own:
                    groups.append({**group, "params": own, "lr": rate, IS_CRITIC: is_critic})
        optimizer.param_groups[:] = groups
        return optimizer

    def create_scheduler(
        self, num_training_steps: int, optimizer: Optimizer | None = None
    ) -> LRScheduler:
        """Create the schedule; the policy's rate is 0 during the value warm-up."""
        scheduler = super().create_scheduler(num_training_steps, optimizer)
        if self.options.value_warmup_steps and isinstance(scheduler, LambdaLR):
            _hold_policy(scheduler, self.options.value_warmup_steps)
        return scheduler

    def training_step(self, model: Any, *args: Any, **kwargs: Any) -> Tensor:
        """Run TRL's step; first let DeepSpeed's optimizer clip policy and critic apart."""
        if self.is_deepspeed_enabled and self.__zero_clip is None:
            self.__zero_clip = ZeroClip.of(model.optimizer)
        loss: Tensor = super().training_step(model, *args, **kwargs)
        return loss

    def _clip_grad_norm(self, model: Any) -> Tensor:
        """Clip policy and critic each to `max_grad_norm`; return their joint norm."""
        return self._gradient_norm(self.args.max_grad_norm)

    def _get_grad_norm(self, model: Any, grad_norm: Any = None) -> float:
        return float(self._gradient_norm(math.inf) if grad_norm is None else grad_norm)

    def _gradient_norm(self, max_norm: float) -> Tensor:
        if self.is_deepspeed_enabled:  # which has clipped and stepped by now
            assert self.__zero_clip is not None
            norms = self.__zero_clip.norms
        else:
            self.accelerator.unscale_gradients()
            norms = clip_apart(*self._parameters_apart(), max_norm)
        for name, norm in zip(("policy", "critic"), norms, strict=True):
            self._metrics["train"][f"grad_norm/{name}"].append(norm.item())
        return torch.stack(norms).norm()

    def _parameters_apart(self) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
        """Return the policy's and the critic's parameters."""
        of_critic = list(self.critic.parameters())
        known = {id(parameter) for parameter in of_critic}
        return [p for p in self.model.parameters() if id(p) not in known], of_critic

    def _with_values(self, forward: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap the policy's forward; where TRL scores completions, the critic values them."""

        @wraps(forward)
        def both(*args: Any, **kwargs: Any) -> Any:
            output = forward(*args, **kwargs)
            if kwargs.get("fused_lm_head"):
                valued = self.critic(
                    input_ids=kwargs["input_ids"], attention_mask=kwargs["attention_mask"]
                )
                self.__values.append(valued.logits.squeeze(-1))
            return output

        return both

    def _get_per_token_logps_and_entropies(self, model: Any, *args: Any, **kwargs: Any) -> Any:
        if model is self.ref_model:
            return super()._get_per_token_logps_and_entropies(model, *args, **kwargs)
        self.__values = []
        scored = super()._get_per_token_logps_and_entropies(model, *args, **kwargs)
        plan = self.last_pass.plan
        self.__values = [plan.whole(self.__values) if plan else torch.cat(self.__values)]
        return scored

    def _take_values(self, inputs: Mapping[str, Any]) -> Tensor:
        """Return float32 values of the states in which completion tokens were chosen."""
        tokens = inputs["completion_ids"].shape[1]
        values = self.__values.pop()
        return values[:, -tokens - 1 : -1].float()

    def _compute_loss(self, model: Any, inputs: Mapping[str, Any]) -> Tensor:
        loss = super()._compute_loss(model, inputs)
        return loss + self._value_loss(self._take_values(inputs), inputs)

    def _value_loss(self, values: Tensor, inputs: Mapping[str, Any]) -> Tensor:
        """Average over the tokens of an optimizer step, as TRL's `loss_type: dapo` does."""
        loss = clipped_value_loss(
            values, inputs["old_values"], inputs["returns"], self.options.value_clip
        )
        share = self.current_gradient_accumulation_steps / self.args.steps_per_generation
        tokens = inputs["num_items_in_batch"].clamp(min=1) / self.accelerator.num_processes * share
        loss = (loss * inputs["is_counted"]).sum() / tokens
        everywhere = self.accelerator.reduce(loss.detach(), "mean").item()
        self._metrics["train"]["value_loss"].append(everywhere)
        return loss

    def _save(self, output_dir: str | None = None, state_dict: Any = None) -> None:
        policy, critic = critics.apart(self.model, state_dict)
        with self._policy_alone():
            super()._save(output_dir, policy)
        if self.args.should_save:
            critics.save(self.critic, critic, Path(output_dir or self.args.output_dir))

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        with self._policy_alone():
            super()._load_from_checkpoint(resume_from_checkpoint, model)
        critics.load(self.critic, Path(resume_from_checkpoint))

    @contextmanager
    def _policy_alone(self) -> Iterator[None]:
        """Detach the critic from the policy's module for code that would save it as a part."""
        del self.model.critic
        try:
            yield
        finally:
            self.model.critic = self.critic

    def _keep_critic_from_sampler(self) -> None:
        """Hide the critic, which vLLM does not know and ZeRO-3 need not gather."""
        self.vllm_generation._iter_named_params = self._without_critic(
            self.vllm_generation._iter_named_params
        )

    def _without_critic(self, named: Callable[[], Iterator[Any]]) -> Callable[[], Iterator[Any]]:
        def of_policy() -> Iterator[Any]:
            with self._policy_alone():
                yield from named()

        return of_policy


def _hold_policy(scheduler: LambdaLR, steps: int) -> None:
    def held(schedule: Callable[[int], float]) -> Callable[[int], float]:
        return lambda step: schedule(step) if step >= steps else 0.0

    groups = scheduler.optimizer.param_groups
    for index, group in enumerate(groups):
        if not group[IS_CRITIC]:
            scheduler.lr_lambdas[index] = held(scheduler.lr_lambdas[index])
            group["lr"] = 0.0
    scheduler._last_lr = [group["lr"] for group in groups]


def _no_warmup(values: Mapping[str, Any], recipe: Recipe, world_size: int) -> list[str]:
    schedule = values.get("lr_scheduler_type", "linear")
    if not recipe.ppo or not recipe.ppo.value_warmup_steps or str(schedule) in _SCHEDULES:
        return []
    return [
        f"trainer.lr_scheduler_type: {schedule} cannot hold the policy back while "
        f"ppo.value_warmup_steps last; write one of {', '.join(_SCHEDULES)}"
    ]


METHOD = Method(
    config_class=GRPOConfig,
    build=ActorCriticTrainer,
    defaults={**rl.DEFAULTS, "ddp_find_unused_parameters": False},
    faults=by_rules(
        rl.faults,
        _no_warmup,
        own_advantages("it scales the generalized advantages of all tokens of the batch together"),
        one_advantage_each,
    ),
    resume_interval=rl.resume_interval,
)
