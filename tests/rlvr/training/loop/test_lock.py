"""Two trainings never share a run directory, and a lock never outlives its process."""

import subprocess
import sys
from pathlib import Path

import pytest

from rlvr.runs.run_directory import Run
from rlvr.training.loop.lock import FILE, BeingTrained, TrainingLock

HOLD = """
import os, sys, time
from pathlib import Path
from rlvr.runs.run_directory import Run
from rlvr.training.loop.lock import TrainingLock
with TrainingLock(Run(Path(sys.argv[1]))):
    if os.fork() == 0:
        time.sleep(60)  # as verifiers and data loaders do, which may outlive a killed training
        os._exit(0)
    print("held", flush=True)
    sys.stdin.read()
"""
TAKE = """
import sys
from pathlib import Path
from rlvr.core.errors import UserError
from rlvr.runs.run_directory import Run
from rlvr.training.loop.lock import TrainingLock
try:
    with TrainingLock(Run(Path(sys.argv[1]))):
        print("taken")
except UserError as error:
    print(error)
"""


def holder(folder: Path) -> "subprocess.Popen[str]":
    """A process that holds the lock until its standard input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_second_training_is_told_who_holds_the_run_and_leaves_everything(tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    process = holder(run.path)
    written = (run.path / FILE).read_bytes()
    with pytest.raises(BeingTrained, match=rf"process {process.pid} on .*; wait .* name=\.\."):
        TrainingLock(run).acquire()
    assert (run.path / FILE).read_bytes() == written
    assert process.stdin is not None
    process.stdin.close()
    process.wait()  # and not for the end of its output, which its child holds open for a minute
    with TrainingLock(run):
        pass
    assert not run.path.exists()


def test_killed_training_leaves_no_lock_even_where_its_children_live_on(tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    process = holder(run.path)
    process.kill()
    process.wait()
    assert (run.path / FILE).exists()
    with TrainingLock(run):
        pass


def test_child_of_the_holder_trains_on_its_behalf(tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    with TrainingLock(run):
        taken = subprocess.run(
            [sys.executable, "-c", TAKE, str(run.path)], capture_output=True, text=True, check=True
        )
        assert (run.path / FILE).exists()
    assert taken.stdout == "taken\n"


def test_directory_with_anything_in_it_stays(tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    with TrainingLock(run):
        (run.path / "recipe.yaml").touch()
    assert [path.name for path in run.path.iterdir()] == ["recipe.yaml"]


@pytest.mark.parametrize("content", [b"", b"[1]", b"\xff", b'{"host": 1}'])
def test_lock_file_that_says_nothing_is_no_obstacle(tmp_path: Path, content: bytes) -> None:
    run = Run(tmp_path)
    (tmp_path / FILE).write_bytes(content)
    with TrainingLock(run):
        assert b"pid" in (tmp_path / FILE).read_bytes()


def test_of_many_that_start_at_once_one_trains_at_a_time(tmp_path: Path) -> None:
    """Each adds to a number in a file, which only they who hold the lock may touch."""
    script = TAKE.replace('print("taken")', _COUNT.strip()).replace("print(error)", "pass")
    processes = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path / "run")]) for _ in range(4)
    ]
    assert [process.wait() for process in processes] == [0] * 4
    numbers = [int(line) for line in (tmp_path / "number").read_text().splitlines()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert not (tmp_path / "run").exists()


_COUNT = """
        path = Path(sys.argv[1]).parent / "number"
        lines = path.read_text().splitlines() if path.exists() else []
        path.write_text("\\n".join([*lines, str(len(lines) + 1)]))
"""
