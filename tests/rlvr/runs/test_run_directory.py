"""The run directory: only whole checkpoints count, and a run belongs to one recipe."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from rlvr.core.errors import UserError
from rlvr.recipes import recipe as recipes
from rlvr.recipes.checkpoints_section import Checkpoints
from rlvr.runs.run_directory import Run
from rlvr.tiny import RECIPES
from rlvr.weights.checkpoint import COMPLETE, damage, is_resumable, mark_complete, mark_thinned

RECIPE = recipes.load(RECIPES / "grpo.yaml")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    started = Run(tmp_path / "run")
    started.start(RECIPE)
    for step in (2, 10, 4):
        add_checkpoint(started, step)
    return started


def add_checkpoint(run: Run, step: int) -> Path:
    folder = run.path / f"checkpoint-{step}"
    (folder / "global_step").mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"x" * 100)
    (folder / "global_step" / "optimizer.pt").write_bytes(b"y" * 50)
    mark_complete(folder)
    return folder


def test_checkpoints_are_ordered_by_step_and_not_by_name(run: Run) -> None:
    assert [checkpoint.step for checkpoint in run.checkpoints()] == [2, 4, 10]


@pytest.mark.parametrize("file", ["model.safetensors", "global_step/optimizer.pt"])
def test_truncated_file_is_named_with_both_sizes(run: Run, file: str) -> None:
    folder = run.path / "checkpoint-10"
    os.truncate(folder / file, 7)
    assert damage(folder) == [f"{file} has 7 bytes instead of {100 if 'model' in file else 50}"]


def test_checkpoint_without_marker_was_still_being_written(run: Run) -> None:
    (run.path / "checkpoint-10" / COMPLETE).unlink()
    latest = run.last_resumable()
    assert latest is not None
    assert latest.step == 4
    assert (run.path / "set-aside" / "checkpoint-10" / "model.safetensors").is_file()


def test_second_damaged_checkpoint_of_a_step_does_not_replace_the_first(run: Run) -> None:
    for _ in range(2):
        (run.path / "checkpoint-10" / COMPLETE).unlink()
        run.last_resumable()
        add_checkpoint(run, 10)
    assert len(list((run.path / "set-aside").iterdir())) == 2


def test_thinned_checkpoint_is_whole_without_its_trainer_state(run: Run) -> None:
    folder = run.path / "checkpoint-10"
    mark_thinned(folder)
    (folder / "global_step" / "optimizer.pt").unlink()
    assert damage(folder) == []
    assert not is_resumable(folder)
    assert [checkpoint.step for checkpoint in run.checkpoints()] == [2, 4, 10]


def test_last_checkpoint_with_trainer_state_is_resumed_and_later_ones_make_room(run: Run) -> None:
    mark_thinned(run.path / "checkpoint-2")
    mark_thinned(run.path / "checkpoint-10")
    last = run.last_resumable()
    assert last is not None
    assert last.step == 4
    assert [checkpoint.step for checkpoint in run.checkpoints()] == [2, 4]
    assert (run.path / "set-aside" / "checkpoint-10" / "model.safetensors").is_file()


def test_damaged_weights_of_a_thinned_checkpoint_are_named(run: Run) -> None:
    folder = run.path / "checkpoint-4"
    mark_thinned(folder)
    os.truncate(folder / "model.safetensors", 99)
    assert damage(folder) == ["model.safetensors has 99 bytes instead of 100"]


def test_run_without_any_trainer_state_begins_anew(run: Run) -> None:
    for checkpoint in run.checkpoints():
        mark_thinned(checkpoint.path)
    assert run.last_resumable() is None
    assert run.checkpoints() == []


def test_run_is_refused_to_another_recipe_but_not_to_another_evaluation(run: Run) -> None:
    other_seed = RECIPE.model_copy(update={"seed": 99})
    with pytest.raises(UserError, match="another recipe \\(different: seed\\)"):
        run.start(other_seed)
    kept = Checkpoints(full_states=1, keep=3)
    run.start(RECIPE.model_copy(update={"evaluation": None, "checkpoints": kept}))
    assert run.recipe().evaluation is None
    assert run.recipe().checkpoints == kept


@pytest.mark.parametrize(
    ("key", "before", "after"),
    [
        ("dapo.max_rounds", 10, 30),
        ("rewards.max_rollouts_without_signal", 50, 500),
        ("rewards.max_undecided_share", 0.1, 0.5),
        ("trainer.vllm_server_timeout", None, 900),
        ("trainer.ddp_timeout", 1800, None),
    ],
)
def test_run_goes_on_with_another_word_on_how_long_to_wait(
    tmp_path: Path, key: str, before: Any, after: Any
) -> None:
    run = Run(tmp_path / "run")
    first, second = (_dapo(key, value) for value in (before, after))
    run.start(first)
    run.start(second)
    assert run.recipe() == second


@pytest.mark.parametrize(
    ("key", "different"), [("rewards.overlong.weight", "rewards"), ("trainer.max_steps", "trainer")]
)
def test_run_is_refused_to_what_else_is_said_there(
    tmp_path: Path, key: str, different: str
) -> None:
    run = Run(tmp_path / "run")
    run.start(_dapo("rewards.overlong.buffer_tokens", 5))
    with pytest.raises(UserError, match=rf"another recipe \(different: {different}\)"):
        run.start(_dapo(key, 2))


def _dapo(key: str, value: Any) -> recipes.Recipe:
    """The embedded DAPO recipe with one key changed, or left out."""
    overrides = [] if value is None else [f"{key}={value}"]
    return recipes.load(RECIPES / "dapo.yaml", overrides)


def test_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not a run directory"):
        Run(tmp_path).recipe()


def test_metrics_survive_a_line_cut_off_by_a_crash(run: Run) -> None:
    lines = [json.dumps({"step": step, "reward": step / 10}) for step in (1, 2, 3)]
    run.metrics_path.write_text("\n".join(lines) + '\n{"step": 4, "rew')
    assert [entry["step"] for entry in run.metrics()] == [1, 2, 3]
    run.trim_metrics(2)
    assert [entry["step"] for entry in run.metrics()] == [1, 2]


def test_manifest_keeps_what_was_recorded_before(run: Run) -> None:
    run.record(a=1)
    run.record(b=2)
    assert run.manifest() == {"a": 1, "b": 2}
