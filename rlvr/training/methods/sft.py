"""Supervised training on demonstrations, by TRL's SFTTrainer: distillation, and pretraining.

Only completion tokens carry loss. Demonstrations are (prompt, completion) pairs: generated here,
from a file, or those that `rlvr distill` has written into the run directory. They become tokens as
prompts do for sampling; of a file's prompts `data.prompt: chat` says that a chat template rendered
them, so that no special tokens are added.
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from datasets import Dataset, load_dataset
from datasets.exceptions import DatasetsError
from pyarrow import ArrowException
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from trl import SFTConfig, SFTTrainer

from rlvr.answers.prompt_tokens import prompt_ids
from rlvr.answers.prompts import ChatText, is_chat
from rlvr.core import reading
from rlvr.core.errors import UserError, missing_key
from rlvr.distill.folder import Folder
from rlvr.distill.teachers.protocol import student_prompt
from rlvr.recipes.data_section import Demonstrations
from rlvr.recipes.recipe import Recipe
from rlvr.tasks import datafiles
from rlvr.tiny.countdown import training_chains
from rlvr.training.methods import options
from rlvr.training.methods.method import Method, by_rules
from rlvr.training.trainers.job import Job
from rlvr.training.trainers.unpadded import WithoutPadding

logger = logging.getLogger(__name__)

_COLUMNS = ("prompt", "completion")


def demonstrations(source: Demonstrations, seed: int, end: str) -> Dataset:
    """Load columns prompt and completion; every completion ends with the end token.

    Raises:
        UserError: if a file is missing or lacks a column.
    """
    if source.path is None:
        pairs = training_chains(source.count or 0, seed)
        rows = [{"prompt": prompt, "completion": f" {plan}{end}"} for prompt, plan in pairs]
        return Dataset.from_list(rows)
    if not source.path.is_file():
        raise UserError(f"data.demonstrations.path: no such file: {source.path}")
    if fault := reading.table_fault(source.path):
        raise UserError(f"data.demonstrations.path: {source.path}: {fault}")
    dataset = _loaded(source.path)
    for column in _COLUMNS:
        if column not in dataset.column_names:
            raise UserError(f"{source.path}: no column '{column}'; it needs prompt, completion")
        found = dataset.features[column]
        if getattr(found, "dtype", None) not in ("string", "large_string"):
            raise UserError(f"{source.path}: column '{column}' holds {found}; it needs text")
        if missing := dataset.data.column(column).null_count:
            raise UserError(f"{source.path}: column '{column}' is empty in {missing} rows")
    return dataset.select_columns(list(_COLUMNS))


def _loaded(file: Path) -> Dataset:
    """Load a table through the datasets library, which maps large files into memory.

    Raises:
        UserError: naming the line that cannot be read.
    """
    kind = {".jsonl": "json", ".json": "json", ".csv": "csv"}.get(file.suffix, "parquet")
    try:
        return load_dataset(kind, data_files=str(file), split="train")
    except (DatasetsError, ArrowException, ValueError) as error:
        for _ in datafiles.rows(file):  # our own reader names the place
            pass
        raise UserError(f"{file}: rows of different types ({error.__cause__ or error})") from None


def _tokenized(dataset: Dataset, job: Job) -> Dataset:
    """Add columns input_ids and completion_mask, which TRL then leaves as they are."""
    tokenizer, template = job.tokenizer, _template(job.recipe)
    text = ChatText if is_chat(template) else str
    end = str(tokenizer.eos_token)

    def tokens(row: dict[str, str]) -> dict[str, list[int]]:
        closed = row["completion"].removesuffix(end) + end
        pair = [text(row["prompt"]), text(row["prompt"] + closed)]
        prompt, whole = prompt_ids(tokenizer, pair)
        # tokens may merge across the boundary: the completion begins where the two part
        start = _shared(prompt, whole)
        return {
            "input_ids": whole,
            "completion_mask": [0] * start + [1] * (len(whole) - start),
            "lost": [len(prompt) - start],
        }

    with job.args.main_process_first(desc="tokenizing"):
        found = dataset.map(tokens, num_proc=job.args.dataset_num_proc, desc="Tokenizing")
    merged = sum(lost > 0 for (lost,) in found["lost"])
    if merged:
        logger.warning(
            "%d of %d demonstrations: the prompt's last tokens merge with the completion's first, "
            "so the model is trained on other prompts than it is asked; end the prompt where a "
            "token ends",
            merged,
            len(found),
        )
    return found.remove_columns("lost")


def _shared(one: list[int], other: list[int]) -> int:
    """Count the tokens that both begin with."""
    shorter = min(len(one), len(other))
    return next((at for at in range(shorter) if one[at] != other[at]), shorter)


def _template(recipe: Recipe) -> str:
    if recipe.distill is not None:
        return student_prompt(recipe)
    return recipe.data.prompt or "plain"


def _source_faults(values: Mapping[str, Any], recipe: Recipe, world_size: int) -> list[str]:
    source = recipe.data.demonstrations
    if recipe.distill is not None:
        return []
    if source is None:
        return [
            missing_key(
                "data.demonstrations",
                "give a path with prompt and completion columns, or a distill: section",
            )
        ]
    if (source.path is None) == (source.generator is None):
        return ["data.demonstrations: give either path or generator, not both and not neither"]
    if source.generator and not source.count:
        return [missing_key("data.demonstrations.count", "say how many to make")]
    return []


def _packing_faults(values: Mapping[str, Any], recipe: Recipe, world_size: int) -> list[str]:
    """Refuse packing in which demonstrations see each other; only `bfd` marks where each begins."""
    if values.get("packing") and values.get("packing_strategy", "bfd") == "wrapped":
        return [
            "trainer.packing_strategy: 'wrapped' cuts demonstrations apart and lets them see each "
            "other; write bfd"
        ]
    return []


def _loss_faults(values: Mapping[str, Any], recipe: Recipe, world_size: int) -> list[str]:
    if values.get("loss_type", "nll") in ("nll", "dft"):
        return []
    return [f"trainer.loss_type: there is no '{values['loss_type']}' for sft; write nll or dft"]


def _source(job: Job) -> Demonstrations:
    if job.recipe.distill is None:
        assert job.recipe.data.demonstrations is not None
        return job.recipe.data.demonstrations
    path = Folder.of(job.run).sft
    if not path.is_file():
        raise UserError(f"{path}: not there yet; run rlvr distill RECIPE --until write first")
    return Demonstrations(path=path)


class _TokenCount(TrainerCallback):
    """Lets the number of trained tokens go on where it was: TRL begins anew at every start."""

    def __init__(self, trainer: SFTTrainer) -> None:
        self._trainer = trainer

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Take the last number that was logged; every step is logged before it is saved."""
        logged = [entry["num_tokens"] for entry in state.log_history if "num_tokens" in entry]
        if logged:
            self._trainer._total_train_tokens = int(logged[-1])


class SupervisedTrainer(WithoutPadding, SFTTrainer):
    """TRL's trainer, whose batches go through the model without padding."""

    def compute_loss(self, model: Any, *args: Any, **kwargs: Any) -> Any:
        """Compute TRL's loss and the metrics of the tokens' log-probs."""
        return super().compute_loss(self.unpadded(model), *args, **kwargs)


def _build(job: Job) -> SupervisedTrainer:
    dataset = demonstrations(_source(job), job.recipe.seed, str(job.tokenizer.eos_token))
    trainer = SupervisedTrainer(
        model=job.model,
        args=job.args,
        train_dataset=_tokenized(dataset, job),
        processing_class=job.tokenizer,
        peft_config=job.peft_config,
    )
    trainer.add_callback(_TokenCount(trainer))
    return trainer


METHOD = Method(
    config_class=SFTConfig,
    build=_build,
    defaults={
        "gradient_checkpointing": False,
        "ddp_broadcast_buffers": False,
        "save_strategy": "steps",
    },
    faults=by_rules(
        _source_faults,
        _packing_faults,
        _loss_faults,
        options.no_rewards,
        options.no_sampling,
        options.never_reads(
            "assistant_only_loss",
            "chat_template_path",
            "dataset_kwargs",
            "dataset_text_field",
            "eos_token",
            "trust_remote_code",
            because="demonstrations become tokens as prompts do for sampling, by the model's own "
            "tokenizer and without code from the Hub",
        ),
    ),
)
