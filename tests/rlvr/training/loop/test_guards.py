"""What ends a run before it does harm, each on a real trainer or a real model folder."""

import json
import logging
import math
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoTokenizer, TrainerControl, TrainerState

from rlvr.core.errors import UserError
from rlvr.recipes import recipe as recipes
from rlvr.runs.run_directory import Run
from rlvr.tiny.model import BASE
from rlvr.training.loop.guards import LossGuard, check_tokenizer, parameter_not_finite
from rlvr.training.loop.train import train
from rlvr.weights.checkpoint import mark_complete
from tests.rlvr.training.known_batch import known_trainer, raw_recipe


def test_loss_that_is_no_number_stops_the_run_and_leaves_the_last_good_checkpoint(
    tmp_path: Path,
) -> None:
    # the first update ruins the weights; the second, of the same rollout, sees it
    options = {"max_steps": 4, "steps_per_generation": 2, "learning_rate": 1e30}
    trainer = known_trainer(raw_recipe("grpo", options), tmp_path)
    trainer.args.save_strategy, trainer.args.save_steps = "steps", 1
    run = Run(tmp_path / "known")
    trainer.add_callback(LossGuard(run))

    with pytest.raises(UserError, match=r"is nan at step 2; .*trainer.learning_rate=1e\+29"):
        trainer.train()

    assert not (run.path / "checkpoint-2").exists()


def test_update_beyond_all_numbers_ends_with_an_error_and_without_a_ruined_checkpoint(
    tmp_path: Path,
) -> None:
    """The loss is that of the weights before the update, so the only step there is looks well."""
    ruin = {"learning_rate": 1e30, "weight_decay": 1e30}
    raw = raw_recipe("grpo", {**ruin, "save_strategy": "steps", "save_steps": 1})
    run = Run(tmp_path / "known")
    message = r"weights are not finite after step 1 \(model.*lower rate than 1e\+30 .*rate=1e\+29"
    with pytest.raises(UserError, match=message):
        train(recipes.parse(raw, source="test"), run, source="test")
    assert run.checkpoints() == []
    assert "finished" not in run.manifest()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_one_parameter_that_is_not_finite_is_named(value: float) -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2)).bfloat16()
    assert parameter_not_finite(model) is None
    with torch.no_grad():
        model[1].bias[0] = value
    assert parameter_not_finite(model) == "1.bias"
    model[1].bias.requires_grad = False
    assert parameter_not_finite(model) is None


def test_base_that_is_not_finite_is_refused_before_training(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(BASE, folder)
    weights = load_file(folder / "model.safetensors")
    weights["model.norm.weight"][3] = math.nan
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    raw = raw_recipe("grpo") | {"model": str(folder)}
    message = rf"{folder}: the weights are not finite \(tensor 'model.norm.weight' in model.s"
    with pytest.raises(UserError, match=message):
        train(recipes.parse(raw, source="test"), Run(tmp_path / "run"), source="test")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "logs",
    [{"loss": math.nan}, {"loss": 0.1, "grad_norm": math.inf}, {"loss": -2e4, "grad_norm": 1.0}],
)
def test_message_names_the_checkpoint_from_before_and_how_to_go_on(
    tmp_path: Path, logs: dict[str, float]
) -> None:
    checkpoint = tmp_path / "run" / "checkpoint-30"
    shutil.copytree(BASE, checkpoint)
    mark_complete(checkpoint)
    message = rf"model={checkpoint} name=\.\. trainer.learning_rate=1e-05"
    with pytest.raises(UserError, match=message):
        _log(LossGuard(Run(tmp_path / "run")), logs)


def test_large_gradients_and_ordinary_losses_pass(tmp_path: Path) -> None:
    guard = LossGuard(Run(tmp_path))
    for logs in ({"loss": 13.8, "grad_norm": 5e4}, {"loss": 0.0, "grad_norm": None}, {}):
        _log(guard, logs)


def test_tokenizer_without_an_end_is_refused(tmp_path: Path) -> None:
    folder = _model_with(tmp_path, eos_token=None)
    raw = raw_recipe("grpo") | {"model": str(folder)}
    with pytest.raises(UserError, match=r'no end-of-sequence token.* add "eos_token" to its token'):
        train(recipes.parse(raw, source="test"), Run(tmp_path / "run"), source="test")


def test_tokenizer_without_padding_pads_with_its_end_token(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tokenizer = AutoTokenizer.from_pretrained(_model_with(tmp_path, pad_token=None))
    assert tokenizer.pad_token is None
    with caplog.at_level(logging.WARNING):
        check_tokenizer(tokenizer, "some model")
    assert tokenizer.pad_token == tokenizer.eos_token
    assert "tokenizer of some model has no padding token" in caplog.text


def test_chat_prompt_for_a_model_without_a_chat_template_names_the_others(tmp_path: Path) -> None:
    raw = raw_recipe("grpo")
    raw["data"] = raw["data"] | {"prompt": "chat"}
    with pytest.raises(UserError, match=r"chat template, and this model has none; write prompt: q"):
        known_trainer(raw, tmp_path)


def _log(guard: LossGuard, logs: dict[str, Any]) -> None:
    from transformers import TrainingArguments

    args = TrainingArguments(output_dir="unused", learning_rate=1e-4, use_cpu=True)
    guard.on_log(args, TrainerState(global_step=37), TrainerControl(), logs=logs)


def _model_with(folder: Path, **tokens: Any) -> Path:
    """The embedded model with other special tokens."""
    model = folder / "model"
    shutil.copytree(BASE, model)
    path = model / "tokenizer_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | tokens))
    return model
