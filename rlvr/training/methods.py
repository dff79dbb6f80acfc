"""Training methods by name; a method's module, and TRL with it, is imported when asked for."""

from importlib import import_module
from typing import cast

from rlvr.training.method import Method
from rlvr.training.working_wandb import hide_if_broken

MODULES = {
    "grpo": "rlvr.training.grpo",
    "ppo": "rlvr.training.ppo",
    "rloo": "rlvr.training.rloo",
    "reinforce_pp": "rlvr.training.reinforce_pp",
    "remax": "rlvr.training.remax",
    "dapo": "rlvr.training.dapo",
    "sft": "rlvr.training.sft",
    "on_policy_distillation": "rlvr.training.on_policy_distillation",
}


def get(name: str) -> Method:
    """The method called `name`; recipes admit no other names."""
    hide_if_broken()
    return cast(Method, import_module(MODULES[name]).METHOD)
