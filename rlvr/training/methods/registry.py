"""Training methods by name; a method's module, and TRL with it, is imported when asked for."""

from importlib import import_module
from typing import cast

from rlvr.training.methods.method import Method
from rlvr.training.methods.wandb_import_guard import hide_if_broken

MODULES = {
    "grpo": "rlvr.training.methods.grpo",
    "ppo": "rlvr.training.methods.ppo",
    "rloo": "rlvr.training.methods.rloo",
    "reinforce_pp": "rlvr.training.methods.reinforce_pp",
    "remax": "rlvr.training.methods.remax",
    "dapo": "rlvr.training.methods.dapo",
    "sft": "rlvr.training.methods.sft",
    "on_policy_distillation": "rlvr.training.methods.on_policy_distillation",
}


def get(name: str) -> Method:
    """The method called `name`; recipes admit no other names."""
    hide_if_broken()
    return cast(Method, import_module(MODULES[name]).METHOD)
