"""One training run from recipe to checkpoints, resumed wherever it was cut off.

`train` is the same whether called by `rlvr train` or by every process of `accelerate launch`. Run
again on the same run directory, it continues from the last checkpoint that has its full trainer
state, and ends with the parameters of an uninterrupted run.
"""

import logging
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlvr.core.errors import UserError, concerning
from rlvr.core.launched import world_size
from rlvr.core.progress import stage
from rlvr.recipes.recipe import Recipe
from rlvr.runs.model_card import licence_of
from rlvr.runs.run_directory import Checkpoint, Run
from rlvr.samplers import generation_file
from rlvr.training.checks import adapter, handed_on
from rlvr.training.checks.settings import peft_config, section_of, training_arguments
from rlvr.training.loop.lock import TrainingLock
from rlvr.training.loop.retention import retain
from rlvr.training.loop.start import check_base, find_start
from rlvr.training.loop.together import decided_by_one
from rlvr.training.methods import registry
from rlvr.training.trainers import rollout_engine
from rlvr.training.trainers.job import Job
from rlvr.weights import models
from rlvr.weights.model_folder import loading, refuse_incomplete

if TYPE_CHECKING:
    from transformers import PreTrainedModel, Trainer

    from rlvr.training.loop.callbacks import StopSignal

logger = logging.getLogger(__name__)

_RECORDED_PACKAGES = ("accelerate", "peft", "torch", "transformers", "trl")


class Ending(Enum):
    """How a call of `train` ended."""

    FINISHED = "finished"
    ALREADY_FINISHED = "already finished"
    INTERRUPTED = "interrupted"
    PAUSED = "saved"


def train(recipe: Recipe, run: Run, *, source: str, until_save: bool = False) -> Ending:
    """Train the recipe into the run directory, from its last resumable checkpoint on.

    The directory is made once model, data and trainer are there: a recipe that is refused leaves
    none behind, and its corrected version takes the same name.

    Args:
        source: what messages about the recipe begin with: its file.
        until_save: stop behind the next checkpoint, and end as PAUSED while steps are left.

    Raises:
        Faults: if the recipe's values do not fit together or its method.
        UserError: if model or data cannot be had, or the directory belongs to another recipe's run
            or to a training that is under way.
    """
    from rlvr.training.loop.callbacks import StopSignal

    method = registry.get(recipe.method)
    args = training_arguments(recipe, method, run, source=source)
    with _nothing_left_if_refused(run), _alone(run):
        with concerning(source):
            rollout_engine.check(args)
            start = decided_by_one(lambda: find_start(run, recipe))
            if start.is_finished:
                return Ending.ALREADY_FINISHED
            with concerning("model"):
                folder = models.resolve(recipe.model, recipe.revision)
                base = decided_by_one(lambda: check_base(run, recipe, folder))
            adapter.check(recipe, args, folder, source=source)
            trainer = build_trainer(recipe, run, args, folder)
        resumed = start.seen_here()
        if args.process_index == 0:
            run.start(recipe)
            run.trim_metrics(resumed.step if resumed else 0)
            run.record(**_provenance(run), **base, **_problems(trainer), **_licence(folder))
            if resumed:  # a kill behind the last save has left what no other save would clear away
                retain(run, recipe)
        stop = StopSignal(method.resume_interval(args), at_save=until_save)
        return _run(trainer, recipe, run, resumed, stop)


@contextmanager
def _nothing_left_if_refused(run: Run) -> Iterator[None]:
    """Remove the empty folder that transformers makes for a trainer, if the trainer is refused."""
    was_there = run.path.exists()
    try:
        yield
    except UserError:
        if not was_there:
            with suppress(OSError):  # not empty, or never made
                run.path.rmdir()
        raise


@contextmanager
def _alone(run: Run) -> Iterator[None]:
    """Hold the run's lock, which the first process takes for all.

    Raises:
        BeingTrained: on every process, if others train the run.
    """
    lock = TrainingLock(run)
    try:
        decided_by_one(lock.acquire)
        yield
    finally:
        lock.release()


def build_trainer(recipe: Recipe, run: Run, args: Any, folder: Path) -> "Trainer":
    """Build the recipe's trainer on the model in `folder`, without our callbacks."""
    from transformers import AutoTokenizer

    from rlvr.training.loop.guards import check_tokenizer

    with loading(folder):
        tokenizer = AutoTokenizer.from_pretrained(folder)
    check_tokenizer(tokenizer, recipe.model)
    method = registry.get(recipe.method)
    job = Job(
        recipe=recipe,
        run=run,
        args=args,
        model=_model(recipe, folder, args),
        tokenizer=tokenizer,
        peft_config=peft_config(recipe),
        section=section_of(recipe, method),
    )
    with handed_on.refusals_told():
        trainer = method.build(job)
    if hasattr(trainer, "task") and args.process_index == 0:
        generation_file.tell_undone(folder, _sampling(args))
    return trainer


def _sampling(args: Any) -> dict[str, Any]:
    """Return the sampling settings of a trainer that a model's own file may override."""
    names = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty")
    given = {name: getattr(args, name) for name in names}
    further = args.generation_kwargs or {}
    return given | {"max_completion_tokens": args.max_completion_length} | further


def _run(
    trainer: "Trainer", recipe: Recipe, run: Run, resumed: Checkpoint | None, stop: "StopSignal"
) -> Ending:
    from transformers import PrinterCallback

    from rlvr.training.loop.callbacks import (
        CompleteMarker,
        MetricsLog,
        ModelCards,
        ProgressBar,
        Retention,
    )
    from rlvr.training.loop.disk_needed import told
    from rlvr.training.loop.guards import LossGuard
    from rlvr.training.loop.wandb_log import training_log

    trainer.remove_callback(PrinterCallback)
    # TRL's own card, which knows neither recipe nor results, would replace ours at every save
    trainer.create_model_card = lambda *_, **__: None
    saving = (ModelCards(run), CompleteMarker(), Retention(run, recipe))
    for callback in (LossGuard(run), *saving, MetricsLog(run), stop, *training_log(run)):
        trainer.add_callback(callback)
    with stage(f"train {run.name}", _steps(trainer)) as bar, told(trainer, run), stop.listening():
        bar.resume(resumed.step if resumed else 0)
        trainer.add_callback(ProgressBar(bar))
        trainer.train(resume_from_checkpoint=str(resumed.path) if resumed else None)
    if trainer.state.global_step < trainer.state.max_steps and (stop.received or stop.paused):
        return Ending.INTERRUPTED if stop.received else Ending.PAUSED
    if trainer.is_world_process_zero():
        run.record(finished=True, steps=trainer.state.global_step)
    return Ending.FINISHED


def _model(recipe: Recipe, folder: Path, args: Any) -> "PreTrainedModel":
    """Load weights in float32 unless the recipe says otherwise: optimizers need the digits."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    options = {"dtype": torch.float32, **(args.model_init_kwargs or {})}
    args.model_init_kwargs = None
    if recipe.initialize == "random":
        torch.manual_seed(recipe.seed)
        with loading(folder):
            return AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder), **options)
    with loading(folder):
        model, info = AutoModelForCausalLM.from_pretrained(
            folder, output_loading_info=True, **options
        )
    refuse_incomplete(folder, info["missing_keys"])
    return model


def _steps(trainer: "Trainer") -> int:
    """Count the optimizer steps of the whole run."""
    if trainer.args.max_steps > 0:
        return int(trainer.args.max_steps)
    batches = len(trainer.get_train_dataloader())
    per_epoch = max(1, batches // trainer.args.gradient_accumulation_steps)
    return int(per_epoch * trainer.args.num_train_epochs)


def _problems(trainer: "Trainer") -> dict[str, Any]:
    """Identify the problems that the trainer samples from; empty if it samples nothing."""
    task = getattr(trainer, "task", None)
    return {"problems": task.identities, "functions": task.own_functions} if task else {}


def _licence(folder: Path) -> dict[str, Any]:
    """Return the licence of the base for the model card; empty if the base names none."""
    licence = licence_of(folder)
    return {"base_licence": licence} if licence else {}


def _provenance(run: Run) -> dict[str, Any]:
    """Describe what the run was made with and on."""
    import torch

    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], capture_output=True, text=True, cwd=Path(__file__).parent
    )
    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return {
        "run": run.name,
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("rlvr", *_RECORDED_PACKAGES)},
        },
        "commit": commit.stdout.strip() or None,
        "command": sys.argv[1:],
        "hardware": {
            "machine": platform.machine(),
            "threads": torch.get_num_threads(),
            "processes": world_size(),
            "gpus": gpus,
        },
    }
