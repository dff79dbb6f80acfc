"""The launch files as accelerate itself reads them: what they start, where, and under which ZeRO.

Those for GPUs are started by no test here, so a slip in one would first be seen on a cluster.
"""

import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from accelerate.commands.config.config_args import load_config_from_file
from accelerate.utils import DistributedType

FOLDER = Path(__file__).resolve().parents[2] / "launch" / "accelerate"


class Launch(NamedTuple):
    """What a file starts; `zero` is DeepSpeed's stage, 0 where gradients are averaged instead."""

    zero: int
    machines: int
    processes: int
    on_cpu: bool
    precision: str


LAUNCHES = {
    # trainer.use_cpu=true puts it on cores; accelerate's own use_cpu would want MPI
    "cpu.yaml": Launch(0, machines=1, processes=2, on_cpu=False, precision="no"),
    "cpu-zero2.yaml": Launch(2, machines=1, processes=2, on_cpu=True, precision="no"),
    "cpu-zero3.yaml": Launch(3, machines=1, processes=2, on_cpu=True, precision="no"),
    "ddp.yaml": Launch(0, machines=1, processes=8, on_cpu=False, precision="no"),
    "zero2.yaml": Launch(2, machines=1, processes=8, on_cpu=False, precision="bf16"),
    "zero3.yaml": Launch(3, machines=1, processes=8, on_cpu=False, precision="bf16"),
    "zero3-multinode.yaml": Launch(3, machines=2, processes=16, on_cpu=False, precision="bf16"),
}
UNDER_ZERO = [name for name, launch in LAUNCHES.items() if launch.zero]


def read(name: str) -> Any:
    """accelerate's own config object; it refuses keys that it does not know."""
    return load_config_from_file(str(FOLDER / name))


def test_every_launch_file_is_among_those_checked_here() -> None:
    assert {path.name for path in FOLDER.glob("*.yaml")} == set(LAUNCHES)


@pytest.mark.parametrize("name", LAUNCHES)
def test_file_starts_what_its_name_says(name: str) -> None:
    expected, config = LAUNCHES[name], read(name)
    assert (config.num_machines, config.num_processes) == (expected.machines, expected.processes)
    assert (config.use_cpu, config.mixed_precision) == (expected.on_cpu, expected.precision)
    assert config.machine_rank == 0
    kind = DistributedType.DEEPSPEED if expected.zero else DistributedType.MULTI_GPU
    assert config.distributed_type == kind
    assert config.deepspeed_config.get("zero_stage", 0) == expected.zero


@pytest.mark.parametrize("name", UNDER_ZERO)
def test_checkpoints_are_whole_and_models_are_split_from_the_start_just_where_zero_splits_them(
    name: str,
) -> None:
    config, splits = read(name).deepspeed_config, LAUNCHES[name].zero == 3
    assert config["zero3_save_16bit_model"] is splits
    assert config["zero3_init_flag"] is splits
    assert config["offload_optimizer_device"] == config["offload_param_device"] == "none"


@pytest.mark.parametrize("twin", ["zero2.yaml", "zero3.yaml"])
def test_cpu_twin_runs_deepspeed_as_the_file_for_gpus_does(twin: str) -> None:
    assert read(f"cpu-{twin}").deepspeed_config == read(twin).deepspeed_config


def test_each_of_several_machines_starts_its_own_processes_and_meets_the_others_by_address() -> (
    None
):
    config = read("zero3-multinode.yaml")
    assert config.deepspeed_config["deepspeed_multinode_launcher"] == "standard"
    assert config.rdzv_backend == "static"
    assert config.main_process_port == 29500
    # given on the command line, as launch/slurm/train.sbatch does
    assert config.main_process_ip is None


@pytest.mark.parametrize("name", LAUNCHES)
def test_head_has_the_command_that_launches_by_this_file(name: str) -> None:
    head = (FOLDER / name).read_text().split("\ncompute_environment:")[0]
    named = re.findall(r"accelerate launch --config_file (\S+)", head)
    assert named == [f"launch/accelerate/{name}"]
    assert ("trainer.use_cpu=true" in head) is name.startswith("cpu")
