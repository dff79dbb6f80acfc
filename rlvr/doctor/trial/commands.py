"""Commands of the trial runs, each in a process of its own with its output in a log file."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rlvr.doctor.trial.parts import Machine

# One thread a process on CPU: the parts run two processes at most, and compare with one another.
_ENVIRONMENT = {"WANDB_MODE": "disabled", "TQDM_DISABLE": "1", "TOKENIZERS_PARALLELISM": "false"}


class Failed(Exception):
    """A command failed; the text is the last line that it wrote."""


def rlvr(*arguments: str) -> list[str]:
    """Return the command line of a verb, for the interpreter that runs now."""
    return [sys.executable, "-m", "rlvr", *arguments]


def launched(arguments: Sequence[str], configuration: Path) -> list[str]:
    """Return the command line of a verb on the processes of an accelerate configuration."""
    launch = [sys.executable, "-m", "accelerate.commands.launch", "--config_file"]
    return [*launch, str(configuration), "-m", "rlvr", *arguments]


def launch_configuration(machine: Machine, zero_stage: int) -> dict[str, Any]:
    """Return accelerate's configuration for DeepSpeed on all devices of this machine."""
    return {
        "compute_environment": "LOCAL_MACHINE",
        "distributed_type": "DEEPSPEED",
        "use_cpu": not machine.gpus,
        "deepspeed_config": {
            "zero_stage": zero_stage,
            "offload_optimizer_device": "none",
            "offload_param_device": "none",
            "zero3_init_flag": zero_stage == 3,
            "zero3_save_16bit_model": zero_stage == 3,
        },
        "num_machines": 1,
        "num_processes": machine.processes,
        "machine_rank": 0,
        "mixed_precision": "bf16" if machine.gpus else "no",
    }


def run(command: Sequence[str], log: Path, machine: Machine, timeout_s: float) -> None:
    """Run a command to its end.

    Raises:
        Failed: if its exit code is not 0, or it takes longer than `timeout_s`.
    """
    process = start(command, log, machine)
    try:
        code = process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        stop(process)
        raise Failed(f"not finished after {timeout_s:.0f} s; its output is in {log}") from None
    except BaseException:
        stop(process)
        raise
    if code != 0:
        raise Failed(f"{_last_words(log)} (exit code {code}; all output: {log})")


def start(command: Sequence[str], log: Path, machine: Machine) -> "subprocess.Popen[bytes]":
    """Start a command in a process group of its own; its output is added to `log`."""
    threads = {} if machine.gpus else {"OMP_NUM_THREADS": "1"}
    with log.open("ab") as stream:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            env={**os.environ, **_ENVIRONMENT, **threads},
            start_new_session=True,
        )


def stop(process: "subprocess.Popen[bytes]") -> None:
    """Kill a command with all that it started."""
    import signal

    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _last_words(log: Path) -> str:
    """Return the line of a log that says most: the last error, otherwise the last line."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if "Error" in line or line.startswith("rlvr")]
    return (errors or lines or ["no output"])[-1][:300]
