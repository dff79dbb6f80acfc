"""On-policy distillation: the student's own completions, pulled towards the teacher's tokens."""

import signal
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from rlvr.cli.main import main
from rlvr.core.errors import Faults, UserError
from rlvr.recipes import recipe as recipes
from rlvr.runs.run_directory import Run
from rlvr.tiny import RECIPES
from rlvr.tiny.model import BASE
from rlvr.training.checks.settings import training_arguments
from rlvr.training.loop.train import build_trainer
from rlvr.training.methods import registry
from rlvr.weights.model_hash import weights_hash
from rlvr.weights.models import resolve
from tests.processes import start_training


def raw(teacher: str, **settings: Any) -> dict[str, Any]:
    return {
        "name": "on-policy",
        "model": "embedded:countdown-base",
        "method": "on_policy_distillation",
        "data": {"problems": {"name": "countdown-train", "limit": 64}},
        "trainer": {
            "teacher_model_name_or_path": teacher,
            "max_steps": 4,
            "per_device_train_batch_size": 16,
            "max_completion_length": 24,
            "learning_rate": 1e-3,
            "lr_scheduler_type": "constant",
            "save_steps": 2,
            **settings,
        },
    }


def losses(recipe: dict[str, Any], run: Path) -> list[float]:
    """Train in a process of its own; the loss of every step."""
    log = run.parent / "log"
    process = start_training(recipe, run, log)
    process.join()
    assert process.exitcode == 0, log.read_text()
    assert [found.step for found in Run(run).checkpoints()] == [2, 4]
    return [float(entry["loss"]) for entry in Run(run).metrics()]


def build(recipe: dict[str, Any], run: Run) -> Any:
    parsed = recipes.parse(recipe, source="test")
    args = training_arguments(parsed, registry.get(parsed.method), run, source="test")
    return build_trainer(parsed, run, args, resolve(parsed.model))


def unlike_the_base(folder: Path) -> Path:
    """The embedded base with noise on its matrices: the same vocabulary, other opinions."""
    model = LlamaForCausalLM.from_pretrained(BASE)
    generator = torch.Generator().manual_seed(3)
    for matrix in (parameter for parameter in model.parameters() if parameter.dim() > 1):
        noise = torch.randn(matrix.shape, generator=generator)
        matrix.data += 0.3 * matrix.data.std() * noise
    model.save_pretrained(folder)
    return folder


def test_student_that_is_its_teacher_has_nothing_to_learn(tmp_path: Path) -> None:
    same = losses(raw("embedded:countdown-base", learning_rate=0), tmp_path / "same")
    assert same == pytest.approx([0, 0, 0, 0], abs=1e-5)


def test_divergence_from_another_teacher_falls(tmp_path: Path) -> None:
    teacher = str(unlike_the_base(tmp_path / "teacher"))
    trained = losses(raw(teacher, learning_rate=3e-4), tmp_path / "trained")
    frozen = losses(raw(teacher, learning_rate=0), tmp_path / "frozen")
    assert trained[0] == pytest.approx(frozen[0], rel=1e-4)
    assert 0 < sum(trained[2:]) < 0.9 * sum(frozen[2:])


def test_run_killed_in_its_second_epoch_ends_with_identical_parameters(tmp_path: Path) -> None:
    settings = {"max_steps": 8, "gradient_accumulation_steps": 2, "save_steps": 1}
    # 64 problems are two steps of 32
    recipe = raw(str(unlike_the_base(tmp_path / "teacher")), **settings)
    run, undisturbed, log = Run(tmp_path / "killed"), Run(tmp_path / "whole"), tmp_path / "log"
    start_training(recipe, undisturbed.path, log).join()
    process = start_training(recipe, run.path, log)
    while process.is_alive() and len(list(run.metrics())) < 4:
        time.sleep(0.005)
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert 3 <= run.checkpoints()[-1].step < 8
    start_training(recipe, run.path, log).join()
    ends = [weights_hash(one.path / "checkpoint-8") for one in (run, undisturbed)]
    assert ends[0] == ends[1]


def test_missing_teacher_and_problems_are_named_together(tmp_path: Path) -> None:
    recipe = raw("x")
    del recipe["trainer"]["teacher_model_name_or_path"]
    recipe["data"] = {"prompt": "plain"}
    with pytest.raises(Faults) as caught:
        build(recipe, Run(tmp_path / "r"))
    assert "missing key 'data.problems'" in str(caught.value)
    assert "missing key 'trainer.teacher_model_name_or_path'" in str(caught.value)


def test_teacher_of_another_vocabulary_is_refused_with_the_way_out(tmp_path: Path) -> None:
    config = LlamaConfig(
        vocab_size=7,
        hidden_size=8,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
    )
    LlamaForCausalLM(config).save_pretrained(tmp_path / "teacher")
    with pytest.raises(UserError, match=r"has 7 tokens and the student 110.* method sft with"):
        build(raw(str(tmp_path / "teacher")), Run(tmp_path / "r"))


def small(tmp_path: Path) -> list[str]:
    """The recipe that comes along, as arguments of a verb, for two steps on few problems."""
    return [
        str(RECIPES / "on-policy.yaml"),
        f"trainer.teacher_model_name_or_path={unlike_the_base(tmp_path / 'teacher')}",
        "data.problems={name: countdown-train, limit: 64}",
        "trainer.max_steps=2",
        "trainer.per_device_train_batch_size=16",
        "--runs",
        str(tmp_path / "runs"),
    ]


def test_distill_trains_by_this_method_with_no_traces_collected_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WANDB_MODE", "disabled")
    run = Run(tmp_path / "runs" / "quickstart-on-policy")
    assert main(["distill", *small(tmp_path)]) == 0
    assert capsys.readouterr().out.endswith(f"{run.path}: finished\n")
    assert run.manifest()["finished"]
    assert [checkpoint.step for checkpoint in run.checkpoints()] == [2]
    assert weights_hash(run.checkpoints()[0].path) != weights_hash(BASE)
    assert not (run.path / "distill").exists()


def test_stages_before_training_have_nothing_to_do(tmp_path: Path) -> None:
    assert main(["distill", *small(tmp_path), "--until", "write"]) == 0
    assert not (tmp_path / "runs").exists()
