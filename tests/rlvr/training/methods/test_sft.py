"""Supervised training: loss on completions alone, packing that changes nothing, distilled data."""

import shutil
import signal
import time
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import torch

from rlvr import verifiers
from rlvr.core.errors import Faults, UserError
from rlvr.core.records import Attempt, Outcome, Problem
from rlvr.distill.pipeline import prepare
from rlvr.distill.student import DEFAULT_MAX_LENGTH
from rlvr.recipes import recipe as recipes
from rlvr.runs.run_directory import Run
from rlvr.samplers.base import SampleRequest, draw_seed
from rlvr.samplers.hf import HFSampler
from rlvr.tiny import countdown
from rlvr.training.checks.settings import training_arguments
from rlvr.training.loop.train import build_trainer
from rlvr.training.methods import registry
from rlvr.weights.adapters import full_weights
from rlvr.weights.model_hash import weights_hash
from rlvr.weights.models import resolve
from rlvr_eval.draw.drawing import evaluate
from rlvr_eval.plan.ledger import Ledger
from rlvr_eval.plan.planning import models_of
from tests.processes import start_training
from tests.rlvr.distill import recipes_for_tests as small

PROBLEMS = 8
END_TOKEN = 1
DRAWS = 2
MEASURED_ON = countdown.problems("dev")[:2]
MEASURED = recipes.evaluation(
    {
        "benchmarks": {"name": "countdown-dev", "limit": len(MEASURED_ON)},
        "design": f"fixed:{DRAWS}",
        "sampler": "hf",
        "sampling": {"temperature": 1.0, "top_p": 1.0, "max_completion_tokens": 24},
    },
    source="test",
)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run whose data are written and whose training has not begun."""
    made = Run(tmp_path / "distilled")
    prepare(small.recipe(problems=PROBLEMS), made)
    return made


def trainer(run: Run, **settings: Any) -> Any:
    raw = small.raw(problems=PROBLEMS)
    raw["trainer"] |= settings
    recipe = recipes.parse(raw, source="test")
    args = training_arguments(recipe, registry.get("sft"), run, source="test")
    return build_trainer(recipe, run, args, resolve(recipe.model))


def batch_and_loss(built: Any) -> tuple[Any, float]:
    """One batch and its loss, in evaluation mode."""
    batch = next(iter(built.get_train_dataloader()))
    built.model.eval()
    with torch.no_grad():
        return batch, float(built.compute_loss(built.model, batch))


def test_loss_is_on_completion_and_end_marker_and_never_on_the_prompt(run: Run) -> None:
    batch, _ = batch_and_loss(trainer(run))
    for ids, labels in zip(batch["input_ids"], batch["labels"], strict=True):
        # the prompt is 7 tokens, the plan 17, and its end marker one
        assert (labels[:7] == -100).all()
        assert torch.equal(labels[7:], ids[7:])
        assert ids[-1] == END_TOKEN


def test_packed_demonstrations_have_the_loss_they_have_apart(run: Run) -> None:
    apart, loss_apart = batch_and_loss(trainer(run))
    packed, loss_packed = batch_and_loss(
        trainer(run, packing=True, max_length=25 * PROBLEMS, per_device_train_batch_size=1)
    )
    assert tuple(apart["input_ids"].shape) == (PROBLEMS, 25)
    assert tuple(packed["input_ids"].shape) == (1, 25 * PROBLEMS)
    assert loss_packed == pytest.approx(loss_apart, rel=1e-5)


def test_packing_that_lets_demonstrations_see_each_other_is_refused(run: Run) -> None:
    with pytest.raises(Faults, match="lets them see each other; write bfd"):
        trainer(run, packing=True, packing_strategy="wrapped", max_length=50)


def test_training_before_the_data_are_there_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="run rlvr distill RECIPE --until write first"):
        trainer(Run(tmp_path / "nothing"))


def test_limit_on_selected_traces_is_where_training_would_cut_them_off() -> None:
    defaults = {field.name: field.default for field in fields(registry.get("sft").config_class)}
    assert defaults["max_length"] == DEFAULT_MAX_LENGTH


@pytest.mark.parametrize("lora", [False, True])
def test_distilled_run_is_evaluated_like_any_other(
    lora: bool, run: Run, tmp_path: Path, cache: Path
) -> None:
    raw = small.raw(problems=PROBLEMS)
    raw["trainer"] |= {"save_steps": 1, "learning_rate": 1e-3}
    if lora:
        raw["peft"] = {"r": 4, "target_modules": ["q_proj", "v_proj"]}
    log = tmp_path / "log"
    process = start_training(raw, run.path, log)
    process.join()
    assert process.exitcode == 0, log.read_text()
    models = models_of(run)
    assert [model.name for model in models] == ["base", "checkpoint-1", "checkpoint-2"]
    assert len({weights_hash(full_weights(model.folder)) for model in models}) == 3
    assert len(list(run.metrics())) == 2
    assert evaluate(run, MEASURED, processes=1) == 3
    ledger = Ledger(run)
    for entry, outcomes, model in zip(ledger.entries(), ledger.outcomes(), models, strict=True):
        drawn = draws_of(full_weights(model.folder))
        assert outcomes.model.name == model.name
        assert outcomes.problem_ids == tuple(problem.id for problem in MEASURED_ON)
        assert outcomes.counts.n.tolist() == [DRAWS, DRAWS]
        assert outcomes.counts.c.tolist() == [correct(drawn, problem) for problem in MEASURED_ON]
        assert outcomes.undecided.tolist() == [0, 0]
        assert ledger.draws(entry).texts(drawn) == drawn
    assert evaluate(run, MEASURED, processes=1) == 0


def draws_of(folder: Path) -> dict[tuple[str, int], str]:
    """What an evaluation of these whole weights must have drawn, by problem and sample index."""
    sampler, weights = HFSampler(), weights_hash(folder)
    sampler.load(folder)
    requests = [
        SampleRequest(p.id, p.question, draw_seed(MEASURED.run_seed, weights, p.id), 0, DRAWS)
        for p in MEASURED_ON
    ]
    drawn = sampler.sample(requests, MEASURED.sampling)
    return {(each.problem_id, each.sample_index): each.text for each in drawn}


def correct(drawn: Mapping[tuple[str, int], str], problem: Problem) -> int:
    """How many of a problem's draws solve it."""
    texts = [text for (problem_id, _), text in drawn.items() if problem_id == problem.id]
    verdicts = verifiers.get("countdown").verify([Attempt(problem, text) for text in texts])
    return sum(verdict.outcome is Outcome.CORRECT for verdict in verdicts)


def test_training_killed_between_checkpoints_ends_with_identical_parameters(
    run: Run, tmp_path: Path
) -> None:
    raw = small.raw(problems=PROBLEMS)
    raw["trainer"] |= {"max_steps": 24, "save_steps": 4, "learning_rate": 1e-3}
    undisturbed = Run(tmp_path / "undisturbed")
    shutil.copytree(run.path, undisturbed.path)
    start_training(raw, undisturbed.path, tmp_path / "log").join()
    process = start_training(raw, run.path, tmp_path / "log")
    while process.is_alive() and len(list(run.metrics())) < 6:
        time.sleep(0.005)
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert 0 < len(run.checkpoints()) < 6
    again = start_training(raw, run.path, tmp_path / "log")
    again.join()
    assert again.exitcode == 0, (tmp_path / "log").read_text()
    ends = [weights_hash(one.path / "checkpoint-24") for one in (run, undisturbed)]
    assert ends[0] == ends[1]
    assert [entry["step"] for entry in run.metrics()] == list(range(1, 25))
    tokens = [[entry["num_tokens"] for entry in one.metrics()] for one in (run, undisturbed)]
    assert tokens[0] == tokens[1]
