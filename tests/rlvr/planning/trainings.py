"""Small trainings whose memory is both predicted and measured, on the same random model."""

from pathlib import Path
from typing import Any

import torch

from rlvr.planning import memory
from rlvr.planning.hardware import Devices
from rlvr.planning.prompts import longest_prompt
from rlvr.planning.training import training_of
from rlvr.recipes import recipe as recipes
from rlvr.tiny.model import END, PAD, WORDS, tokenizer
from rlvr.training.checks.settings import planned_values
from rlvr.training.methods import registry

LORA = {"r": 16, "lora_alpha": 32, "target_modules": "all-linear"}


def create_model(folder: Path) -> Path:
    """A model whose weights and activations are both some tens of MB."""
    from transformers import AutoModelForCausalLM, LlamaConfig

    config = LlamaConfig(
        vocab_size=2048,
        hidden_size=256,
        intermediate_size=1024,
        num_hidden_layers=4,
        num_attention_heads=8,
        num_key_value_heads=4,
        max_position_embeddings=64,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=WORDS.index(END),
        pad_token_id=WORDS.index(PAD),
    )
    torch.manual_seed(1)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    return folder


def recipe(model: Path, method: str = "grpo", **changes: Any) -> dict[str, Any]:
    """Two steps of two passes each, so that gradients are there while activations are."""
    trainer = {
        "max_steps": 2,
        "per_device_train_batch_size": 8,
        "gradient_accumulation_steps": 2,
        "num_generations": 8,
        "max_completion_length": 16,
        "save_strategy": "no",
        "use_cpu": True,
        **changes.pop("trainer", {}),
    }
    return {
        "name": "measured",
        "model": str(model),
        "method": method,
        "seed": 1,
        "data": {"problems": "countdown-train"},
        "trainer": trainer,
        **changes,
    }


def predicted_bytes(raw: dict[str, Any]) -> float:
    """The most memory of one process on CPU, by the plan."""
    parsed = recipes.parse(raw, source="test")
    devices = Devices(gpus=0, memory_gib=None, processes=1)
    prompt = longest_prompt(parsed.data.problems, parsed.model, parsed.data.prompt)
    assert prompt is not None
    values = planned_values(parsed, registry.get(parsed.method))
    training = training_of(parsed, values, devices, prompt)
    assert training is not None
    return memory.largest(memory.phases(training)).size
