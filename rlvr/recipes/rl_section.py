"""The parts of a recipe that reinforcement learning adds to what TRL's config classes know.

`rewards:` is read by every method that samples; the other sections by the one method whose name
they have. What TRL has a field for (epsilon, beta, loss_type, ..) stays in `trainer:`.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator
from pydantic_core import PydanticCustomError

from rlvr.core.section import Section
from rlvr.verifiers.rewards import FormatStyle

_BUILT_IN = ("correctness", "format", "overlong")


class FormatReward(Section):
    """Reward the form that the prompt asks for, beside correctness and logged apart from it.

    Attributes:
        style: form that is rewarded.
        weight: weight of this reward; that of correctness is 1.
    """

    style: FormatStyle
    weight: float = Field(default=1.0, gt=0)


class OverlongPenalty(Section):
    """Penalise length softly, as DAPO does, near `trainer.max_completion_length`.

    Attributes:
        buffer_tokens: number of last tokens over which the penalty grows.
        weight: weight of the penalty; that of correctness is 1.
    """

    buffer_tokens: int = Field(ge=1)
    weight: float = Field(default=1.0, gt=0)


class OwnReward(Section):
    """Add a reward of your own, beside correctness and logged apart from it as `rewards/NAME`.

    Attributes:
        function: path/to/file.py:function or package.module:function (`rlvr.verifiers.own`).
        weight: weight of the reward; below 0 for a penalty.
        name: name that it is logged under; unset, the function's own.
    """

    function: str = Field(min_length=1)
    weight: float = 1.0
    name: str | None = Field(default=None, pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$")

    @property
    def label(self) -> str:
        """The name that it is logged under."""
        return self.name or self.function.rpartition(":")[2]


def _as_functions(value: Any) -> Any:
    """Take one for a list of one, and a function's name for {function: ..}."""
    listed = list(value) if isinstance(value, list | tuple) else [value]
    return [{"function": each} if isinstance(each, str) else each for each in listed]


class Rewards(Section):
    """Say what a completion earns besides correctness, and when the rewards stop the run.

    Attributes:
        format: reward for the form of the answer.
        overlong: penalty for long completions.
        own: your own functions.
        max_undecided_share: largest share of one rollout's verdicts that may be undecided; above it
            the verifier is not to be trusted, and the run stops.
        max_rollouts_without_signal: number of rollouts in a row in which no completion was better
            than another, before the run stops.
    """

    format: FormatReward | None = None
    overlong: OverlongPenalty | None = None
    own: Annotated[tuple[OwnReward, ...], BeforeValidator(_as_functions)] = ()
    max_undecided_share: float = Field(default=0.1, ge=0, le=1)
    max_rollouts_without_signal: int = Field(default=50, ge=1)

    @field_validator("own")
    @classmethod
    def _logged_apart(cls, value: tuple[OwnReward, ...]) -> tuple[OwnReward, ...]:
        labels = [*_BUILT_IN, *(each.label for each in value)]
        if repeated := next((label for label in labels if labels.count(label) > 1), None):
            raise PydanticCustomError(
                "name", "two rewards are called {name}; give one a name:", {"name": repeated}
            )
        return value


class PPO(Section):
    """Set the value network and how it is used. Defaults: VeRL's `ppo_trainer.yaml`.

    Attributes:
        critic: Hub id or folder that the value network starts from; unset, the policy's.
        critic_learning_rate: learning rate of the critic; the policy's is `trainer.learning_rate`.
        gamma: discount per token.
        gae_lambda: 1 is the return minus the value, 0 the one-step temporal difference.
        value_clip: largest change of a value against the rollout's, before its loss stops falling.
        value_warmup_steps: number of optimizer steps in which the critic alone is trained.
        kl_coefficient: coefficient of the token-level KL penalty in the reward; 0 for none.
    """

    critic: str | None = None
    critic_learning_rate: float = Field(default=1e-5, gt=0)
    gamma: float = Field(default=1.0, gt=0, le=1)
    gae_lambda: float = Field(default=1.0, ge=0, le=1)
    value_clip: float = Field(default=0.5, gt=0)
    value_warmup_steps: int = Field(default=0, ge=0)
    kl_coefficient: float = Field(default=0.0, ge=0)


class ReinforcePP(Section):
    """Set the discount of Reinforce++ and its KL penalty.

    Attributes:
        gamma: discount per token.
        kl_coefficient: coefficient of the token-level KL penalty in the reward; 0 for none.
    """

    gamma: float = Field(default=1.0, gt=0, le=1)
    kl_coefficient: float = Field(default=0.0, ge=0)


class DAPO(Section):
    """Set DAPO's dynamic sampling.

    Attributes:
        max_rounds: number of rounds of one batch's size that may be sampled for one batch.
    """

    max_rounds: int = Field(default=10, ge=1)


REWARD_SECTIONS: Mapping[str, type[Section]] = {
    "rewards": Rewards,
    "format": FormatReward,
    "overlong": OverlongPenalty,
    "own": OwnReward,
}
# a section that one method alone reads, by that method's name
METHOD_SECTIONS: Mapping[str, type[Section]] = {
    "ppo": PPO,
    "reinforce_pp": ReinforcePP,
    "dapo": DAPO,
}
