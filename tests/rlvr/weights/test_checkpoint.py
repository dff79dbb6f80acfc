"""A checkpoint is what was saved, byte for byte, or it is not used."""

import json
import logging
from pathlib import Path

import pytest

from rlvr.recipes import recipe as recipes
from rlvr.runs.run_directory import Run
from rlvr.tiny import RECIPES
from rlvr.weights.checkpoint import (
    COMPLETE,
    damage,
    damage_of_contents,
    is_resumable,
    mark_complete,
    mark_thinned,
)

WEIGHTS, OPTIMIZER = "model.safetensors", "global_step4/optimizer.pt"


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    folder = tmp_path / "run" / "checkpoint-4"
    (folder / "global_step4").mkdir(parents=True)
    (folder / WEIGHTS).write_bytes(bytes(1000))
    (folder / OPTIMIZER).write_bytes(b"y" * 500)
    (folder / "empty").touch()
    mark_complete(folder)
    return folder


def flip_a_bit(path: Path, at: int = -1) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def as_written_by_0_1_0(folder: Path) -> None:
    """Sizes only."""
    marker = json.loads((folder / COMPLETE).read_text())
    sizes = {name: told["bytes"] for name, told in marker.items()}
    (folder / COMPLETE).write_text(json.dumps(sizes))


@pytest.mark.parametrize("file", [WEIGHTS, OPTIMIZER])
@pytest.mark.parametrize("at", [0, -1])
def test_flipped_bit_is_named(checkpoint: Path, file: str, at: int) -> None:
    assert damage_of_contents(checkpoint, for_training=True) == []
    flip_a_bit(checkpoint / file, at)
    assert damage(checkpoint) == []
    [fault] = damage_of_contents(checkpoint, for_training=True)
    assert fault.startswith(f"{file} has other contents than were saved")


def test_evaluation_needs_nothing_of_the_optimizer(checkpoint: Path) -> None:
    flip_a_bit(checkpoint / OPTIMIZER)
    assert damage_of_contents(checkpoint, for_training=False) == []
    (checkpoint / OPTIMIZER).unlink()
    assert damage_of_contents(checkpoint, for_training=False) == []


def test_bit_is_found_in_whichever_block_of_a_large_file_it_lies(checkpoint: Path) -> None:
    large = checkpoint / WEIGHTS
    with large.open("r+b") as file:
        file.truncate((1 << 26) + 5)
    mark_complete(checkpoint)
    assert damage_of_contents(checkpoint, for_training=True) == []
    with large.open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\1")
    [fault] = damage_of_contents(checkpoint, for_training=True)
    assert fault.startswith(WEIGHTS)


def test_swapped_files_of_one_size_are_named(checkpoint: Path) -> None:
    (checkpoint / WEIGHTS).write_bytes(b"a" * 500)
    mark_complete(checkpoint)
    (checkpoint / WEIGHTS).rename(checkpoint / "between")
    (checkpoint / OPTIMIZER).rename(checkpoint / WEIGHTS)
    (checkpoint / "between").rename(checkpoint / OPTIMIZER)
    assert len(damage_of_contents(checkpoint, for_training=True)) == 2


def test_thinned_checkpoint_keeps_the_digests_of_its_weights(checkpoint: Path) -> None:
    mark_thinned(checkpoint)
    (checkpoint / OPTIMIZER).unlink()
    assert damage_of_contents(checkpoint, for_training=True) == []
    assert not is_resumable(checkpoint)
    flip_a_bit(checkpoint / WEIGHTS)
    assert damage_of_contents(checkpoint, for_training=False) != []


def test_checkpoint_of_an_earlier_version_is_used_and_said_to_be_unverified(
    checkpoint: Path, caplog: pytest.LogCaptureFixture
) -> None:
    as_written_by_0_1_0(checkpoint)
    with caplog.at_level(logging.WARNING):
        assert damage_of_contents(checkpoint, for_training=True) == []
        assert damage_of_contents(checkpoint, for_training=True) == []
    assert caplog.text.count("lists no digests") == 1
    assert str(checkpoint) in caplog.text
    mark_thinned(checkpoint)
    assert set(json.loads((checkpoint / COMPLETE).read_text())) == {WEIGHTS, "empty"}
    (checkpoint / WEIGHTS).write_bytes(b"short")
    assert damage_of_contents(checkpoint, for_training=True) == [
        f"{WEIGHTS} has 5 bytes instead of 1000"
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe\x00",
        b'{"model.safetensors": "1000"}',
        b'{"model.safetensors": true}',
        b'{"model.safetensors": {"bytes": 1000}}',
        b'{"model.safetensors": {"bytes": 1000, "digest": 7}}',
        b"[" * 100_000,
    ],
)
def test_damaged_marker_is_a_fault_of_the_checkpoint_and_of_nothing_else(
    checkpoint: Path, content: bytes
) -> None:
    (checkpoint / COMPLETE).write_bytes(content)
    for faults in (damage(checkpoint), damage_of_contents(checkpoint, for_training=True)):
        assert faults[0].startswith(f"{COMPLETE} is damaged")


@pytest.mark.parametrize("file", [WEIGHTS, OPTIMIZER, COMPLETE])
def test_training_goes_on_from_the_checkpoint_before_a_damaged_one(
    checkpoint: Path, file: str, caplog: pytest.LogCaptureFixture
) -> None:
    run = Run(checkpoint.parent)
    earlier = run.path / "checkpoint-2"
    (earlier / "global_step2").mkdir(parents=True)
    (earlier / "global_step2" / "optimizer.pt").write_bytes(b"z")
    mark_complete(earlier)
    flip_a_bit(checkpoint / file, 0)
    last = run.last_resumable()
    assert last is not None
    assert last.path == earlier
    assert (run.path / "set-aside" / "checkpoint-4" / file).is_file()
    assert file in caplog.text


def test_damaged_trainer_state_that_no_digest_vouches_for_is_found(checkpoint: Path) -> None:
    run = Run(checkpoint.parent)
    (checkpoint / "trainer_state.json").write_text('{"global_step": 4}')
    mark_complete(checkpoint)
    as_written_by_0_1_0(checkpoint)
    assert run.last_resumable() is not None
    (checkpoint / "trainer_state.json").write_text('{"global_step":  }')
    assert run.last_resumable() is None
    assert (run.path / "set-aside" / "checkpoint-4").is_dir()


def test_evaluation_sets_damaged_weights_aside_and_keeps_the_other_checkpoints(
    checkpoint: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = Run(checkpoint.parent)
    for step in (6, 8):
        folder = run.path / f"checkpoint-{step}"
        folder.mkdir()
        (folder / WEIGHTS).write_bytes(bytes(10))
    mark_complete(run.path / "checkpoint-6")
    flip_a_bit(checkpoint / WEIGHTS)
    assert [found.step for found in run.sound_checkpoints()] == [6]
    assert (run.path / "set-aside" / "checkpoint-4").is_dir()
    assert f"{WEIGHTS} has other contents" in caplog.text
    # training may be writing it
    assert (run.path / "checkpoint-8").is_dir()


@pytest.mark.parametrize("content", [b"", b"{}garbage", b"\xff\xff", b"[1]", b"null"])
def test_damaged_manifest_is_set_aside_and_written_anew(
    checkpoint: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    run = Run(checkpoint.parent)
    (run.path / "manifest.json").write_bytes(content)
    assert run.manifest() == {}
    run.record(steps=4)
    assert run.manifest() == {"steps": 4}
    assert (run.path / "set-aside" / "manifest.json").read_bytes() == content
    assert "manifest.json is damaged" in caplog.text


def test_lost_metrics_are_told_and_damaged_ones_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = Run(tmp_path / "run")
    run.start(recipes.load(RECIPES / "grpo.yaml"))
    lines = [json.dumps({"step": step}) for step in range(1, 9)]
    lines[2] = lines[2][:-2]
    lines[5] = "7"
    damaged = "\n".join(lines) + '\n{"step": 9, "rew'
    run.metrics_path.write_text(damaged)
    run.trim_metrics(8)
    assert "lacks steps 3, 6 (" in caplog.text
    assert (run.path / "set-aside" / "metrics.jsonl").read_text() == damaged
    assert [entry["step"] for entry in run.metrics()] == [1, 2, 4, 5, 7, 8]
    caplog.clear()
    run.metrics_path.unlink()
    run.trim_metrics(5)
    assert "lacks steps 1-5 (" in caplog.text
    run.metrics_path.write_bytes(b'\xff\xfe\n{"step": "x"}\n{"step": 1}\n')
    run.trim_metrics(1)
    assert [entry["step"] for entry in run.metrics()] == [1]
