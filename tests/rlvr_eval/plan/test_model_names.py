"""Models by name: folders, any trainer's checkpoints, and the Hub's cache without a network."""

import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rlvr.core.errors import UserError
from rlvr.weights.model_hash import weights_hash
from rlvr.weights.models import EMBEDDED
from rlvr_eval.plan.model_names import given_models, step_in, weights_folder

TINY = EMBEDDED["countdown-base"]


def checkpoint(folder: Path) -> Path:
    """A real checkpoint's folder; its weights are linked, not copied."""
    folder.mkdir(parents=True)
    for file in TINY.iterdir():
        os.link(file, folder / file.name) if _same_disk(file, folder) else shutil.copy(file, folder)
    return folder


def _same_disk(file: Path, folder: Path) -> bool:
    return file.stat().st_dev == folder.stat().st_dev


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("checkpoint-500", 500),  # transformers, TRL
        ("global_step_100", 100),  # verl
        ("step_000100", 100),
        ("iter_0000250", 250),  # Megatron
        ("ckpt-7", 7),
        ("epoch_2-step_800", 800),
        ("qwen-step800", 800),
        ("1200", 1200),
        ("Qwen2.5-7B", None),
        ("v2", None),
        ("Qwen2.5-Math-7B-Instruct", None),
        ("footstep-3d", None),
    ],
)
def test_the_step_is_read_from_the_names_that_trainers_give(name: str, step: int | None) -> None:
    assert step_in(name) == step


def test_a_folder_of_checkpoints_is_all_of_them_by_step(tmp_path: Path) -> None:
    for name in ("checkpoint-1000", "checkpoint-200", "runs", "logs"):
        checkpoint(tmp_path / name) if name.startswith("c") else (tmp_path / name).mkdir()
    found = given_models(None, [str(tmp_path)])
    assert [(model.name, model.step) for model in found] == [
        ("checkpoint-200", 200),
        ("checkpoint-1000", 1000),
    ]
    assert found[0].weights == weights_hash(TINY)


def test_weights_are_found_where_trainers_nest_them(tmp_path: Path) -> None:
    """verl writes global_step_100/actor/huggingface beside the optimizer's shards."""
    place = checkpoint(tmp_path / "global_step_100" / "actor" / "huggingface")
    (tmp_path / "global_step_100" / "actor" / "optim.pt").write_bytes(b"")
    assert weights_folder(tmp_path / "global_step_100") == place
    (model,) = given_models(None, [str(tmp_path)])
    assert (model.name, model.step, model.folder) == ("global_step_100", 100, place)


def test_a_checkpoint_without_weights_is_left_out_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoint(tmp_path / "checkpoint-10")
    (tmp_path / "checkpoint-20").mkdir()
    with caplog.at_level(logging.WARNING):
        found = given_models(None, [str(tmp_path)])
    assert [model.step for model in found] == [10]
    assert "checkpoint-20: no config.json with *.safetensors" in caplog.text


def test_base_first_and_models_without_a_step_in_their_given_order(tmp_path: Path) -> None:
    folders = [checkpoint(tmp_path / name) for name in ("base", "instruct", "distilled")]
    found = given_models(str(folders[0]), [str(folder) for folder in folders[1:]])
    assert [(model.name, model.step) for model in found] == [
        ("base", 0),
        ("instruct", 1),
        ("distilled", 2),
    ]


def test_two_models_of_one_name_are_refused(tmp_path: Path) -> None:
    one, other = (str(checkpoint(tmp_path / run / "checkpoint-5")) for run in ("a", "b"))
    with pytest.raises(UserError, match=r"two models are called checkpoint-5 \(step 5\)"):
        given_models(None, [one, other])


def test_a_folder_with_neither_model_nor_checkpoints_says_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"neither a model .* nor a folder of checkpoints"):
        given_models(None, [str(tmp_path)])


OFFLINE = """
import sys
from rlvr.core.errors import UserError
from rlvr_eval.plan.model_names import given_models
try:
    for model in given_models(None, sys.argv[1:]):
        print(model.name, model.step, model.weights)
except UserError as error:
    print(error)
"""


def cached(cache: Path, revision: str) -> None:
    """A model in the Hub's cache, laid out as its client does."""
    repository = cache / "hub" / "models--some--model"
    checkpoint(repository / "snapshots" / revision)
    (repository / "refs").mkdir(exist_ok=True)
    (repository / "refs" / "main").write_text(revision)


def offline(cache: Path, *names: str) -> str:
    environment = {**os.environ, "HF_HOME": str(cache), "HF_HUB_OFFLINE": "1"}
    environment.pop("HF_HUB_CACHE", None)
    done = subprocess.run(
        [sys.executable, "-c", OFFLINE, *names],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    return done.stdout.strip()


def test_offline_the_cache_is_read_at_the_revision_asked_for(tmp_path: Path) -> None:
    revision = "0123456789abcdef0123456789abcdef01234567"
    cached(tmp_path, revision)
    told = offline(tmp_path, "some/model", f"some/model@{revision}")
    weights = weights_hash(TINY)
    assert told.splitlines() == [
        f"some/model 1 {weights}",
        f"some/model@{revision} 2 {weights}",
    ]


def test_offline_a_model_that_is_not_cached_is_refused_with_what_to_do(tmp_path: Path) -> None:
    told = offline(tmp_path, "some/model")
    assert "model 'some/model' is not in the local cache" in told
    assert "hf download some/model" in told
