"""LoRA by recipe: for every method the adapter learns, and the base is not touched."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tests.rlvr.training.known_batch import known_trainer, raw_recipe

PEFT = {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "v_proj"]}


@pytest.mark.parametrize("method", ["grpo", "ppo", "rloo", "reinforce_pp", "remax", "dapo"])
def test_adapter_learns_and_the_checkpoint_holds_it_alone(tmp_path: Path, method: str) -> None:
    options = {"save_strategy": "steps", "save_steps": 1, "learning_rate": 1e-3}
    trainer = known_trainer(raw_recipe(method, options, peft=PEFT), tmp_path, right=2)
    base = {name: tensor.clone() for name, tensor in _base(trainer).items()}

    trainer.train()

    assert all(torch.equal(tensor, base[name]) for name, tensor in _base(trainer).items())
    saved = load_file(tmp_path / "known" / "checkpoint-1" / "adapter_model.safetensors")
    assert {"lora_A" in name or "lora_B" in name for name in saved} == {True}
    assert any(tensor.abs().max() > 0 for name, tensor in saved.items() if "lora_B" in name)


@pytest.mark.parametrize("section", [{"grpo": 0.001}, {"reinforce_pp": 0.001}])
def test_reference_of_an_adapter_is_the_base_without_it(
    tmp_path: Path, section: dict[str, float]
) -> None:
    method, coefficient = next(iter(section.items()))
    options: dict[str, Any] = {"max_steps": 2, "learning_rate": 1e-2}
    sections: dict[str, Any] = {}
    if method == "grpo":
        options["beta"] = coefficient
    else:
        sections[method] = {"kl_coefficient": coefficient}
    trainer = known_trainer(raw_recipe(method, options, peft=PEFT, **sections), tmp_path, right=2)
    trainer.train()
    key = "kl" if method == "grpo" else "reward_kl"
    first, second = (logged[key] for logged in trainer.state.log_history[:2])
    assert first == pytest.approx(0, abs=1e-6)
    assert abs(second) > 1e-6


def _base(trainer: Any) -> dict[str, torch.Tensor]:
    state = trainer.model.state_dict()
    return {
        name: tensor
        for name, tensor in state.items()
        if "lora_" not in name and not name.startswith("critic.")
    }
