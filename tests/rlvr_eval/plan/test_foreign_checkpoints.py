"""Checkpoints of other trainers: beside final weights, half written, watched, and unreadable."""

import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from rlvr.__main__ import main
from rlvr.core.errors import UserError
from rlvr.recipes.evaluation_section import Evaluation as Settings
from rlvr.runs.run_directory import Run
from rlvr.samplers.hf import HFSampler
from rlvr.tiny.model import BASE
from rlvr_eval.draw.crew import Crew
from rlvr_eval.draw.watch import Until, wait_for_start, watch
from rlvr_eval.plan.ledger import Ledger
from rlvr_eval.plan.model_names import given_models
from rlvr_eval.plan.named_models_folder import Given, write_given

SETTINGS = {
    "benchmarks": {"name": "countdown-dev", "limit": 1},
    "design": "fixed:1",
    "sampler": "hf",
    "sampling": {"temperature": 1.0, "max_completion_tokens": 2},
}
WEIGHTS = "model.safetensors"


def model(folder: Path, factor: float = 1.0) -> Path:
    """The embedded base with one tensor scaled, so that its weights are its own."""
    shutil.copytree(BASE, folder, dirs_exist_ok=True)
    tensors = load_file(folder / WEIGHTS)
    last = sorted(tensors)[-1]
    save_file({**tensors, last: factor * tensors[last]}, folder / WEIGHTS, {"format": "pt"})
    return folder


def state(folder: Path, step: int, of: int) -> None:
    """What transformers' trainer writes beside weights."""
    told = {"global_step": step, "max_steps": of}
    (folder / "trainer_state.json").write_text(json.dumps(told))


def truncated(folder: Path, factor: float) -> bytes:
    """Leave a checkpoint as it is while it is written; returns the rest of its weights."""
    whole = (model(folder, factor) / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(whole[: len(whole) // 2])
    return whole


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """What TRL leaves: two checkpoints, and the last weights beside them."""
    for step in (5, 10):
        model(tmp_path / "out" / f"checkpoint-{step}", factor=step)
    return tmp_path / "out"


def named(found: list[Any]) -> list[tuple[str, int]]:
    return [(each.name, each.step) for each in found]


def test_weights_beside_checkpoints_are_the_last_of_them(out: Path) -> None:
    model(out, factor=3)
    found = given_models(None, [str(out)])
    assert named(list(found)) == [("checkpoint-5", 5), ("checkpoint-10", 10), ("out", 10)]
    state(out, 12, of=12)
    assert named(list(given_models(None, [str(out)])))[-1] == ("out", 12)


def test_weights_that_a_checkpoint_has_too_are_shown_once(out: Path) -> None:
    model(out, factor=10)
    found = given_models(None, [str(out)])
    assert named(list(found)) == [("checkpoint-5", 5), ("checkpoint-10", 10)]


def test_one_shard_of_two_without_its_index_is_named(out: Path) -> None:
    shard = out / "checkpoint-10" / "model-00001-of-00002.safetensors"
    (out / "checkpoint-10" / WEIGHTS).rename(shard)
    unreadable: dict[str, str] = {}
    assert named(list(given_models(None, [str(out)], unreadable))) == [("checkpoint-5", 5)]
    assert "model.safetensors.index.json is missing" in unreadable["checkpoint-10"]
    with pytest.raises(UserError, match=r"index\.json is missing"):
        given_models(None, [str(out / "checkpoint-10")])


def test_models_that_could_not_be_read_end_with_exit_code_1_and_their_names(
    out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "disabled")
    shutil.rmtree(out / "checkpoint-5")
    truncated(out / "checkpoint-10", factor=2)
    changes = ["design=fixed:1", "sampler=hf", "sampling.max_completion_tokens=2"]
    where = ["--base", str(BASE), "--model", str(out), "--out", str(tmp_path / "runs" / "r")]
    benchmark = ["--benchmark", "countdown-dev,limit=1", "--processes", "1"]
    assert main(["eval", *where, *benchmark, *changes]) == 1
    told = capsys.readouterr().err
    assert "not evaluated: checkpoint-10: " in told
    assert "truncated" in told


class Told(logging.Handler):
    """Does something once a sentence is logged; says whether it was."""

    def __init__(self, sentence: str, then: Callable[[], None]) -> None:
        super().__init__()
        self._sentence, self._then, self.was = sentence, then, False

    def emit(self, record: logging.LogRecord) -> None:
        if self._sentence in record.getMessage() and not self.was:
            self.was = True
            self._then()


def given(tmp_path: Path, out: Path) -> Run:
    run = Run(tmp_path / "runs" / "foreign")
    write_given(run, Given(str(BASE), (str(out),), Settings.model_validate(SETTINGS)))
    return run


def followed(run: Run, until: Until | None = None) -> tuple[dict[str, str], list[int]]:
    """What a watch could not read, and the steps it evaluated, in order."""
    settings, seen = Settings.model_validate(SETTINGS), list[int]()

    def evaluated(run: Run) -> None:
        steps = [int(entry["step"]) for entry in Ledger(run).entries()]
        seen.extend(step for step in steps if step not in seen)

    sampler = HFSampler()
    crew = Crew(sampler, HFSampler, processes=1)
    unreadable = watch(run, settings, crew, evaluated=evaluated, until=until, poll_s=0.01)
    return unreadable, seen


def test_checkpoint_that_is_being_written_is_waited_for_and_named(
    out: Path, tmp_path: Path
) -> None:
    whole = truncated(out / "checkpoint-10", factor=2)

    def finish() -> None:
        (out / "checkpoint-10" / WEIGHTS).write_bytes(whole)
        state(out / "checkpoint-10", 10, of=10)

    told = Told("waiting for checkpoint-10: ", finish)
    logging.getLogger("rlvr_eval").addHandler(told)
    try:
        assert followed(given(tmp_path, out)) == ({}, [0, 5, 10])
    finally:
        logging.getLogger("rlvr_eval").removeHandler(told)
    assert told.was


@pytest.mark.parametrize("until", [Until(step=10), Until(idle_s=0.5)])
def test_watch_of_a_trainer_that_says_no_end_ends_as_asked(
    until: Until, out: Path, tmp_path: Path
) -> None:
    unreadable, seen = followed(given(tmp_path, out), until)
    assert unreadable == {}
    # files at rest are known from the second look on, which an idle watch may not reach
    assert seen == [0, 5, 10] if until.step else set(seen) <= {0, 5, 10}


def test_waiting_for_a_training_is_told_and_not_for_named_models(out: Path, tmp_path: Path) -> None:
    assert wait_for_start(given(tmp_path, out)) is False
    run = Run(tmp_path / "later")

    def begin() -> None:
        run.path.mkdir()
        (run.path / "recipe.yaml").write_text("")

    told = Told(f"waiting for a training to begin in {run.path}", begin)
    logging.getLogger("rlvr_eval").addHandler(told)
    try:
        assert wait_for_start(run, poll_s=0.01) is True
    finally:
        logging.getLogger("rlvr_eval").removeHandler(told)
    assert told.was


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["design=fixed:1", "--watch"], "name a run directory, or models"),
        (["notes.txt", "--watch"], "neither a run directory nor a .yaml file"),
        (["absent.yaml", "--watch"], "no such file"),
        (["models.yaml", "design=fixed:x", "--watch"], "fixed:x"),
        (["somewhere", "--idle", "2h"], "add --watch"),
        (["somewhere", "--watch", "--idle", "soon"], "write a duration"),
    ],
)
def test_watch_sorts_its_arguments_before_it_waits(
    arguments: list[str],
    named: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.txt").write_text("")
    models = f"base: {BASE}\nmodels: []\nevaluation: {{benchmarks: countdown-dev}}\n"
    (tmp_path / "models.yaml").write_text(models)
    try:
        code = main(["eval", *arguments])
    except SystemExit as stopped:  # argparse's own
        code = stopped.code
    assert code == 2
    assert named in capsys.readouterr().err
