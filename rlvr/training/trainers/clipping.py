"""One gradient clip for the policy and another for the critic, though one optimizer trains both.

A critic that is far off has gradients many times the policy's; under a common norm it would scale
the policy's update down, or be scaled by it. Each is clipped to `trainer.max_grad_norm` by its own
norm, and both norms are logged.

Under DeepSpeed's ZeRO the gradients lie in pieces on several processes, and DeepSpeed clips them
while it steps, by one norm over all parameter groups. `ZeroClip` gives every group the norm of its
own side there.
"""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter

from rlvr.core.errors import UserError

# of a parameter group: whether it is the critic's
IS_CRITIC = "is_critic"


def clip_apart(
    policy: Iterable[Parameter], critic: Iterable[Parameter], max_norm: float
) -> tuple[Tensor, Tensor]:
    """Clip the gradients of each to its own norm; the norms before are returned."""
    of_policy, of_critic = (
        torch.nn.utils.clip_grad_norm_(parameters, max_norm) for parameters in (policy, critic)
    )
    return of_policy, of_critic


class ZeroClip:
    """DeepSpeed's optimizer of ZeRO-1, 2 or 3, made to clip the policy and the critic apart.

    DeepSpeed asks for one norm per group before it clips the first group, in the same order; it
    clips by the norm that it is told. Both are methods of the optimizer, which are wrapped here.
    """

    @classmethod
    def of(cls, optimizer: Any) -> "ZeroClip":
        """Build the clipping for DeepSpeed's optimizer.

        Raises:
            UserError: if it is not one of ZeRO's, which alone can be told what to clip by.
        """
        if not hasattr(optimizer, "get_grad_norm_direct"):
            raise UserError(
                "method ppo clips policy and critic apart, which DeepSpeed can do with zero_stage "
                "1, 2 or 3 in the launch file and not with 0; "
                "launch/accelerate has files for 2 and 3"
            )
        return cls(optimizer)

    def __init__(self, optimizer: Any) -> None:
        self._optimizer = optimizer
        # ZeRO-3's name for them, and ZeRO-1's and 2's
        self._groups = len(getattr(optimizer, "fp16_groups", ()) or optimizer.bit16_groups)
        self._norms: list[Tensor] = []
        self._clipped = 0
        for name in ("get_grad_norm_direct", "complete_grad_norm_calculation_for_cpu_offload"):
            setattr(optimizer, name, self._noting(getattr(optimizer, name)))
        optimizer.unscale_and_clip_grads = self._clipping(optimizer.unscale_and_clip_grads)

    @property
    def norms(self) -> tuple[Tensor, Tensor]:
        """Of the last step's gradients: the policy's and the critic's."""
        scale = float(self._optimizer.loss_scale)
        of_policy, of_critic = (
            self._scaled_norm(is_critic=is_critic) / scale for is_critic in (False, True)
        )
        return of_policy, of_critic

    def _noting(self, norm_of_group: Callable[..., Tensor]) -> Callable[..., Tensor]:
        @wraps(norm_of_group)
        def noting(*args: Any, **kwargs: Any) -> Tensor:
            if len(self._norms) == self._groups:  # a new step begins
                self._norms, self._clipped = [], 0
            norm = torch.as_tensor(norm_of_group(*args, **kwargs))
            self._norms.append(norm)
            return norm

        return noting

    def _clipping(self, clip: Callable[..., None]) -> Callable[..., None]:
        @wraps(clip)
        def clipping(gradients: Any, total_norm: Tensor) -> None:
            is_critic = self._is_critic(self._clipped)
            self._clipped += 1
            clip(gradients, self._scaled_norm(is_critic=is_critic))

        return clipping

    def _is_critic(self, group: int) -> bool:
        """Return whether a group is the critic's: ZeRO-3 splits a parameter group into several."""
        optimizer = self._optimizer
        whole = getattr(optimizer, "sub_group_to_group_id", {}).get(group, group)
        return bool(optimizer.optimizer.param_groups[whole][IS_CRITIC])

    def _scaled_norm(self, *, is_critic: bool) -> Tensor:
        """Compute the norm as DeepSpeed does, of gradients that still carry the loss scale."""
        from deepspeed.runtime.utils import combine_grad_norm_groups

        own = [norm for at, norm in enumerate(self._norms) if self._is_critic(at) == is_critic]
        return torch.as_tensor(combine_grad_norm_groups(own))
