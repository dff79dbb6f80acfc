"""A draw key's digest is where its draws lie: what changes it loses everything that was drawn."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rlvr.answers import prompts
from rlvr.recipes.evaluation_section import Evaluation as Settings
from rlvr.samplers.base import SamplingParams
from rlvr.samplers.hf import HFSampler
from rlvr.tiny.model import BASE
from rlvr_eval.plan.evaluation import Model
from rlvr_eval.plan.planning import plan
from rlvr_eval.store.keys import DrawKey, canonical, digest
from rlvr_eval.summary.comparability import compare_keys

KEY = DrawKey(
    weights="0123456789abcdef",
    benchmark="math500",
    revision="main",
    prompt="qwen-boxed",
    sampling=SamplingParams(),
    context_length=4096,
    dtype="float32",
    sampler="hf/5.19.0",
    run_seed=0,
)
# as key.json files hold it; the digest is its blake2b of 8 bytes
WRITTEN = (
    '{"benchmark": "math500", "context_length": 4096, "dtype": "float32", '
    '"max_completion_tokens": 16384, "min_p": 0.0, "prompt": "qwen-boxed", '
    '"repetition_penalty": 1.0, "revision": "main", "run_seed": 0, "sampler": "hf/5.19.0", '
    '"stop": [], "stop_token_ids": [], "temperature": 0.6, "top_k": 0, "top_p": 0.95, '
    '"weights": "0123456789abcdef"}'
)


def test_draws_of_plain_prompts_stay_where_they_are() -> None:
    assert canonical(KEY.fields()) == WRITTEN
    assert digest(KEY.fields()) == "0917178b4eb8782e"


def test_what_tells_versions_apart_is_an_entry_of_its_own_and_does_not_hinder_comparing() -> None:
    mended = replace(KEY, versions_apart={"generation_config": "not obeyed"})
    assert mended.fields() == {**KEY.fields(), "generation_config": "not obeyed"}
    assert not compare_keys(KEY.fields(), mended.fields()).differing
    capped = replace(KEY, versions_apart={"context": "never passed"})
    assert "context" in compare_keys(KEY.fields(), capped.fields()).differing


@pytest.mark.parametrize(("asked", "entries"), [({"min_new_tokens": 2}, 1), ({}, 0)])
def test_a_penalty_in_the_models_file_keeps_its_old_draws_apart(
    asked: dict[str, Any], entries: int, tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(BASE, folder)
    file = folder / "generation_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | asked))
    settings = Settings.model_validate(
        {
            "benchmarks": [{"name": "countdown-dev", "limit": 3}],
            "sampling": {"max_completion_tokens": 24},
        }
    )
    (planned,) = plan([Model("m", 0, folder, "w")], settings, tmp_path)
    fields = planned.key(HFSampler()).fields()
    assert len(fields) == len(KEY.fields()) + entries
    assert (fields.get("generation_config") == "not obeyed") is bool(entries)


def test_every_field_of_a_key_makes_another_digest() -> None:
    others = [replace(KEY, prompt=name) for name in prompts.NAMES if name != KEY.prompt]
    others += [replace(KEY, prompt="chat@0123abcd"), replace(KEY, prompt="chat@0123abce")]
    others += [replace(KEY, run_seed=1), replace(KEY, dtype="bfloat16"), replace(KEY, revision="1")]
    found = {digest(each.fields()) for each in (KEY, *others)}
    assert len(found) == 1 + len(others)
