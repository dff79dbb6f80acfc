"""Launch files that do not fit the machine end in one line, by the real command."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from rlvr.core.errors import UserError
from rlvr.training.checks import launcher

ROOT = Path(__file__).resolve().parents[4]
RECIPE = "recipes/quickstart/grpo.yaml"


def test_more_processes_than_gpus_end_with_what_to_write(tmp_path: Path) -> None:
    gpus = torch.cuda.device_count()
    done = subprocess.run(
        [sys.executable, "-m", "rlvr", "train", RECIPE, "--runs", str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "LOCAL_WORLD_SIZE": str(gpus + 8)},
    )
    assert done.returncode == 2
    lines = [line for line in done.stderr.splitlines() if line.startswith("rlvr train:")]
    assert len(lines) == 1
    assert f"starts {gpus + 8} processes" in lines[0]
    assert f"it has {gpus}: add --num_processes {max(gpus, 1)}" in lines[0]
    assert "trainer.use_cpu=true" in lines[0]
    assert not list(tmp_path.iterdir())


def test_any_number_of_processes_may_train_on_cores() -> None:
    launcher.prepare(use_cpu=True, environment={"LOCAL_WORLD_SIZE": "16"})


def test_deepspeed_on_cpu_compiles_nothing() -> None:
    import deepspeed

    deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = True
    launcher.prepare(use_cpu=True, environment={"ACCELERATE_USE_DEEPSPEED": "true", "PATH": ""})
    assert not deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"]


@pytest.mark.parametrize("there", [[], ["ninja"], ["g++"]])
def test_offloading_without_a_compiler_or_ninja_says_what_to_install(
    tmp_path: Path, there: list[str]
) -> None:
    with pytest.raises(UserError, match="pip install ninja, apt-get install g"):
        launcher.prepare(use_cpu=True, environment=_offloading(tmp_path, there))


def test_offloading_with_both_is_left_to_deepspeed(tmp_path: Path) -> None:
    launcher.prepare(use_cpu=True, environment=_offloading(tmp_path, ["ninja", "clang++"]))


def _offloading(folder: Path, programs: list[str]) -> dict[str, str]:
    for name in programs:
        (folder / name).touch(mode=0o755)
    return {
        "ACCELERATE_USE_DEEPSPEED": "true",
        "ACCELERATE_DEEPSPEED_OFFLOAD_OPTIMIZER_DEVICE": "cpu",
        "PATH": str(folder),
    }
