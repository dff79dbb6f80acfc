"""Every method, killed and started again, ends where it would have ended: critic, optimizer, rank.

What `test_resume.py` proves of GRPO in many ways is proved here of all methods in one. The data are
so few that the second half of a run is its second epoch, whose order must be found again too.
"""

import os
import random
import shutil
import signal
import socket
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
import torch

from rlvr.runs.run_directory import Run
from rlvr.training.trainers.costs import is_cost
from rlvr.weights.model_hash import weights_hash
from tests.processes import start_training
from tests.rlvr.training.known_batch import raw_recipe

STEPS = 10
OPTIONS: dict[str, Any] = {
    "max_steps": STEPS,
    "steps_per_generation": 2,
    "save_strategy": "steps",
    "save_steps": 2,
    "use_cpu": True,
}
SECTIONS: dict[str, dict[str, Any]] = {
    "ppo": {"ppo": {"value_warmup_steps": 3, "kl_coefficient": 0.01}},
    "reinforce_pp": {"reinforce_pp": {"kl_coefficient": 0.01}},
    "dapo": {"dapo": {"max_rounds": 200}},
}
# two rollouts, which are four steps, are an epoch
PROBLEMS_PER_RANK = 8
LORA = {"peft": {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "v_proj"]}}

# all that is left of an older checkpoint once it is thinned
WEIGHTS = (
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
)

METHODS = ("grpo", "ppo", "rloo", "reinforce_pp", "remax", "dapo")

Start = Callable[[Path], list[BaseProcess]]


@pytest.mark.parametrize(
    ("method", "sections"),
    [
        ("grpo", {}),
        ("rloo", {}),
        ("reinforce_pp", SECTIONS["reinforce_pp"]),
        ("remax", {}),
        ("dapo", SECTIONS["dapo"]),
        ("ppo", SECTIONS["ppo"]),
        ("ppo", SECTIONS["ppo"] | LORA),
    ],
    ids=["grpo", "rloo", "reinforce_pp", "remax", "dapo", "ppo", "ppo-lora"],
)
def test_killed_run_ends_with_the_parameters_and_metrics_of_one_that_was_not(
    tmp_path: Path, method: str, sections: dict[str, Any]
) -> None:
    start = alone(raw_recipe(method, OPTIONS, **sections, **data(ranks=1)))
    undisturbed, resumed = tmp_path / "undisturbed", tmp_path / "resumed"
    undisturbed.mkdir()
    going_on = start(undisturbed)
    kill(start, resumed, which=0)
    finish(going_on, undisturbed)
    finish(start(resumed), resumed)

    assert_same(undisturbed, resumed)
    assert_same_state(undisturbed, resumed, "optimizer.pt", "scheduler.pt")


@pytest.mark.parametrize(
    ("method", "stage"),
    [*((method, 2) for method in METHODS), ("ppo", 3)],
    ids=[*(f"{method}-zero2" for method in METHODS), "ppo-zero3"],
)
def test_one_rank_of_two_is_killed_under_zero_and_both_resume(
    tmp_path: Path, method: str, stage: int
) -> None:
    raw = raw_recipe(method, OPTIONS, **SECTIONS.get(method, {}), **data(ranks=2))
    start = together(raw, stage)
    undisturbed, resumed = tmp_path / "undisturbed", tmp_path / "resumed"
    undisturbed.mkdir()
    finish(start(undisturbed), undisturbed)
    kill(start, resumed, which=1)
    finish(start(resumed), resumed)

    assert_same(undisturbed, resumed)
    of_each_rank = [
        f"global_step{STEPS}/zero_pp_rank_{rank}_mp_rank_00_optim_states.pt" for rank in (0, 1)
    ]
    assert_same_state(undisturbed, resumed, *of_each_rank, "scheduler.pt")
    thinned = {path.name for path in (resumed / "known" / "checkpoint-2").iterdir()}
    assert thinned == {"COMPLETE", "README.md", *WEIGHTS}


def test_truncated_critic_is_refused_by_name_and_the_checkpoint_before_is_used(
    tmp_path: Path,
) -> None:
    start = alone(raw_recipe("ppo", OPTIONS, **SECTIONS["ppo"], **data(ranks=1)))
    undisturbed, damaged = tmp_path / "undisturbed", tmp_path / "damaged"
    undisturbed.mkdir()
    finish(start(undisturbed), undisturbed)
    shutil.copytree(undisturbed / "known", damaged / "known")
    run = damaged / "known"
    (run / "manifest.json").unlink()  # which says that there is nothing left to train
    last, before = run / f"checkpoint-{STEPS}", run / f"checkpoint-{STEPS - 2}"
    critic = last / "critic" / "model.safetensors"
    whole = critic.stat().st_size
    os.truncate(critic, whole // 2)
    written = (before / "model.safetensors").stat().st_mtime_ns

    finish(start(damaged), damaged)

    fault = f"critic/model.safetensors has {whole // 2} bytes instead of {whole}"
    assert f"{last.name} is not whole: {fault}" in log(damaged)
    assert (run / "set-aside" / last.name / "critic").is_dir()
    # a run that had gone back further would have saved it again
    assert (before / "model.safetensors").stat().st_mtime_ns == written
    assert_same(undisturbed, damaged)


def alone(raw: dict[str, Any]) -> Start:
    """Starts the recipe in one process, in the folder's `known`."""

    def start(folder: Path) -> list[BaseProcess]:
        return [start_training(raw, folder / "known", folder / "log")]

    return start


def together(raw: dict[str, Any], stage: int) -> Start:
    """Starts the recipe in two processes under DeepSpeed ZeRO."""

    def start(folder: Path) -> list[BaseProcess]:
        port = str(free_port())
        return [
            start_training(raw, folder / "known", folder / "log", two_ranks(rank, port, stage))
            for rank in (0, 1)
        ]

    return start


def data(*, ranks: int) -> dict[str, Any]:
    limit = PROBLEMS_PER_RANK * ranks
    return {"data": {"problems": {"name": "countdown-train", "limit": limit}}}


def two_ranks(rank: int, port: str, stage: int) -> dict[str, str]:
    """What `accelerate launch` with cpu-zero2.yaml or cpu-zero3.yaml tells its processes."""
    is_3 = str(stage == 3).lower()
    return {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": "2",
        "LOCAL_WORLD_SIZE": "2",
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": port,
        "ACCELERATE_USE_DEEPSPEED": "true",
        "ACCELERATE_DEEPSPEED_ZERO_STAGE": str(stage),
        "ACCELERATE_DEEPSPEED_ZERO3_INIT": is_3,
        "ACCELERATE_DEEPSPEED_ZERO3_SAVE_16BIT_MODEL": is_3,
        "ACCELERATE_MIXED_PRECISION": "no",
        "DS_ACCELERATOR": "cpu",
    }


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def finish(processes: list[BaseProcess], folder: Path) -> None:
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * len(processes), log(folder)


def kill(start: Start, folder: Path, *, which: int) -> None:
    """SIGKILL one process at a random moment of its second epoch; then end the others.

    A launcher ends the others of a job that lost one; here the test does. A run that was faster
    than the signal is made again.
    """
    rng = random.Random(folder.name)
    for _ in range(10):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        processes = start(folder)
        wait_for_step(5, processes[which], folder)
        time.sleep(rng.uniform(0, 0.05))
        processes[which].kill()
        processes[which].join()
        for process in processes:
            process.kill()
            process.join()
        if processes[which].exitcode == -signal.SIGKILL:
            return
    pytest.fail(f"every run ended before it could be killed: {log(folder)}")


def wait_for_step(step: int, process: BaseProcess, folder: Path) -> None:
    end = time.monotonic() + 120
    while len(lines(folder)) < step and process.is_alive():
        assert time.monotonic() < end, log(folder)
        time.sleep(0.005)


def assert_same(undisturbed: Path, resumed: Path) -> None:
    first, second = Run(undisturbed / "known"), Run(resumed / "known")
    assert [entry["step"] for entry in second.metrics()] == list(range(1, STEPS + 1))
    assert timeless(first) == timeless(second)
    for step in (STEPS - 2, STEPS):
        parts = [run.path / f"checkpoint-{step}" for run in (first, second)]
        for name in ("", "critic"):
            if (parts[0] / name).is_dir():
                assert weights_hash(parts[0] / name) == weights_hash(parts[1] / name)


def assert_same_state(undisturbed: Path, resumed: Path, *names: str) -> None:
    """Of the last checkpoints: files that torch wrote, with DeepSpeed's own classes in them."""
    checkpoints = [folder / "known" / f"checkpoint-{STEPS}" for folder in (undisturbed, resumed)]
    for name in names:
        states = [torch.load(each / name, weights_only=False) for each in checkpoints]
        for state in states:
            # the weights again, which `assert_same` compares: ZeRO-3 pads each parameter that does
            # not divide among the ranks with whatever the memory held
            state.get("optimizer_state_dict", {}).pop("fp32_flat_groups", None)
        assert states[0]
        assert same(*states), name


def timeless(run: Run) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in entry.items() if not is_cost(key)} for entry in run.metrics()
    ]


def same(first: Any, second: Any) -> bool:
    """Equality of nested containers of tensors, to the last bit."""
    if isinstance(first, torch.Tensor):
        return torch.equal(first, second)
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[k], second[k]) for k in first)
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(same, first, second))
    if hasattr(first, "__dict__"):
        return type(first) is type(second) and same(vars(first), vars(second))
    return bool(first == second)


def lines(folder: Path) -> list[str]:
    path = Run(folder / "known").metrics_path
    return path.read_text().splitlines() if path.is_file() else []


def log(folder: Path) -> str:
    return (folder / "log").read_text()[-6000:]
