"""A subclass of a trainer may name its attributes as it likes: it replaces none of ours."""

import ast
import inspect
import textwrap

import pytest

from rlvr.training.methods.dapo import DynamicSamplingTrainer
from rlvr.training.methods.on_policy_distillation import OnPolicyTrainer
from rlvr.training.methods.ppo import ActorCriticTrainer
from rlvr.training.methods.reinforce_pp import ReinforcePPTrainer
from rlvr.training.methods.remax import GreedyBaselineTrainer
from rlvr.training.methods.rloo import LeaveOneOutTrainer
from rlvr.training.methods.sft import SupervisedTrainer
from rlvr.training.trainers.verified_grpo import VerifiedTrainer


def private_attributes(cls: type) -> set[str]:
    """Attributes that a class sets on itself and that a subclass would replace unknowingly."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
    return {
        f"{cls.__name__}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
        if isinstance(node.value, ast.Name) and node.value.id == "self"
        if node.attr.startswith("_") and not node.attr.startswith("__")
    }


TRAINERS = (
    ActorCriticTrainer,
    DynamicSamplingTrainer,
    GreedyBaselineTrainer,
    LeaveOneOutTrainer,
    OnPolicyTrainer,
    ReinforcePPTrainer,
    SupervisedTrainer,
    VerifiedTrainer,
)


@pytest.mark.parametrize("trainer", TRAINERS)
def test_our_trainers_keep_their_state_under_names_of_their_own(trainer: type) -> None:
    ours = [cls for cls in trainer.__mro__ if cls.__module__.startswith("rlvr.")]
    assert trainer in ours
    assert set().union(*map(private_attributes, ours)) == set()
