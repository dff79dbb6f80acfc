"""LoRA checkpoints become full weights that say what the adapted model says."""

import json
import shutil
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from rlvr.core.errors import UserError
from rlvr.tiny.model import BASE
from rlvr.weights.adapters import full_weights
from rlvr.weights.model_hash import weights_hash
from rlvr.weights.tensors import tensors_hash

TOKENS = torch.arange(9, 49)[None]


def test_a_checkpoint_without_an_adapter_is_its_own_folder() -> None:
    assert full_weights(BASE) == BASE
    assert weights_hash(BASE) == tensors_hash(BASE)


@torch.inference_mode()
def test_merged_weights_say_what_pefts_forward_says(lora_checkpoint: Path) -> None:
    from peft import PeftModel

    base = AutoModelForCausalLM.from_pretrained(BASE)
    base_logits = base(TOKENS).logits
    expected = PeftModel.from_pretrained(base, str(lora_checkpoint))(TOKENS).logits
    merged = AutoModelForCausalLM.from_pretrained(full_weights(lora_checkpoint))(TOKENS).logits
    torch.testing.assert_close(merged, expected, atol=1e-4, rtol=0)
    assert (merged - base_logits).abs().max() > 0.1


def test_a_merged_folder_brings_its_tokenizer(lora_checkpoint: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(full_weights(lora_checkpoint))
    assert tokenizer.get_vocab() == AutoTokenizer.from_pretrained(BASE).get_vocab()


def test_the_weights_hash_of_an_adapter_is_that_of_the_merged_weights(
    lora_checkpoint: Path,
) -> None:
    merged = full_weights(lora_checkpoint)
    assert weights_hash(lora_checkpoint) == tensors_hash(merged)
    assert weights_hash(lora_checkpoint) not in (tensors_hash(BASE), tensors_hash(lora_checkpoint))


def test_it_is_merged_once_and_found_again_under_another_path(
    lora_checkpoint: Path, tmp_path: Path
) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(lora_checkpoint, moved)
    first = full_weights(lora_checkpoint)
    written = (first / "model.safetensors").stat().st_mtime_ns
    assert full_weights(moved) == first
    assert (first / "model.safetensors").stat().st_mtime_ns == written


@pytest.mark.parametrize("changed", ["adapter", "scale", "base"])
def test_anything_that_changes_the_merged_weights_is_merged_anew(
    lora_checkpoint: Path, tmp_path: Path, changed: str
) -> None:
    checkpoint = tmp_path / "checkpoint"
    shutil.copytree(lora_checkpoint, checkpoint)
    config = json.loads((checkpoint / "adapter_config.json").read_text())
    if changed == "adapter":
        _double(checkpoint / "adapter_model.safetensors")
    elif changed == "scale":
        config["lora_alpha"] = 16
    else:
        shutil.copytree(BASE, tmp_path / "base")
        _double(tmp_path / "base" / "model.safetensors")
        config["base_model_name_or_path"] = str(tmp_path / "base")
    (checkpoint / "adapter_config.json").write_text(json.dumps(config))
    assert full_weights(checkpoint) != full_weights(lora_checkpoint)
    assert weights_hash(checkpoint) != weights_hash(lora_checkpoint)


def test_two_processes_that_merge_at_once_leave_one_whole_folder_and_nothing_else(
    lora_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RLVR_CACHE", str(tmp_path))
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        folders = list(pool.map(full_weights, [lora_checkpoint] * 2))
    assert folders[0] == folders[1]
    assert list((tmp_path / "merged").iterdir()) == [folders[0]]
    assert (folders[0] / "model.safetensors").is_file()


def test_a_missing_base_is_named_with_the_remedy(lora_checkpoint: Path, tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint"
    shutil.copytree(lora_checkpoint, checkpoint)
    config = json.loads((checkpoint / "adapter_config.json").read_text())
    for name, named in ((str(tmp_path / "gone"), "gone': no such folder"), (None, "does not say")):
        config["base_model_name_or_path"] = name
        (checkpoint / "adapter_config.json").write_text(json.dumps(config))
        with pytest.raises(UserError, match=named):
            weights_hash(checkpoint)


def _double(file: Path) -> None:
    weights = {name: 2 * tensor for name, tensor in load_file(file).items()}
    save_file(weights, file, metadata={"format": "pt"})


def test_an_adapter_of_unsloth_is_merged_into_the_base_that_it_names(
    lora_checkpoint: Path, tmp_path: Path
) -> None:
    """Unsloth writes into `auto_mapping` what it patched; the weights do not hang on it."""
    adapter = Path(shutil.copytree(lora_checkpoint, tmp_path / "adapter"))
    config = json.loads((adapter / "adapter_config.json").read_text())
    config["auto_mapping"] = {
        "base_model_class": "LlamaForCausalLM",
        "parent_library": "transformers.models.llama.modeling_llama",
        "unsloth_fixed": True,
    }
    (adapter / "adapter_config.json").write_text(json.dumps(config))
    assert weights_hash(adapter) == weights_hash(lora_checkpoint)


def test_a_quantized_base_is_named_and_not_merged_into(
    lora_checkpoint: Path, tmp_path: Path
) -> None:
    base = Path(shutil.copytree(BASE, tmp_path / "base-bnb-4bit"))
    config = json.loads((base / "config.json").read_text())
    config["quantization_config"] = {"load_in_4bit": True, "quant_method": "bitsandbytes"}
    (base / "config.json").write_text(json.dumps(config))
    adapter = Path(shutil.copytree(lora_checkpoint, tmp_path / "adapter"))
    told = json.loads((adapter / "adapter_config.json").read_text())
    told["base_model_name_or_path"] = str(base)
    (adapter / "adapter_config.json").write_text(json.dumps(told))
    with pytest.raises(UserError, match="base-bnb-4bit is quantized, as Unsloth's 4-bit bases are"):
        full_weights(adapter)
