"""Every file of a training run, damaged in every way, under `rlvr train`.

A damaged checkpoint is set aside by name and training goes on from the one before it, to the
parameters of a run that nothing happened to. What is damaged of the run's own files ends the
command with one line, or is told and done without.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from rlvr.cli.main import main
from rlvr.core.errors import UserError
from rlvr.recipes import recipe as recipes
from rlvr.runs.run_directory import Run
from rlvr.training.loop.start import find_start
from rlvr.weights.model_hash import weights_hash

pytestmark = pytest.mark.slow

STEPS = 3
RECIPE = f"""\
name: run
model: embedded:countdown-base
method: sft
seed: 3
data: {{demonstrations: {{generator: countdown-chains, count: 12}}}}
trainer: {{max_steps: {STEPS}, per_device_train_batch_size: 2, learning_rate: 1e-4, save_steps: 1}}
checkpoints: {{full_states: {STEPS}}}
"""
KINDS = ("flipped", "cut", "empty", "removed", "folder", "not UTF-8", "other JSON")
OF_A_CHECKPOINT = (
    "COMPLETE",
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "optimizer.pt",
    "rng_state.pth",
    "scheduler.pt",
    "tokenizer.json",
    "tokenizer_config.json",
    "trainer_state.json",
    "training_args.bin",
)
# what ends with exit code 2 and changes nothing; in all other cases training goes on to the end
REFUSED = {("recipe.yaml", kind) for kind in KINDS} - {("recipe.yaml", "removed")}
TRAINED_AGAIN = (
    ("checkpoint-2/model.safetensors", "flipped"),
    ("checkpoint-2/rng_state.pth", "folder"),
    ("checkpoint-2/COMPLETE", "removed"),
    *(("manifest.json", kind) for kind in ("flipped", "removed")),
    *(("metrics.jsonl", kind) for kind in ("cut", "removed", "folder", "not UTF-8")),
    ("README.md", "folder"),
    ("recipe.yaml", "removed"),
    *sorted(REFUSED),
)


def damage(path: Path, kind: str) -> None:
    """Damage a file; as another file, because the fixture's lies under the same inode."""
    content = path.read_bytes()
    path.unlink()
    middle = len(content) // 2
    match kind:
        case "flipped":
            flipped = bytes([content[middle] ^ 0x10])
            path.write_bytes(content[:middle] + flipped + content[middle + 1 :])
        case "cut":
            path.write_bytes(content[:middle])
        case "empty":
            path.touch()
        case "folder":
            path.mkdir()
            (path / "within").touch()
        case "not UTF-8":
            path.write_bytes(b"\xff\xfe\x00" + content[3:])
        case "other JSON":
            path.write_bytes(b"[7]\n")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of runs with one that nothing happened to."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "recipe.yaml").write_text(RECIPE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WANDB_MODE", "disabled")
        assert train(folder) == 0
        checkpoints = Run(folder / "run").checkpoints()
        assert len({weights_hash(each.path) for each in checkpoints}) == STEPS
        yield folder


@pytest.fixture
def folder(trained: Path, tmp_path: Path) -> Path:
    """The same, finished."""
    runs = tmp_path / "runs"
    shutil.copytree(trained, runs, copy_function=link_checkpoints)
    return runs


@pytest.fixture
def stopped(folder: Path) -> Run:
    """The same, as a kill behind the second step leaves it."""
    run = Run(folder / "run")
    shutil.rmtree(run.path / f"checkpoint-{STEPS}")
    lines = run.metrics_path.read_bytes().splitlines(keepends=True)
    run.metrics_path.write_bytes(b"".join(lines[: STEPS - 1]))
    run.record(finished=False)
    return run


def link_checkpoints(source: str, target: str) -> None:
    """Copy a file for copytree, but those of checkpoints, which are large and never changed."""
    (os.link if "/checkpoint-" in source else shutil.copyfile)(source, target)


def train(folder: Path) -> int:
    return main(["train", str(folder / "recipe.yaml"), "--runs", str(folder)])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("file", OF_A_CHECKPOINT)
def test_checkpoint_with_any_file_damaged_is_set_aside_and_the_one_before_it_is_taken(
    stopped: Run, file: str, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    damage(stopped.path / "checkpoint-2" / file, kind)
    start = find_start(stopped, stopped.recipe())
    assert start.resumed is not None
    assert start.resumed.step == 1
    assert "checkpoint-2 is not whole" in caplog.text
    assert file in caplog.text
    assert (stopped.path / "set-aside" / "checkpoint-2" / "model.safetensors").exists() or (
        file == "model.safetensors"
    )


@pytest.mark.parametrize(("file", "kind"), TRAINED_AGAIN, ids=lambda text: text.replace("/", "-"))
def test_training_tells_the_damaged_file_and_ends_as_if_nothing_had_happened(
    trained: Path,
    stopped: Run,
    file: str,
    kind: str,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    damage(stopped.path / file, kind)
    code = train(stopped.path.parent)
    told = capfd.readouterr().err + caplog.text
    assert "Traceback" not in told
    assert Path(file).name.partition(".")[0] in told
    if (file, kind) in REFUSED:
        assert code == 2
        assert (stopped.path / "checkpoint-2" / "COMPLETE").is_file()
        return
    assert code == 0
    last = f"checkpoint-{STEPS}"
    assert weights_hash(stopped.path / last) == weights_hash(trained / "run" / last)
    assert stopped.manifest()["finished"] is True
    logged = {entry["step"] for entry in stopped.metrics()}
    assert STEPS in logged
    if file != "metrics.jsonl":
        assert logged == set(range(1, STEPS + 1))


@pytest.mark.parametrize("kind", ["flipped", "removed"])
def test_finished_run_whose_last_weights_are_damaged_trains_them_again(
    trained: Path, folder: Path, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    run, last = Run(folder / "run"), f"checkpoint-{STEPS}"
    damage(run.path / last / "model.safetensors", kind)
    recipe = run.recipe()
    start = find_start(run, recipe)
    assert not start.is_finished
    assert f"{last} is not whole" in caplog.text
    assert not run.manifest()["finished"], "stopped here, the run would pass for finished"
    assert train(folder) == 0
    assert weights_hash(run.path / last) == weights_hash(trained / "run" / last)


def test_finished_run_whose_last_checkpoint_was_deleted_stays_finished(folder: Path) -> None:
    run = Run(folder / "run")
    shutil.rmtree(run.path / f"checkpoint-{STEPS}")
    assert find_start(run, run.recipe()).is_finished


def test_checkpoints_of_another_recipe_stay_where_they_are(stopped: Run) -> None:
    damage(stopped.path / "checkpoint-2" / "optimizer.pt", "flipped")
    other = recipes.load(stopped.path / "recipe.yaml", ["seed=4"])
    with pytest.raises(UserError, match="another recipe"):
        find_start(stopped, other)
    assert (stopped.path / "checkpoint-2").is_dir()
