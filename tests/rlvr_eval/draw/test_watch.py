"""Watching: checkpoints are evaluated as they come, and kept until then."""

import json
import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from rlvr.recipes import recipe as recipes
from rlvr.runs.run_directory import Run
from rlvr.runs.watchers import FRESH_FOR_S, Watcher, is_awaited, is_evaluated
from rlvr.tasks import problems
from rlvr.weights.checkpoint import mark_complete
from rlvr_eval.draw import simulator
from rlvr_eval.draw.crew import Crew
from rlvr_eval.draw.simulator import Policy, Simulator
from rlvr_eval.draw.watch import wait_for_start, watch
from rlvr_eval.plan.ledger import Ledger

BENCHMARK = {"name": "countdown-test", "limit": 3}


def weights(folder: Path, number: int) -> Path:
    """A checkpoint of the simulator with real, distinct weights beside its policies."""
    told = problems.load("countdown-test", limit=3)
    policies = {problem.id: Policy(0.0, "", "1 + 1 = 3") for problem in told}
    simulator.save(folder, policies, name=folder.name, step=number)
    save_file({"weight": np.full(2, number, np.float32)}, folder / "model.safetensors")
    return folder


def start(run: Run, base: Path) -> None:
    raw = {
        "name": "run",
        "model": str(base),
        "method": "grpo",
        "data": {"problems": "countdown-train"},
        "evaluation": {"benchmarks": [BENCHMARK], "design": "fixed:2"},
    }
    run.start(recipes.parse(raw, source="test"))


def evaluated_steps(run: Run) -> list[int]:
    return [int(entry["step"]) for entry in Ledger(run).entries()]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = Run(tmp_path / "runs" / "run")
    start(run, weights(tmp_path / "base", 0))
    return run


class Watching(threading.Thread):
    """`watch` on a thread of its own; tells which steps were reported."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self.run_directory = run
        self.reported: list[list[int]] = []
        self.has_reported = threading.Semaphore(0)

    def run(self) -> None:
        settings = self.run_directory.recipe().evaluation
        assert settings is not None
        crew = Crew(Simulator(), Simulator, processes=1)
        watch(self.run_directory, settings, crew, evaluated=self._note, poll_s=0.05)

    def wait(self) -> None:
        assert self.has_reported.acquire(timeout=60)

    def _note(self, run: Run) -> None:
        self.reported.append(evaluated_steps(run))
        self.has_reported.release()


def test_checkpoints_are_evaluated_as_they_appear_until_training_ends(run: Run) -> None:
    watching = Watching(run)
    watching.start()
    watching.wait()
    for step in (10, 20):
        checkpoint = weights(run.path / f"checkpoint-{step}", step)
        assert is_awaited(run, checkpoint.name)
        mark_complete(checkpoint)
        watching.wait()
        assert not is_awaited(run, checkpoint.name)
        assert is_awaited(run, "checkpoint-30")
    run.record(finished=True)
    watching.join(60)
    assert not watching.is_alive()
    assert watching.reported == [[0], [0, 10], [0, 10, 20]]
    assert not is_awaited(run, "checkpoint-30")


def test_base_that_is_called_like_a_checkpoint_is_not_taken_for_it(tmp_path: Path) -> None:
    run = Run(tmp_path / "runs" / "run")
    start(run, weights(tmp_path / "other" / "checkpoint-10", 0))
    watching = Watching(run)
    watching.start()
    watching.wait()
    assert is_awaited(run, "checkpoint-10")
    mark_complete(weights(run.path / "checkpoint-10", 10))
    watching.wait()
    assert not is_awaited(run, "checkpoint-10")
    run.record(finished=True)
    watching.join(60)
    assert not watching.is_alive()
    assert is_evaluated(run, "checkpoint-10")
    assert not is_evaluated(run, "checkpoint-20")


def test_a_checkpoint_that_is_still_being_written_is_left_alone(run: Run) -> None:
    half = weights(run.path / "checkpoint-10", 10)
    run.record(finished=True)
    watching = Watching(run)
    watching.start()
    watching.join(60)
    assert watching.reported == [[0]]
    mark_complete(half)
    again = Watching(run)
    again.start()
    again.join(60)
    assert again.reported[-1] == [0, 10]


def test_the_last_checkpoint_before_the_end_is_not_missed(run: Run) -> None:
    mark_complete(weights(run.path / "checkpoint-10", 10))
    run.record(finished=True)
    watching = Watching(run)
    watching.start()
    watching.join(60)
    assert evaluated_steps(run) == [0, 10]


def test_nothing_is_awaited_without_a_watcher(run: Run) -> None:
    assert not is_awaited(run, "checkpoint-10")


def test_every_watcher_must_have_evaluated_a_checkpoint(run: Run) -> None:
    with Watcher(run) as one, Watcher(run) as other:
        one.evaluated("checkpoint-10")
        assert is_awaited(run, "checkpoint-10")
        other.evaluated("checkpoint-10")
        assert not is_awaited(run, "checkpoint-10")
        assert is_awaited(run, "checkpoint-20")
    assert not is_awaited(run, "checkpoint-20")
    assert list((run.path / "watchers").iterdir()) == []


def test_a_watcher_that_died_stops_counting_after_an_hour(run: Run) -> None:
    folder = run.path / "watchers"
    folder.mkdir()
    (folder / "gone.json").write_text(json.dumps({"evaluated": []}))
    assert is_awaited(run, "checkpoint-10")
    long_ago = time.time() - FRESH_FOR_S - 1
    os.utime(folder / "gone.json", (long_ago, long_ago))
    assert not is_awaited(run, "checkpoint-10")


def test_a_failed_watch_signs_off(run: Run) -> None:
    with pytest.raises(OSError, match="no device"), Watcher(run):
        raise OSError("no device")
    assert not is_awaited(run, "checkpoint-10")


def test_a_watch_may_be_started_before_training(tmp_path: Path) -> None:
    run = Run(tmp_path / "runs" / "later")
    waited: list[bool] = []
    thread = threading.Thread(target=lambda: waited.append(wait_for_start(run, poll_s=0.01)))
    thread.start()
    start(run, weights(tmp_path / "base", 0))
    thread.join(60)
    assert len(waited) == 1
    assert wait_for_start(run) is False
