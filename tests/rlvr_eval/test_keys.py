"""A draw key's digest is where its draws lie: what changes it loses everything that was drawn."""

from dataclasses import replace

from rlvr import prompts
from rlvr.samplers.base import SamplingParams
from rlvr_eval.keys import DrawKey, canonical, digest

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


def test_every_field_of_a_key_makes_another_digest() -> None:
    others = [replace(KEY, prompt=name) for name in prompts.NAMES if name != KEY.prompt]
    others += [replace(KEY, prompt="chat@0123abcd"), replace(KEY, prompt="chat@0123abce")]
    others += [replace(KEY, run_seed=1), replace(KEY, dtype="bfloat16"), replace(KEY, revision="1")]
    found = {digest(each.fields()) for each in (KEY, *others)}
    assert len(found) == 1 + len(others)
