"""The kill-and-resume trial: a killed training must end with the weights of an undisturbed one.

It trains the embedded model, whose rewards differ within a group, so that every step moves the
weights; a random model earns nothing and would prove nothing.
"""

import time
from pathlib import Path
from typing import Any

import yaml

from rlvr.doctor.trial import commands
from rlvr.doctor.trial.commands import Failed
from rlvr.doctor.trial.parts import Machine
from rlvr.runs.run_directory import Run
from rlvr.weights.checkpoint import COMPLETE
from rlvr.weights.model_hash import weights_hash

_STEPS, _SAVED = 6, 2


def kill_and_resume(folder: Path, log: Path, machine: Machine, timeout_s: float) -> str:
    """Train twice, kill the second training behind its first checkpoint, resume it, and compare.

    Returns:
        What was found, in words.

    Raises:
        Failed: if a command fails, or the weights differ on CPU, where they must not.
    """
    file = folder / "kill-and-resume.yaml"
    file.write_text(yaml.safe_dump(_recipe(machine)))

    def train(runs: str) -> list[str]:
        return commands.rlvr("train", str(file), "--runs", str(folder / runs))

    def run(runs: str) -> Run:
        return Run(folder / runs / "kill-and-resume")

    commands.run(train("undisturbed"), log, machine, timeout_s)
    process = commands.start(train("killed"), log, machine)
    try:
        _wait_for(run("killed").path / f"checkpoint-{_SAVED}" / COMPLETE, process, timeout_s)
    finally:
        commands.stop(process)
    commands.run(train("killed"), log, machine, timeout_s)
    hashes = {
        weights_hash(run(runs).path / f"checkpoint-{_STEPS}") for runs in ("undisturbed", "killed")
    }
    if len(hashes) == 1:
        return "ends with the weights of an undisturbed training, bit for bit"
    if machine.gpus:
        return "ends with other weights: this GPU's kernels are not deterministic"
    raise Failed(f"the resumed training ended with other weights; its output is in {log}")


def _recipe(machine: Machine) -> dict[str, Any]:
    return {
        "name": "kill-and-resume",
        "model": "embedded:countdown-base",
        "method": "grpo",
        "seed": 1,
        "data": {"problems": "countdown-train"},
        "trainer": {
            "use_cpu": not machine.gpus,
            "bf16": bool(machine.gpus),
            "max_steps": _STEPS,
            "save_steps": _SAVED,
            "per_device_train_batch_size": 64,
            "num_generations": 8,
            "max_completion_length": 24,
            "learning_rate": 1e-4,
        },
    }


def _wait_for(marker: Path, process: Any, timeout_s: float) -> None:
    """Wait until a file is there.

    Raises:
        Failed: if the process ends with an error, or takes too long.
    """
    end = time.monotonic() + timeout_s
    while not marker.is_file():
        if process.poll() not in (None, 0) or time.monotonic() > end:
            raise Failed(f"no {marker} was written")
        time.sleep(0.05)
