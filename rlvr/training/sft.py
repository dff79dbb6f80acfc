"""Supervised training on demonstrations, by TRL's SFTTrainer: distillation, and pretraining.

Only completion tokens carry loss. Demonstrations are (prompt, completion) pairs.
"""

from collections.abc import Mapping
from typing import Any

from datasets import Dataset, load_dataset
from trl import SFTConfig, SFTTrainer

from rlvr.errors import UserError
from rlvr.recipe import Demonstrations, Recipe
from rlvr.tiny.countdown import training_chains
from rlvr.training.method import Job, Method


def demonstrations(source: Demonstrations, seed: int, end: str) -> Dataset:
    """Columns prompt and completion; every completion ends with the end-of-sequence token.

    Raises:
        UserError: if a file is missing or lacks a column.
    """
    if source.path is None:
        pairs = training_chains(source.count or 0, seed)
        rows = [{"prompt": prompt, "completion": f" {plan}{end}"} for prompt, plan in pairs]
        return Dataset.from_list(rows)
    if not source.path.is_file():
        raise UserError(f"data.demonstrations.path: no such file: {source.path}")
    kind = {".jsonl": "json", ".json": "json"}.get(source.path.suffix, "parquet")
    dataset = load_dataset(kind, data_files=str(source.path), split="train")
    missing = {"prompt", "completion"} - set(dataset.column_names)
    if missing:
        raise UserError(f"{source.path}: no column '{missing.pop()}'; it needs prompt, completion")
    return dataset


def _faults(values: Mapping[str, Any], recipe: Recipe, world_size: int) -> list[str]:
    source = recipe.data.demonstrations
    if source is None:
        return ["missing key 'data.demonstrations'; give a path with prompt and completion columns"]
    if (source.path is None) == (source.generator is None):
        return ["data.demonstrations: give either path or generator, not both and not neither"]
    if source.generator and not source.count:
        return ["missing key 'data.demonstrations.count'; say how many to make"]
    return []


def _build(job: Job) -> SFTTrainer:
    source = job.recipe.data.demonstrations
    assert source is not None
    return SFTTrainer(
        model=job.model,
        args=job.args,
        train_dataset=demonstrations(source, job.recipe.seed, str(job.tokenizer.eos_token)),
        processing_class=job.tokenizer,
        peft_config=job.peft_config,
    )


METHOD = Method(
    config_class=SFTConfig,
    build=_build,
    defaults={"gradient_checkpointing": False, "save_strategy": "steps"},
    faults=_faults,
)
