"""Mappings that only a library interprets: a fault in one is told by its key, before any model."""

from pathlib import Path
from typing import Any

import pytest
from transformers import GenerationConfig

from rlvr.core.errors import Faults, UserError
from rlvr.recipes import recipe as recipes
from rlvr.recipes.recipe import Recipe
from rlvr.runs.run_directory import Run
from rlvr.tiny.model import BASE
from rlvr.training.checks import adapter
from rlvr.training.checks.handed_on import refusals_told
from rlvr.training.checks.settings import peft_faults, training_arguments
from rlvr.training.methods import registry

LR, OPTIM, MODEL = "lr_scheduler_kwargs", "optim_args", "model_init_kwargs"
CHECKPOINTING = "gradient_checkpointing_kwargs"
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"generation_batch_size": 2}, "trainer.generation_batch_size: 2 is no multiple of the "),
    ({"parallelism_config": {"a": 1}}, "trainer.parallelism_config cannot be set"),
    ({"use_transformers_continuous_batching": True}, "write use_vllm: true"),
    ({LR: {"a": 1}}, f"{LR}.a: there is no 'a'; there are: none"),
    ({"lr_scheduler_type": "cosine", LR: {"num_cycle": 1}}, "did you mean 'num_cycles'?"),
    ({"lr_scheduler_type": "cosine", LR: {"num_cycles": "x"}}, f"{LR}: "),
    ({"lr_scheduler_type": "cosine", LR: {"num_cycles": float("nan")}}, "write a finite number"),
    ({"lr_scheduler_type": "cosine", LR: {"num_training_steps": 5}}, f"{LR}.num_training_steps"),
    ({"lr_scheduler_type": "cosine_with_min_lr"}, "lr_scheduler_type: cosine_with_min_lr: "),
    ({"lr_scheduler_type": "cosine_with_min_lr", LR: {"min_lr": "low"}}, f"{LR}: "),
    (
        {"lr_scheduler_type": "cosine_with_min_lr", LR: {"min_lr": -1.0}},
        "write a finite number from 0",
    ),
    ({"lr_scheduler_type": "polynomial", LR: {"power": []}}, f"{LR}: "),
    ({"lr_scheduler_type": "polynomial", LR: {"lr_end": 1}}, f"{LR}: "),
    ({"lr_scheduler_type": "warmup_stable_decay"}, "num_decay_steps"),
    ({"lr_scheduler_type": "inverse_sqrt", LR: {"timescale": 0}}, f"{LR}: "),
    ({"lr_scheduler_type": "constant", LR: {"a": 1}}, f"{LR}.a"),
    ({OPTIM: "a"}, f"{OPTIM}: write key=value pairs"),
    ({OPTIM: "a=1"}, f"{OPTIM}: a is never read by optim: adamw_torch"),
    ({OPTIM: "betas=x"}, f"{OPTIM}: betas is never read"),
    ({"optim": "rmsprop", OPTIM: "momentum=-1"}, f"{OPTIM}: 'momentum=-1'"),
    ({"optim": "galore_adamw", "optim_target_modules": ["q_proj"]}, "optim: galore_adamw is not"),
    ({"optim": "adamw_8bit"}, "optim: adamw_8bit is not installed here"),
    ({"optim": "lomo"}, "optim: lomo is not installed here"),
    ({"optim_target_modules": ["q_proj"]}, "optim_target_modules is read by"),
    ({CHECKPOINTING: {"use_reentrant": False}}, "is read only with gradient_checkpointing: true"),
    ({"gradient_checkpointing": True, CHECKPOINTING: {"a": 1}}, f"{CHECKPOINTING}.a: there is no"),
    (
        {"gradient_checkpointing": True, CHECKPOINTING: {"use_reentrant": "x"}},
        f"{CHECKPOINTING}.use_reentrant: write true or false, found 'x'",
    ),
    (
        {"gradient_checkpointing": True, CHECKPOINTING: {"determinism_check": "x"}},
        f"{CHECKPOINTING}.determinism_check: write default or none",
    ),
    ({MODEL: {"a": 1}}, f"{MODEL}.a: there is no 'a'"),
    ({MODEL: {"dtyp": "float32"}}, "did you mean 'dtype'?"),
    ({MODEL: {"dtype": "float17"}}, f"{MODEL}.dtype: write auto or float32"),
    ({MODEL: {"dtype": None}}, f"{MODEL}.dtype"),
    ({MODEL: {"num_hidden_layers": 1}}, f"{MODEL}.num_hidden_layers"),
    ({MODEL: {"trust_remote_code": True}}, f"{MODEL}.trust_remote_code"),
    ({MODEL: {"attn_implementation": "nosuch"}}, f"{MODEL}: {{'attn_implementation': 'nosuch'}}"),
    ({"accelerator_config": {"split_batches": True}}, "accelerator_config cannot be set"),
    ({"fsdp": "full_shard"}, "fsdp cannot be set: the launch file says it"),
    ({"fsdp_config": {"a": 1}}, "fsdp_config cannot be set"),
    ({"deepspeed": {"zero_optimization": {"stage": 9}}}, "deepspeed cannot be set"),
    ({"use_liger_kernel": True}, "use_liger_kernel: liger-kernel is not installed here"),
    ({"liger_kernel_config": {"a": True}}, "liger_kernel_config is read only with"),
    *(
        ({"generation_kwargs": {name: value}}, f"generation_kwargs.{name}")
        for name, value in {
            "a": 1,
            "max_new_tokens": 4,
            "temperature": 0.5,
            "num_beams": 2,
            "do_sample": False,
            "guidance_scale": 1.5,
            "input_ids": [1],
            "eos_token_id": "x",
            "suppress_tokens": [99999],
            "min_new_tokens": 99,
            "no_repeat_ngram_size": -1,
        }.items()
    ),
    ({"generation_kwargs": {"typical_p": 0}}, "generation_kwargs: {'typical_p': 0}"),
    ({"generation_kwargs": {"sequence_bias": [[[8], "x"]]}}, "generation_kwargs: "),
]
REFUSED_BY_PEFT: list[tuple[dict[str, Any], str]] = [
    ({"target_modules": ["q_proj", "v_porj"]}, "target_modules: the model has no 'v_porj'"),
    ({"target_modules": "nosuch"}, "target_modules: 'nosuch': "),
    ({"target_modules": "["}, "target_modules: '[': "),
    ({"target_modules": ["norm"]}, "target_modules: "),
    ({"exclude_modules": ".*"}, "exclude_modules: '.*': "),
    ({"exclude_modules": "("}, "exclude_modules: '(': "),
    ({"modules_to_save": ["nosuch"]}, "modules_to_save: the model has no 'nosuch'"),
    ({"layers_to_transform": 99}, "layers_to_transform: 99: "),
    ({"rank_pattern": {"q_proj": "x"}}, "rank_pattern.q_proj: write a whole number"),
    ({"rank_pattern": {"q_proj": 0}}, "rank_pattern.q_proj: write a whole number"),
    ({"rank_pattern": {"(": 4}}, "rank_pattern: '(' is no regular expression"),
    ({"rank_pattern": {"nosuch": 4}}, "rank_pattern: the model has no 'nosuch'"),
    ({"alpha_pattern": {"q_proj": float("nan")}}, "alpha_pattern.q_proj: write a number above 0"),
    ({"target_parameters": ["nosuch"]}, "target_parameters: the model has no 'nosuch'"),
    ({"trainable_token_indices": [-1]}, "trainable_token_indices: the model has tokens 0 to "),
    ({"r": 3, "init_lora_weights": "orthogonal"}, "r: init_lora_weights: orthogonal needs an even"),
    ({"init_lora_weights": "eva"}, "init_lora_weights: write gaussian or "),
    ({"runtime_config": {"a": 2}}, "runtime_config cannot be set"),
    ({"velora_config": {"a": 2}}, "velora_config cannot be set"),
    ({"loftq_config": {"loftq_bits": 3}}, "loftq_config cannot be set"),
]
TAKEN: list[dict[str, Any]] = [
    {"lr_scheduler_type": "cosine_with_min_lr", LR: {"min_lr": "1e-7"}},
    {"lr_scheduler_type": "warmup_stable_decay", LR: {"num_decay_steps": 1}},
    {"optim": "rmsprop", OPTIM: "momentum=0"},
    {"gradient_checkpointing": True, CHECKPOINTING: {"use_reentrant": False}},
    {MODEL: {"dtype": "float32", "attn_implementation": "eager"}},
    {"generation_kwargs": {"eos_token_id": [2, 3], "min_new_tokens": 2, "typical_p": 0.9}},
]


def parsed(trainer: dict[str, Any], peft: dict[str, Any] | None = None) -> Recipe:
    raw = {
        "name": "handed-on",
        "model": "embedded:countdown-base",
        "method": "grpo",
        "data": {"problems": "countdown-train"},
        "trainer": {"max_steps": 4, "max_completion_length": 8, **trainer},
        "peft": peft,
    }
    return recipes.parse(raw, source="r.yaml")


def faults(recipe: Recipe) -> list[str]:
    """What is refused before the model is loaded."""
    run = Run(Path("unused"))
    try:
        args = training_arguments(recipe, registry.get("grpo"), run, source="r.yaml")
        if found := peft_faults(recipe):
            return found
        adapter.check(recipe, args, BASE, source="r.yaml")
    except Faults as error:
        return list(error.faults)
    return []


def name(value: object) -> str:
    return ascii(value)[:60] if isinstance(value, dict) else ""


@pytest.mark.parametrize(("trainer", "told"), REFUSED, ids=name)
def test_mapping_that_a_library_would_refuse_or_never_read_is_told_by_its_key(
    trainer: dict[str, Any], told: str
) -> None:
    [fault] = faults(parsed(trainer))
    assert fault.startswith("trainer.")
    assert told in fault
    assert "\n" not in fault


@pytest.mark.parametrize(("peft", "told"), REFUSED_BY_PEFT, ids=name)
def test_adapter_that_does_not_fit_the_model_is_told_by_its_key(
    peft: dict[str, Any], told: str
) -> None:
    [fault] = faults(parsed({}, {"target_modules": ["q_proj"], **peft}))
    assert fault.startswith("peft.")
    assert told in fault


@pytest.mark.parametrize("trainer", TAKEN, ids=name)
def test_mapping_that_a_library_reads_is_taken(trainer: dict[str, Any]) -> None:
    assert faults(parsed(trainer, {"target_modules": "all-linear", "r": 4})) == []


def test_refusal_of_a_library_is_told_and_a_bug_of_ours_is_not() -> None:
    refused = r"^trainer: transformers refuses these options: "
    with pytest.raises(UserError, match=refused), refusals_told():
        GenerationConfig(logits_processor=[1])
    with pytest.raises(ValueError, match="ours"), refusals_told():
        raise ValueError("ours")
