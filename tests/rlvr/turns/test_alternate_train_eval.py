"""Training and evaluation in turns end with the parameters of a training that never stopped.

By the real commands, through the real launcher: what the turns are about is processes.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from rlvr.core.exit_codes import EXIT_REQUEUE
from rlvr.runs.run_directory import Run
from rlvr.runs.watchers import EVALUATED
from rlvr.weights.checkpoint import COMPLETE
from rlvr.weights.model_hash import weights_hash
from rlvr_eval.plan.ledger import Ledger
from tests.processes import start_training
from tests.rlvr.training.known_batch import raw_recipe
from tests.rlvr.training.loop.test_resume_methods import free_port

ROOT = Path(__file__).resolve().parents[3]
LAUNCHER = ("accelerate.commands.launch", "--config_file", "launch/accelerate/cpu.yaml")
STEPS = 4
OPTIONS = {"max_steps": STEPS, "save_strategy": "steps", "save_steps": 2, "use_cpu": True}
EVALUATION = {
    "benchmarks": {"name": "countdown-dev", "limit": 2},
    "design": "fixed:2",
    "sampling": {"temperature": 1.0, "top_p": 1.0, "max_completion_tokens": 24},
    "sampler": "hf",
}


def recipe(**sections: Any) -> dict[str, Any]:
    return dict(raw_recipe("grpo", OPTIONS, evaluation=EVALUATION, **sections))


def start(words: tuple[str, ...], folder: Path, **sections: Any) -> "subprocess.Popen[bytes]":
    """`rlvr train` on the recipe, behind the words of a launcher."""
    file = folder / "known.yaml"
    file.write_text(yaml.safe_dump(recipe(**sections)))
    command = [*words, "rlvr", "train", str(file), "--runs", str(folder)]
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            stdout=log,
            stderr=log,
            env={**os.environ, "OMP_NUM_THREADS": "1", "WANDB_MODE": "disabled"},
        )


def finish(process: "subprocess.Popen[bytes]", folder: Path) -> Run:
    assert process.wait() == 0, (folder / "log").read_text()[-6000:]
    return Run(folder / "known")


def ranks(world: int, port: int) -> list[dict[str, str]]:
    """What the launcher tells its processes, with a store that the first of them opens."""
    return [
        {
            "RANK": str(rank),
            "LOCAL_RANK": str(rank),
            "WORLD_SIZE": str(world),
            "LOCAL_WORLD_SIZE": str(world),
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(port),
        }
        for rank in range(world)
    ]


def undisturbed(folder: Path, environments: list[dict[str, str]]) -> str:
    """Hash of the parameters after a training that is never stopped."""
    processes = [
        start_training(recipe(), folder / "known", folder / "log", environment)
        for environment in environments
    ]
    for process in processes:
        process.join()
    codes = [process.exitcode for process in processes]
    assert codes == [0] * len(codes), (folder / "log").read_text()[-6000:]
    return final_hash(Run(folder / "known"))


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> str:
    return undisturbed(tmp_path_factory.mktemp("alone"), [{}])


@pytest.fixture(scope="module")
def two_ranks(tmp_path_factory: pytest.TempPathFactory) -> str:
    return undisturbed(tmp_path_factory.mktemp("two"), ranks(2, free_port()))


def final_hash(run: Run) -> str:
    return weights_hash(run.path / f"checkpoint-{STEPS}")


def evaluated_steps(run: Run) -> list[int]:
    return [int(entry["step"]) for entry in Ledger(run).entries()]


def assert_in_turns(run: Run) -> None:
    """Base and first checkpoint were evaluated before training went on to the second."""
    assert evaluated_steps(run) == [0, 2, 4]
    first, last = (run.path / f"checkpoint-{step}" for step in (2, STEPS))
    files = (first / COMPLETE, first / EVALUATED, last / COMPLETE, last / EVALUATED)
    written = [file.stat().st_mtime_ns for file in files]
    assert written == sorted(written)
    assert (run.path / "report.html").is_file()


def test_accelerate_launch_ends_with_the_parameters_of_plain_training(
    alone: str, tmp_path: Path
) -> None:
    words = (*LAUNCHER, "--num_processes", "1", "--main_process_port", "0", "-m")
    run = finish(start(words, tmp_path), tmp_path)
    assert final_hash(run) == alone
    assert not (run.path / "evaluations").exists()


def test_two_processes_pause_and_evaluate_together_and_end_as_two_that_never_stopped(
    two_ranks: str, tmp_path: Path
) -> None:
    words = (*LAUNCHER, "--main_process_port", "0", "-m")
    run = finish(start(words, tmp_path, evaluate="between"), tmp_path)
    assert run.manifest()["hardware"]["processes"] == 2
    assert final_hash(run) == two_ranks
    assert_in_turns(run)


def test_signal_is_handed_on_and_the_same_command_trains_and_evaluates_to_the_end(
    alone: str, tmp_path: Path
) -> None:
    limited = {"evaluate": "after", "checkpoints": {"keep": 1}}
    run = Run(tmp_path / "known")
    process = start((), tmp_path, **limited)
    wait_for(lambda: run.metrics_path.is_file() and list(run.metrics()) != [])
    process.send_signal(signal.SIGTERM)
    assert process.wait() == EXIT_REQUEUE, (tmp_path / "log").read_text()
    stopped_at = [checkpoint.step for checkpoint in run.checkpoints()][-1]
    assert stopped_at < STEPS
    assert not (run.path / "evaluations").exists()

    finish(start((), tmp_path, **limited), tmp_path)
    assert final_hash(run) == alone
    assert {0, stopped_at, STEPS} <= set(evaluated_steps(run))
    # nothing awaits the others any more
    assert [checkpoint.step for checkpoint in run.checkpoints()] == [STEPS]


def wait_for(condition: Callable[[], bool], limit_s: float = 120) -> None:
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, "nothing happened in time"
        time.sleep(0.01)
