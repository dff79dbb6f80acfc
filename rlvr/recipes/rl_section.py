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
    """A reward for the form the prompt asks for, beside correctness and logged apart from it."""

    style: FormatStyle
    weight: float = Field(default=1.0, gt=0)


class OverlongPenalty(Section):
    """DAPO's soft penalty over the last `buffer_tokens` of `trainer.max_completion_length`."""

    buffer_tokens: int = Field(ge=1)
    weight: float = Field(default=1.0, gt=0)


class OwnReward(Section):
    """A user's own reward, beside correctness and logged apart from it as `rewards/NAME`.

    Attributes:
        function: path/to/file.py:function or package.module:function (`rlvr.verifiers.own`).
        weight: below 0 for a penalty.
        name: that it is logged under; the function's own unless given.
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
    """What a completion earns besides correctness, and when the rewards stop the run.

    Attributes:
        own: functions of the user's.
        max_undecided_share: of one rollout's verdicts; above it the verifier is not to be trusted.
        max_rollouts_without_signal: in a row, in which no completion was better than another.
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
    """The value network and what it is used for. Defaults: VeRL's `ppo_trainer.yaml`.

    Attributes:
        critic: Hub id or folder that the value network starts from; None takes the policy's.
        critic_learning_rate: the policy's is `trainer.learning_rate`.
        gamma: discount per token.
        gae_lambda: 1 is the return minus the value, 0 the one-step temporal difference.
        value_clip: largest change of a value against the rollout's, before its loss stops falling.
        value_warmup_steps: optimizer steps in which the critic alone is trained.
        kl_coefficient: of the token-level KL penalty in the reward; 0 for none.
    """

    critic: str | None = None
    critic_learning_rate: float = Field(default=1e-5, gt=0)
    gamma: float = Field(default=1.0, gt=0, le=1)
    gae_lambda: float = Field(default=1.0, ge=0, le=1)
    value_clip: float = Field(default=0.5, gt=0)
    value_warmup_steps: int = Field(default=0, ge=0)
    kl_coefficient: float = Field(default=0.0, ge=0)


class ReinforcePP(Section):
    """Reinforce++: the discount, and the token-level KL penalty in the reward; 0 for none."""

    gamma: float = Field(default=1.0, gt=0, le=1)
    kl_coefficient: float = Field(default=0.0, ge=0)


class DAPO(Section):
    """Dynamic sampling: how many rounds of one batch's size may be sampled for one batch."""

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
