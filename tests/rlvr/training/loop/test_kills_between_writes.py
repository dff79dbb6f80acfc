"""Killed between any two writes, training keeps what it reported, and its command goes on.

A process takes up one job after another and is killed at the first thing that it would do to a file
or folder, then at the second, and so on, until it gets through; each time in a fresh folder. What
is left is looked at, and the same job is run again, to the end of a job that nothing happened to.
"""

import multiprocessing as mp
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from rlvr.recipes import recipe as recipes
from rlvr.recipes.recipe import Recipe

WRITES = ("os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.truncate", "shutil.rmtree")
STEPS = 5


@dataclass(frozen=True)
class Job:
    """What is done in a folder.

    Attributes:
        do: does it, and reports what is done as a line through the connection.
        left: what can be told from the folder, as far as it must be equal in the end.
        lost: what of the lines that were reported is not there, or not whole.
    """

    do: Callable[[Path, Connection], None]
    left: Callable[[Path], object]
    lost: Callable[[Path, list[str]], list[str]]


def train(folder: Path, told: Connection) -> None:
    """What training writes, in its order, without the training."""
    from rlvr.runs.model_card import write_cards
    from rlvr.runs.run_directory import Checkpoint, Run
    from rlvr.training.loop.retention import retain
    from rlvr.training.loop.start import find_start
    from rlvr.weights.checkpoint import mark_complete

    recipe, run = recipe_of_training(), Run(folder / "run")
    start = find_start(run, recipe)
    done = start.resumed.step if start.resumed else 0
    run.start(recipe)
    run.trim_metrics(done)
    run.record(run="run")
    if start.resumed:
        retain(run, recipe)
    for step in range(done + 1, STEPS + 1):
        with run.metrics_path.open("a") as file:
            file.write(f'{{"step": {step}}}\n')
        saved = Checkpoint(step, run.path / f"checkpoint-{step}")
        saved.path.mkdir()
        for name in ("config.json", "model.safetensors", "optimizer.pt", "rng_state.pth"):
            (saved.path / name).write_text(f"{name} of step {step}")
        write_cards(run, only=saved)
        mark_complete(saved.path)
        told.send(str(step))
        retain(run, recipe)
    run.record(finished=True, steps=STEPS)
    told.send("finished")


def recipe_of_training() -> Recipe:
    raw = {
        "name": "run",
        "model": "embedded:countdown-base",
        "method": "sft",
        "data": {"demonstrations": {"generator": "countdown-chains", "count": 4}},
        "checkpoints": {"full_states": 1, "keep": 3},
    }
    return recipes.parse(raw, source="test")


def trained(folder: Path) -> object:
    from rlvr.runs.run_directory import Run

    run = Run(folder / "run")
    files = [path for found in run.checkpoints() for path in sorted(found.path.iterdir())]
    kept = {str(path.relative_to(folder)): path.read_bytes() for path in files}
    unfinished = [p.name for p in run.path.rglob(".*") if "set-aside" not in p.parts]
    return kept, [entry["step"] for entry in run.metrics()], run.manifest(), unfinished


def lost_of_training(folder: Path, told: list[str]) -> list[str]:
    """The last step that was told must be there, byte for byte."""
    from rlvr.runs.run_directory import Run
    from rlvr.weights.checkpoint import damage_of_contents

    run, steps = Run(folder / "run"), [int(line) for line in told if line.isdigit()]
    whole = {c.step for c in run.checkpoints() if not damage_of_contents(c.path, for_training=True)}
    found = [f"step {step}" for step in steps[-1:] if step not in whole]
    if "finished" in told and not run.manifest().get("finished"):
        found.append("finished")
    return found


def one_life(job: Job, folder: Path, last_write: int) -> tuple[int, list[str]]:
    """Do a job in a process that is killed at its n-th write; its exit code and what it told."""
    ours, theirs = mp.Pipe(duplex=False)
    process = mp.get_context("fork").Process(target=live, args=(job, folder, theirs, last_write))
    process.start()
    theirs.close()
    told = list(received(ours))
    process.join()
    assert process.exitcode is not None
    return process.exitcode, told


def live(job: Job, folder: Path, told: Connection, last_write: int) -> None:
    left = last_write

    def count(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        opens = event == "open" and isinstance(arguments[1], str) and arguments[1][0] in "wax"
        if (opens or event in WRITES) and str(arguments[0]).startswith(str(folder)):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    with open(os.devnull, "w") as quiet:
        os.dup2(quiet.fileno(), 1)
        os.dup2(quiet.fileno(), 2)
    sys.addaudithook(count)
    job.do(folder, told)


def received(end: Connection) -> Iterator[str]:
    try:
        while True:
            yield end.recv()
    except EOFError:
        return


def killed_at_every_write(folder: Path, told: Connection) -> None:
    """Run in a process that has no threads; tells what went wrong, and the number of kills."""
    job, kills, wrong = Job(train, trained, lost_of_training), 0, list[str]()
    (folder / "undisturbed").mkdir()
    assert one_life(job, folder / "undisturbed", 0)[0] == 0
    wanted = job.left(folder / "undisturbed")
    while True:
        killed = folder / f"{kills + 1}"
        killed.mkdir()
        code, lines = one_life(job, killed, kills + 1)
        if code != -signal.SIGKILL:
            break
        kills += 1
        wrong += [f"write {kills}: lost {lost}" for lost in job.lost(killed, lines)]
        if (again := one_life(job, killed, 0)[0]) != 0:
            wrong.append(f"write {kills}: the next command ends with {again}")
        elif job.left(killed) != wanted:
            wrong.append(f"write {kills}: another end, {job.left(killed)!r:.2000}")
    told.send((code, kills, wrong))


def test_kill_between_any_two_writes_of_a_training_loses_nothing_that_was_told(
    tmp_path: Path,
) -> None:
    ours, theirs = mp.Pipe(duplex=False)
    loop = mp.get_context("spawn").Process(target=killed_at_every_write, args=(tmp_path, theirs))
    loop.start()
    theirs.close()
    code, kills, wrong = ours.recv()
    loop.join()
    assert code == 0
    assert wrong == []
    assert kills >= 60
