"""A run that is killed at any moment ends with the parameters of one that was not."""

import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from rlvr.core.exit_codes import EXIT_REQUEUE
from rlvr.runs.run_directory import Run
from rlvr.training.trainers.costs import is_cost
from rlvr.weights.model_hash import weights_hash
from tests.processes import start_training

STEPS = 8
GRPO: dict[str, Any] = {
    "name": "resumed",
    "model": "embedded:countdown-base",
    "method": "grpo",
    "seed": 3,
    "data": {"problems": "countdown-train"},
    "trainer": {
        "max_steps": STEPS,
        "per_device_train_batch_size": 8,
        "steps_per_generation": 2,
        "num_generations": 4,
        "max_completion_length": 24,
        "learning_rate": 1e-4,
        "save_steps": 2,
    },
    # so that any of them can be resumed from
    "checkpoints": {"full_states": STEPS},
}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("undisturbed")
    process = start_training(GRPO, folder / "resumed", folder / "log")
    process.join()
    assert process.exitcode == 0, (folder / "log").read_text()
    return Run(folder / "resumed")


def test_run_killed_at_random_moments_ends_with_identical_parameters_and_metrics(
    undisturbed: Run, tmp_path: Path
) -> None:
    run = Run(tmp_path / "resumed")
    rng = random.Random(1)
    killed = [_killed(run, tmp_path / "log", after_s=rng.uniform(0, 0.4)) for _ in range(3)]
    _finish(run, tmp_path / "log")

    assert -signal.SIGKILL in killed
    assert _final_hash(run) == _final_hash(undisturbed)
    assert _timeless(run) == _timeless(undisturbed)


@pytest.mark.parametrize("asked_by", [signal.SIGTERM, signal.SIGUSR1], ids=lambda s: s.name)
def test_signal_saves_at_a_generation_boundary_and_asks_to_be_requeued(
    undisturbed: Run, tmp_path: Path, asked_by: signal.Signals
) -> None:
    run = Run(tmp_path / "resumed")
    process = start_training(GRPO, run.path, tmp_path / "log")
    _wait(lambda: len(_lines(run)) >= 1)
    os.kill(int(process.pid or 0), asked_by)
    process.join()

    assert process.exitcode == EXIT_REQUEUE
    latest = run.last_resumable()
    assert latest is not None
    assert latest.step % 2 == 0
    assert latest.step < STEPS
    _finish(run, tmp_path / "log")
    assert _final_hash(run) == _final_hash(undisturbed)


@pytest.mark.parametrize("damaged", ["model.safetensors", "optimizer.pt", "COMPLETE"])
def test_damaged_checkpoint_is_set_aside_by_name_and_the_one_before_is_used(
    undisturbed: Run, tmp_path: Path, damaged: str
) -> None:
    run = Run(tmp_path / "resumed")
    _copy_run(undisturbed, run, without_checkpoints_after=4)
    file = run.path / "checkpoint-4" / damaged
    if damaged == "model.safetensors":
        os.truncate(file, file.stat().st_size // 2)
    else:
        file.unlink()

    _finish(run, tmp_path / "log")

    log = (tmp_path / "log").read_text()
    assert "checkpoint-4 is not whole" in log
    assert damaged in log
    assert (run.path / "set-aside" / "checkpoint-4").is_dir()
    assert _final_hash(run) == _final_hash(undisturbed)


def test_finished_run_is_left_alone(undisturbed: Run, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in undisturbed.path.rglob("*.safetensors")}
    _finish(undisturbed, tmp_path / "log")
    after = {path: path.stat().st_mtime_ns for path in undisturbed.path.rglob("*.safetensors")}
    assert after == before


def test_every_step_logs_what_the_reward_was_and_how_it_was_spread(undisturbed: Run) -> None:
    wanted = {
        "reward",
        "reward_group_std",
        "frac_reward_zero_std",
        "completions/mean_length",
        "completions/clipped_ratio",
        "entropy",
    }
    metrics = list(undisturbed.metrics())
    assert [entry["step"] for entry in metrics] == list(range(1, STEPS + 1))
    for entry in metrics:
        assert wanted <= entry.keys()
        assert "kl" not in entry


def _killed(run: Run, log: Path, *, after_s: float) -> int | None:
    """Train on until a step more is logged, and a moment longer; returns the exit code."""
    process = start_training(GRPO, run.path, log)
    lines = len(_lines(run))
    _wait(lambda: len(_lines(run)) > lines or not process.is_alive())
    time.sleep(after_s)
    process.kill()  # which does nothing to one that has just ended
    process.join()
    return process.exitcode


def _finish(run: Run, log: Path) -> None:
    process = start_training(GRPO, run.path, log)
    process.join()
    assert process.exitcode == 0, log.read_text()


def _final_hash(run: Run) -> str:
    return weights_hash(run.path / f"checkpoint-{STEPS}")


def _timeless(run: Run) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in entry.items() if not is_cost(key)} for entry in run.metrics()
    ]


def _lines(run: Run) -> list[str]:
    return run.metrics_path.read_text().splitlines() if run.metrics_path.is_file() else []


def _wait(condition: Any, limit_s: float = 120) -> None:
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, "nothing happened in time"
        time.sleep(0.02)


def _copy_run(source: Run, target: Run, *, without_checkpoints_after: int) -> None:
    import shutil

    shutil.copytree(source.path, target.path)
    for checkpoint in target.checkpoints():
        if checkpoint.step > without_checkpoints_after:
            shutil.rmtree(checkpoint.path)
    (target.path / "manifest.json").unlink()
