"""A folder that holds no model to load is refused in one line that names it and what is wrong."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from rlvr.core.errors import UserError
from rlvr.recipes import recipe as recipes
from rlvr.runs.run_directory import Run
from rlvr.samplers.hf import HFSampler
from rlvr.tiny.model import BASE
from rlvr.training.loop.train import train
from rlvr.weights.model_folder import check
from rlvr_eval.plan.model_names import given_models
from tests.rlvr.training.known_batch import raw_recipe


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(BASE, tmp_path / "model")
    return tmp_path / "model"


def edit_json(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def emptied(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def cut(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])


def of_another_vocabulary(folder: Path) -> None:
    path = folder / "tokenizer.json"
    tokenizer = json.loads(path.read_text())
    tokenizer["model"]["vocab"]["twelve"] = 5000
    path.write_text(json.dumps(tokenizer))


def with_custom_code(folder: Path) -> None:
    (folder / "modeling_own.py").write_text("raise SystemExit('this was run')")
    mapped = {"AutoModelForCausalLM": "modeling_own.Own", "AutoConfig": "modeling_own.OwnConfig"}
    edit_json(folder / "config.json", model_type="own", auto_map=mapped)


def with_pickled_weights(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def without_a_shard(folder: Path) -> None:
    index = {"weight_map": {"model.norm.weight": "model-00002-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def without_a_tensor(folder: Path) -> None:
    tensors = load_file(folder / "model.safetensors")
    del tensors["model.layers.0.mlp.up_proj.weight"]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def of_another_width(folder: Path) -> None:
    edit_json(folder / "config.json", hidden_size=64, head_dim=16)


FAULTS: dict[Callable[[Path], Any], str] = {
    emptied: "the folder is empty",
    lambda folder: (folder / "config.json").unlink(): "no config.json",
    lambda folder: (folder / "config.json").write_text("{"): "config.json is damaged: not JSON",
    lambda folder: (folder / "config.json").write_bytes(b"\xff"): "config.json is damaged",
    lambda folder: (folder / "tokenizer.json").unlink(): "no tokenizer",
    lambda folder: (folder / "tokenizer.json").write_text("[]"): "tokenizer.json is damaged",
    lambda folder: (folder / "model.safetensors").unlink(): r"no \*.safetensors",
    cut: "model.safetensors: truncated",
    of_another_vocabulary: "token 5000, and the model 110 tokens .* another model's tokenizer",
    with_custom_code: "model_type 'own' needs code of its own .*, and such code is not run",
    with_pickled_weights: "weights in pytorch_model.bin only; save them as safetensors",
    without_a_shard: "model-00002-of-00002.safetensors is missing, which",
    lambda folder: edit_json(folder / "config.json", model_type="x"): "knows no model_type 'x'",
}
ONLY_IN_LOADING: dict[Callable[[Path], Any], str] = {
    without_a_tensor: "the weights lack 'model.layers.0.mlp.up_proj.weight'",
    of_another_width: "cannot be loaded: ",
    lambda folder: edit_json(folder / "config.json", num_attention_heads="x"): "cannot be loaded: ",
    lambda folder: (folder / "tokenizer.json").write_text("{}"): "cannot be loaded: ",
}


@pytest.mark.parametrize("spoil", FAULTS)
def test_folder_is_named_with_its_fault(folder: Path, spoil: Callable[[Path], Any]) -> None:
    check(folder)
    spoil(folder)
    with pytest.raises(UserError, match=FAULTS[spoil]) as refused:
        given_models(str(folder), [])
    assert str(folder) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("spoil", ONLY_IN_LOADING)
def test_what_shows_only_in_loading_is_named_as_well(
    folder: Path, spoil: Callable[[Path], Any], tmp_path: Path
) -> None:
    spoil(folder)
    sampler = HFSampler()
    raw = raw_recipe("grpo") | {"model": str(folder)}
    for load in (
        lambda: sampler.load(folder),
        lambda: train(recipes.parse(raw, source="t"), Run(tmp_path / "run"), source="t"),
    ):
        with pytest.raises(UserError, match=ONLY_IN_LOADING[spoil]) as refused:
            load()
        assert str(folder) in str(refused.value)
        assert "\n" not in str(refused.value)
    assert not (tmp_path / "run").exists()


def test_of_a_folder_of_checkpoints_the_sound_ones_are_evaluated(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    checkpoints = tmp_path / "out"
    for step, spoil in enumerate((None, emptied, cut, with_custom_code, None), start=1):
        place = checkpoints / f"checkpoint-{step}"
        shutil.copytree(folder, place)
        if spoil:
            spoil(place)
    assert [model.step for model in given_models(None, [str(checkpoints)])] == [1, 5]
    for step in (2, 3, 4):
        assert f"checkpoint-{step}" in caplog.text
