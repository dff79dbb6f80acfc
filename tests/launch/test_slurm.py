"""The batch scripts' own logic, with stand-ins for the commands of a cluster; there is none here.

The stand-ins note how they were called. `accelerate` and `rlvr`, which the scripts start, run until
they are told to end, as training and a watching evaluation do.
"""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "launch" / "slurm"
TRAIN, EVAL = SCRIPTS / "train.sbatch", SCRIPTS / "eval.sbatch"
WORK = """
echo $$ > "$CALLS.pid"
trap 'exit 1' TERM
echo "$(basename "$0") $*" >> "$CALLS"
[ "$ENDS" = at_once ] && exit "$EXIT"
while :; do sleep 0.05; done
"""
STAND_INS = {
    "scontrol": 'echo "scontrol $*" >> "$CALLS"; [ "$1" = show ] && printf "node7\\nnode8\\n" || :',
    "scancel": 'echo "scancel $*" >> "$CALLS"; kill -TERM "$(cat "$CALLS.pid")"',
    "srun": 'echo "srun ${*@Q}" >> "$CALLS"; shift; SLURM_NODEID=1 exec "$@"',
    "accelerate": WORK,
    "rlvr": WORK,
}


@pytest.fixture
def cluster(tmp_path: Path) -> dict[str, str]:
    for name, body in STAND_INS.items():
        program = tmp_path / name
        program.write_text(f"#!/bin/bash\n{body}\n")
        program.chmod(0o755)
    return {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "CALLS": str(tmp_path / "calls"),
        "SLURM_JOB_ID": "42",
        "SLURM_JOB_NODELIST": "node[7-8]",
        "SLURM_NNODES": "2",
        "SLURM_GPUS_ON_NODE": "8",
        "ENDS": "at_once",
        "EXIT": "0",
    }


def calls(cluster: dict[str, str]) -> list[str]:
    path = Path(cluster["CALLS"])
    return path.read_text().splitlines() if path.is_file() else []


def start(script: Path, *arguments: str, cluster: dict[str, str]) -> "subprocess.Popen[bytes]":
    """A job whose work has begun and goes on until it is told to end."""
    job = subprocess.Popen(["bash", script, *arguments], env=cluster | {"ENDS": "when told"})
    end = time.monotonic() + 30
    while not any(call.startswith(("accelerate", "rlvr")) for call in calls(cluster)):
        assert time.monotonic() < end, (job.poll(), calls(cluster))
        time.sleep(0.02)
    return job


def test_every_node_launches_all_processes_with_its_rank_and_the_users_overrides(
    cluster: dict[str, str],
) -> None:
    done = subprocess.run(["bash", TRAIN, "a recipe.yaml", "seed=2"], env=cluster)
    assert done.returncode == 0
    assert calls(cluster)[-1] == (
        "accelerate launch --config_file launch/accelerate/zero3-multinode.yaml --num_machines 2 "
        "--num_processes 16 --machine_rank 1 --main_process_ip node7 "
        "-m rlvr train a recipe.yaml seed=2"
    )


def test_failed_run_fails_the_job_and_is_not_requeued(cluster: dict[str, str]) -> None:
    done = subprocess.run(["bash", TRAIN, "recipe.yaml"], env=cluster | {"EXIT": "1"})
    assert done.returncode == 1
    assert not [call for call in calls(cluster) if "requeue" in call]


def test_run_is_told_before_the_time_limit_to_save_and_the_job_is_requeued(
    cluster: dict[str, str],
) -> None:
    job = start(TRAIN, "recipe.yaml", cluster=cluster)
    job.send_signal(signal.SIGUSR1)
    assert job.wait(timeout=30) == 0
    assert calls(cluster)[-2:] == ["scancel --signal=TERM 42", "scontrol requeue 42"]


def test_every_task_of_an_evaluation_gets_the_users_arguments_as_they_were_written(
    cluster: dict[str, str],
) -> None:
    done = subprocess.run(["bash", EVAL, "runs/a run", "--watch"], env=cluster)
    assert done.returncode == 0
    assert calls(cluster) == [
        "srun '--kill-on-bad-exit=1' 'rlvr' 'eval' 'runs/a run' '--watch'",
        "rlvr eval runs/a run --watch",
    ]


def test_failed_evaluation_fails_the_job_and_is_not_requeued(cluster: dict[str, str]) -> None:
    done = subprocess.run(["bash", EVAL, "runs/a"], env=cluster | {"EXIT": "2"})
    assert done.returncode == 2
    assert not [call for call in calls(cluster) if "requeue" in call]


def test_evaluation_is_requeued_before_the_time_limit_with_nothing_to_save_first(
    cluster: dict[str, str],
) -> None:
    job = start(EVAL, "runs/a", cluster=cluster)
    job.send_signal(signal.SIGUSR1)
    code = job.wait(timeout=30)
    # requeueing a job ends its tasks, which no stand-in does
    os.kill(int(Path(cluster["CALLS"] + ".pid").read_text()), signal.SIGTERM)
    assert code == 0
    assert calls(cluster)[-2:] == ["rlvr eval runs/a", "scontrol requeue 42"]
