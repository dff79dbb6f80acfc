"""Processes that are killed at any moment lose nothing that they reported, and repeat nothing."""

import multiprocessing as mp
import os
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from rlvr_eval.draw.simulator import Simulator
from rlvr_eval.draw.worker import work
from rlvr_eval.estimators.design import Progress
from rlvr_eval.estimators.sequential import SequentialDesign
from rlvr_eval.plan.evaluation import Evaluation, missing
from tests.rlvr_eval.simulated import draws, evaluation, outcomes, stored

KILLS = 50
P = [0.0, 0.0, 0.0, 0.001, 0.01, 0.1, 0.3, 1.0]
# many looks, so that there are many small shards to be killed in
DESIGN = SequentialDesign(tuple(range(2, 402, 2)), (4,) * 80 + (1,) * 119)
FEW_LOOKS = SequentialDesign((8, 64, 256), (4, 1))


class Pipe:
    """A listener that reports to the parent, as a line that has left the process stays said."""

    def __init__(self, end: Connection) -> None:
        self._end = end

    def expects(self, place: int, draws: int) -> None:
        pass

    def stored(self, draws: int) -> None:
        self._end.send(draws)


def work_and_report(planned: Evaluation, end: Connection, pace: float) -> None:
    work([planned], Simulator(draws_per_s=pace), listener=Pipe(end))


@dataclass
class Observed:
    """What a loop of killed processes left behind."""

    kills: int = 0
    lost: list[str] = field(default_factory=list)
    repeated: int = 0
    reported: int = 0
    with_progress: int = 0


def killed_in_a_loop(planned: Evaluation, seed: int, end: Connection) -> None:
    """Kill `KILLS` processes at random moments; run in a process that has imported no torch."""
    rng = random.Random(seed)
    observed, before = Observed(), Counter[tuple[str, int, str | None]]()
    while observed.kills < KILLS:
        reported = one_life(planned, rng.randrange(3), rng.uniform(0.0, 0.015))
        observed.kills += 1
        observed.reported += reported
        observed.with_progress += reported > 0
        now = Counter(stored(planned))
        gone = before - now
        if gone:
            observed.lost.append(f"after kill {observed.kills}: {gone}")
        if now.total() < observed.reported:
            observed.lost.append(f"{observed.reported} reported, {now.total()} there")
        observed.repeated += now.total() - len(now)
        before = now
    end.send(observed)


def one_life(planned: Evaluation, reports: int, seconds: float) -> int:
    """Let a process report so often and live on a moment, then kill it; draws that it reported."""
    ours, theirs = mp.Pipe(duplex=False)
    process = mp.get_context("fork").Process(target=work_and_report, args=(planned, theirs, 4000.0))
    process.start()
    theirs.close()
    reported = sum(ours.recv() for _ in range(reports))
    time.sleep(seconds)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert process.exitcode == -signal.SIGKILL, "it had finished before it was killed"
    return reported + sum(_received(ours))


def _received(end: Connection) -> list[int]:
    found = []
    try:
        while True:
            found.append(end.recv())
    except EOFError:
        return found


def started(target: object, *args: object) -> BaseProcess:
    """A process that inherits nothing of this one, above all no torch and no threads."""
    process = mp.get_context("spawn").Process(target=target, args=args)  # type: ignore[arg-type]
    process.start()
    return process


@pytest.mark.parametrize("seed", [0])
def test_fifty_kills_lose_nothing_and_repeat_nothing(seed: int, tmp_path: Path) -> None:
    planned = evaluation(tmp_path / "killed", P, design=DESIGN)
    ours, theirs = mp.Pipe(duplex=False)
    loop = started(killed_in_a_loop, planned, seed, theirs)
    theirs.close()
    observed = ours.recv()
    loop.join()
    assert observed.kills == KILLS
    assert observed.lost == []
    assert observed.repeated == 0
    assert observed.with_progress > KILLS // 4, "the kills came too early to say anything"

    work([planned], Simulator())
    undisturbed = evaluation(tmp_path / "undisturbed", P, design=DESIGN)
    work([undisturbed], Simulator())
    assert sorted(stored(planned)) == sorted(stored(undisturbed))
    assert outcomes(planned) == outcomes(undisturbed)


def test_a_killed_process_leaves_no_shard_that_is_not_whole(tmp_path: Path) -> None:
    planned = evaluation(tmp_path, P, design=DESIGN)
    ours, theirs = mp.Pipe(duplex=False)
    process = started(work_and_report, planned, theirs, 1000.0)
    theirs.close()
    ours.recv()
    process.kill()
    process.join()
    assert draws(planned).check() == []
    assert missing(planned, Simulator()) > 0


def counts(planned: Evaluation) -> dict[str, Progress]:
    return {
        problem: planned.design.replay([verdict == "correct" for verdict in row])
        for problem, row in outcomes(planned).items()
    }


def do_whole(planned: Evaluation) -> None:
    work([planned], Simulator())


def test_many_writers_at_once_make_the_counts_of_one(tmp_path: Path) -> None:
    """Uncoordinated ones: each believes that all of it is its own."""
    planned = evaluation(tmp_path / "many", P, design=FEW_LOOKS)
    writers = [started(do_whole, planned) for _ in range(4)]
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    alone = evaluation(tmp_path / "alone", P, design=FEW_LOOKS)
    work([alone], Simulator())
    assert set(stored(planned)) >= set(stored(alone))
    assert counts(planned) == counts(alone)
