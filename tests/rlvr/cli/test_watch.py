"""`rlvr eval RUN --watch` beside `rlvr train`: two commands that know each other by files alone."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rlvr.runs.run_directory import Run
from rlvr.training.loop.retention import retain
from tests.rlvr.turns.test_alternate_train_eval import (
    ROOT,
    STEPS,
    evaluated_steps,
    finish,
    start,
)


@contextmanager
def watching(run: Run, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """The real command, there before the run is; killed if it is still there in the end."""
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "rlvr", "eval", str(run.path), "--watch"],
            cwd=ROOT,
            stdout=stream,
            stderr=stream,
            env={**os.environ, "OMP_NUM_THREADS": "1", "WANDB_MODE": "disabled"},
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def steps(run: Run) -> list[int]:
    return [checkpoint.step for checkpoint in run.checkpoints()]


def test_watcher_that_came_first_evaluates_every_checkpoint_and_none_is_deleted_before(
    tmp_path: Path,
) -> None:
    run, log = Run(tmp_path / "known"), tmp_path / "watch.log"
    with watching(run, log) as watcher:
        # training goes on long before a watcher has evaluated: it is quicker than one look
        finish(start((), tmp_path, evaluate="watch", checkpoints={"keep": 1}), tmp_path)
        assert watcher.wait(300) == 0, log.read_text()
    assert evaluated_steps(run) == [0, 2, STEPS]
    assert steps(run) == [2, STEPS]
    assert (run.path / "report.html").is_file()
    # the first one was there for its evaluation alone, and is awaited no more
    assert list((run.path / "watchers").iterdir()) == []
    retain(run, run.recipe())
    assert steps(run) == [STEPS]
