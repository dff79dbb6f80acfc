"""What a model's generation_config.json asks for is known, not done, and told once."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, GenerationConfig

from rlvr.samplers.base import SampleRequest, SamplingParams
from rlvr.samplers.generation_file import asked_for, neutral, set_aside, tell_undone
from rlvr.samplers.hf import HFSampler
from tests.rlvr import demanding

# what only says which tokens are which, how outputs are returned, or who wrote the file
BOOKKEEPING = {
    "_from_model_config", "assistant_confidence_threshold", "assistant_early_exit",
    "assistant_ensemble_weight", "assistant_lookbehind", "bos_token_id", "cache_config",
    "compile_config", "continuous_batching_config", "decoder_start_token_id", "disable_compile",
    "do_sample", "encoder_no_repeat_ngram_size", "encoder_repetition_penalty", "eos_token_id",
    "is_assistant", "low_memory", "max_cache_len", "max_matching_ngram_size",
    "num_assistant_tokens", "num_assistant_tokens_schedule", "output_attentions",
    "output_hidden_states", "output_logits", "output_scores", "pad_token_id",
    "return_dict_in_generate", "speculation_type", "target_lookbehind", "transformers_version",
    "use_cache",
}  # fmt: skip


def test_everything_that_transformers_knows_is_either_told_or_bookkeeping(tmp_path: Path) -> None:
    known = set(vars(GenerationConfig())) - BOOKKEEPING
    (tmp_path / "generation_config.json").write_text(json.dumps(dict.fromkeys(known, "asked")))
    assert asked_for(tmp_path).keys() == known


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"generation_config.json": {"top_k": 20, "eos_token_id": 1}}, {"top_k": 20}),
        ({"generation_config.json": {"repetition_penalty": 1.0, "top_p": None}}, {}),
        (
            {"config.json": {"repetition_penalty": 1.3, "hidden_size": 8}},
            {"repetition_penalty": 1.3},
        ),
        ({"config.json": {"repetition_penalty": 1.3}, "generation_config.json": {}}, {}),
    ],
)
def test_what_is_asked_for_is_read_where_transformers_reads_it(
    files: dict[str, Any], expected: dict[str, Any], tmp_path: Path
) -> None:
    for name, values in files.items():
        (tmp_path / name).write_text(json.dumps(values))
    assert asked_for(tmp_path) == expected


def test_only_what_is_not_done_is_told_and_only_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asked = {"repetition_penalty": 1.05, "temperature": 0.7, "top_k": 20, "max_new_tokens": 9}
    (tmp_path / "generation_config.json").write_text(json.dumps(asked))
    params = SamplingParams(temperature=0.7, max_completion_tokens=9)
    with caplog.at_level(logging.WARNING, logger="rlvr"):
        for _ in range(2):
            tell_undone(tmp_path, params.model_dump())
    assert len(caplog.records) == 1
    assert "asks for repetition_penalty 1.05, top_k 20, which is not done" in caplog.text


def test_the_sampler_tells_what_the_model_asks_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sampler = HFSampler()
    sampler.load(demanding.save(tmp_path / "model"))
    with caplog.at_level(logging.WARNING, logger="rlvr"):
        assert list(sampler.sample([], SamplingParams())) == []
    for name in demanding.DEMANDS.keys() - BOOKKEEPING:
        assert name in caplog.text


def test_penalties_of_an_early_models_config_change_no_draw_either(tmp_path: Path) -> None:
    folders = [demanding.save(tmp_path / name, {}) for name in ("plain", "early")]
    (folders[1] / "generation_config.json").unlink()
    config = folders[1] / "config.json"
    asked = {"repetition_penalty": 1.8, "min_length": 9, "num_beams": 2, "eos_token_id": [2, 9]}
    config.write_text(json.dumps(json.loads(config.read_text()) | asked))
    params = SamplingParams(temperature=1, top_p=1, max_completion_tokens=8, stop_token_ids=(9,))
    drawn = []
    for folder in folders:
        sampler = HFSampler()
        sampler.load(folder)
        drawn.append(list(sampler.sample([SampleRequest("p", "w3", 1 << 20, 0, 200)], params)))
    assert drawn[0] == drawn[1]
    assert {each.finish_reason for each in drawn[0]} == {"stop", "length"}


def test_a_model_set_aside_obeys_its_arguments_and_then_has_its_file_again(tmp_path: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(demanding.save(tmp_path / "model"))
    own = model.generation_config
    assert neutral(model).to_diff_dict().keys() <= {"eos_token_id", "transformers_version"}
    prompt = torch.tensor([demanding.ids("<s> w3")])
    with set_aside(model):
        drawn = model.generate(prompt, max_new_tokens=1, do_sample=False)
    assert drawn[0, -1] == model(prompt).logits[0, -1].argmax()
    assert model.generation_config is own
