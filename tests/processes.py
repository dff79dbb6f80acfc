"""Real training processes that start in two seconds: a forkserver that has imported the stack."""

import multiprocessing as mp
import os
import sys
from collections.abc import Mapping
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import MappingProxyType
from typing import Any

PRELOADED = [
    *(f"rlvr.training.methods.{name}" for name in ("grpo", "ppo", "remax", "dapo", "sft")),
    "rlvr.training.loop.train",
    "tests.processes",
]


def context() -> ForkServerContext:
    """One server for the whole test session, started at the first process."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    forkserver = mp.get_context("forkserver")
    forkserver.set_forkserver_preload(PRELOADED)
    return forkserver


def start_training(
    raw_recipe: dict[str, Any],
    run: Path,
    log: Path,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> BaseProcess:
    """Train in a process of its own; its exit code is that of the `rlvr train` command.

    W&B is switched off unless the environment has a WANDB_MODE. What stands behind `atexit` does
    not run in such a process.
    """
    process = context().Process(target=_train, args=(raw_recipe, run, log, dict(environment)))
    process.start()
    return process


def _train(raw_recipe: dict[str, Any], run: Path, log: Path, environment: dict[str, str]) -> None:
    os.environ.update({"WANDB_MODE": "disabled", **environment})
    with log.open("a") as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
    import torch

    from rlvr.core.exit_codes import EXIT_REQUEUE
    from rlvr.recipes import recipe as recipes
    from rlvr.runs.run_directory import Run
    from rlvr.training.loop.train import Ending, train

    torch.set_num_threads(1)
    ending = train(recipes.parse(raw_recipe, source="test"), Run(run), source="test")
    sys.exit(EXIT_REQUEUE if ending is Ending.INTERRUPTED else 0)
