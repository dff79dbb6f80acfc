"""Training in W&B: what metrics.jsonl says stands there too, and W&B can neither stop nor delay it.

W&B runs inside the training process, so what it holds up would be the training and its end.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest
import yaml

from rlvr.runs.run_directory import Run
from rlvr.runs.wandb_settings import PROJECT
from tests.processes import start_training
from tests.rlvr.training.known_batch import known_trainer, raw_recipe
from tests.wandb_offline import OfflineRun, read

RECIPE = raw_recipe("grpo", {"max_steps": 2})
# an exit that waits for a server which never answers would take for ever
PATIENCE_S = 120
LOGGED = (
    "reward",
    "reward_group_std",
    "frac_reward_zero_std",
    "completions/mean_length",
    "completions/clipped_ratio",
    "entropy",
    "loss",
)


@pytest.fixture(autouse=True)
def untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    """W&B as it is where the user has set nothing."""
    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)


def train(folder: Path, environment: Mapping[str, str]) -> tuple[Run, str]:
    """The real command, its own end included; the run and what it said."""
    recipe = folder / "known.yaml"
    recipe.write_text(yaml.safe_dump(RECIPE))
    done = subprocess.run(
        [sys.executable, "-m", "rlvr", "train", str(recipe), "--runs", str(folder)],
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        stderr=subprocess.PIPE,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr
    return Run(folder / "known"), done.stderr


def about_wandb(said: str) -> list[str]:
    return [line for line in said.splitlines() if "W&B" in line or "wandb" in line]


def offline_run(run: Run) -> OfflineRun:
    (folder,) = (run.path / "wandb").glob("offline-run-*")
    return read(folder)


def assert_logged(run: Run, logged: OfflineRun) -> None:
    """Every step's metrics stand at their step, to the last digit."""
    steps = [row for row in logged.rows if "train/reward" in row]
    assert [row["train/global_step"] for row in steps] == [1, 2]
    for row, entry in zip(steps, run.metrics(), strict=True):
        assert {name: row[f"train/{name}"] for name in LOGGED} == {
            name: entry[name] for name in LOGGED
        }


def paths(silent: socket.socket) -> set[str]:
    """What a server that never answers was asked for."""
    silent.setblocking(False)
    found = set()
    with suppress(BlockingIOError):
        while True:
            with silent.accept()[0] as connection:
                found.add(connection.recv(4096).decode().split()[1])
    return found


def test_every_step_stands_in_the_group_of_the_run_with_the_training_step_as_axis(
    tmp_path: Path,
) -> None:
    run, log = Run(tmp_path / "known"), tmp_path / "log"
    process = start_training(RECIPE, run.path, log, {"WANDB_MODE": "offline"})
    process.join()
    assert process.exitcode == 0, log.read_text()
    logged = offline_run(run)
    assert_logged(run, logged)
    # test_tracking.py holds the evaluation to the same group
    assert (logged.project, logged.group, logged.job_type) == (PROJECT, "known", "training")
    assert logged.step_metrics["*"] == "train/global_step"
    assert about_wandb(log.read_text()) == []


def test_two_trainings_of_one_process_are_two_runs_each_in_its_own_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    import wandb

    from rlvr.training.loop.wandb_log import training_log

    wandb.init(mode="disabled")  # left open, as by a training that ended by an error
    runs = [Run(tmp_path / name) for name in ("first", "second")]
    for run in runs:
        trainer = known_trainer(RECIPE, run.path)
        for callback in training_log(run):
            trainer.add_callback(callback)
        trainer.train()
    logged = [offline_run(run) for run in runs]
    assert [one.group for one in logged] == ["first", "second"]
    assert len({one.id for one in logged}) == 2
    for one in logged:
        steps = [row["train/global_step"] for row in one.rows if "train/reward" in row]
        assert steps == [1, 2]


def test_server_that_never_answers_holds_up_neither_training_nor_its_end(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        environment = {
            "WANDB_MODE": "online",
            "WANDB_API_KEY": "0" * 40,
            "WANDB_BASE_URL": f"http://127.0.0.1:{silent.getsockname()[1]}",
            "WANDB_INIT_TIMEOUT": "1",
        }
        run, said = train(tmp_path, environment)
        # and not for leave to send W&B's reports about itself, for which its exit would wait
        assert paths(silent) == {"/graphql"}
    assert [entry["step"] for entry in run.metrics()] == [1, 2]
    assert_logged(run, offline_run(run))
    (told,) = about_wandb(said)
    assert told.endswith("it is logged offline")


def test_installation_that_cannot_be_imported_costs_one_line(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "wandb.py").write_text("raise ImportError('half of it is gone')\n")
    path = os.pathsep.join([str(broken), *filter(None, [os.environ.get("PYTHONPATH")])])
    run, said = train(tmp_path, {"PYTHONPATH": path})
    assert [entry["step"] for entry in run.metrics()] == [1, 2]
    assert about_wandb(said) == [
        "WARNING W&B cannot be imported (half of it is gone); training goes on without it"
    ]
    assert not (run.path / "wandb").exists()
