"""Draws by transformers: the same in any batch, order and share, and distributed as the model."""

import random
from collections import Counter

import pytest
import torch
from scipy import stats

from rlvr.core.records import Completion
from rlvr.samplers.base import SampleRequest, SamplingParams, draw_seed
from rlvr.samplers.hf import HFSampler
from rlvr.tiny import countdown
from rlvr.tiny.model import BASE, WORDS

PARAMS = SamplingParams(temperature=1.0, top_p=1.0, max_completion_tokens=24)
PROBLEMS = countdown.problems("dev")[:6]


@pytest.fixture(scope="module")
def sampler() -> HFSampler:
    torch.set_num_threads(1)
    loaded = HFSampler(batch_size=64)
    loaded.load(BASE)
    return loaded


def requests(start: int, stop: int) -> list[SampleRequest]:
    return [
        SampleRequest(p.id, p.question, draw_seed(0, "weights", p.id), start, stop)
        for p in PROBLEMS
    ]


def by_place(completions: list[Completion]) -> dict[tuple[str, int], Completion]:
    found = {(c.problem_id, c.sample_index): c for c in completions}
    assert len(found) == len(completions)
    return found


def test_64_then_192_more_are_the_draws_of_one_request_of_256(sampler: HFSampler) -> None:
    at_once = by_place(list(sampler.sample(requests(0, 256), PARAMS)))
    first = list(sampler.sample(requests(0, 64), PARAMS))
    then = list(sampler.sample(requests(64, 256), PARAMS))
    assert by_place(first + then) == at_once
    assert len(at_once) == 256 * len(PROBLEMS)


@pytest.mark.parametrize("batch_size", [1, 7, 500])
def test_batch_size_and_order_change_no_draw(sampler: HFSampler, batch_size: int) -> None:
    other = HFSampler(batch_size=batch_size)
    other.load(BASE)
    shuffled = random.Random(batch_size).sample(requests(0, 12), len(PROBLEMS))
    assert by_place(list(other.sample(shuffled, PARAMS))) == by_place(
        list(sampler.sample(requests(0, 12), PARAMS))
    )


def test_draws_of_another_seed_are_other_draws(sampler: HFSampler) -> None:
    other = [SampleRequest(r.problem_id, r.prompt, r.seed + 4096, 0, 32) for r in requests(0, 32)]
    texts = [{c.text for c in sampler.sample(r, PARAMS)} for r in (requests(0, 32), other)]
    assert texts[0] != texts[1]


def test_first_tokens_are_distributed_as_the_model_says(sampler: HFSampler) -> None:
    problem = PROBLEMS[0]
    request = SampleRequest(problem.id, problem.question, 1 << 20, 0, 4000)
    one = PARAMS.model_copy(update={"max_completion_tokens": 1})
    drawn = Counter(c.token_ids[0] for c in sampler.sample([request], one))
    tokens = range(len(WORDS))
    scores = sampler.score([problem.question] * len(WORDS), [[token] for token in tokens])
    expected = torch.tensor([score[0] for score in scores]).exp() * 4000
    assert expected.sum() == pytest.approx(4000, rel=1e-4)
    often = [token for token in tokens if expected[token] >= 5]
    observed = [drawn[token] for token in often] + [4000 - sum(drawn[token] for token in often)]
    wanted = [float(expected[token]) for token in often]
    wanted.append(4000 - sum(wanted))
    assert stats.chisquare(observed, wanted).pvalue > 0.01


def test_log_probabilities_of_draws_at_temperature_1_are_their_scores(sampler: HFSampler) -> None:
    completions = list(sampler.sample(requests(0, 4), PARAMS, logprobs=True))
    prompt_of = {problem.id: problem.question for problem in PROBLEMS}
    prompts = [prompt_of[c.problem_id] for c in completions]
    scores = sampler.score(prompts, [c.token_ids for c in completions])
    for completion, score in zip(completions, scores, strict=True):
        assert completion.sum_logprob == pytest.approx(sum(score), abs=1e-4)


def test_greedy_decoding_is_plain_generate(sampler: HFSampler) -> None:
    greedy = PARAMS.model_copy(update={"temperature": 0.0})
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(BASE)
    model = AutoModelForCausalLM.from_pretrained(BASE)
    for completion in sampler.sample(requests(0, 1), greedy):
        question = next(p.question for p in PROBLEMS if p.id == completion.problem_id)
        ids = tokenizer(question, return_tensors="pt").input_ids
        plain = model.generate(ids, do_sample=False, max_new_tokens=24)[0, ids.shape[1] :]
        assert list(completion.token_ids) == plain.tolist()


def test_budget_ends_a_completion_and_says_so(sampler: HFSampler) -> None:
    short = PARAMS.model_copy(update={"max_completion_tokens": 5})
    for completion in sampler.sample(requests(0, 8), short):
        assert completion.finish_reason == "length"
        assert len(completion.token_ids) == 5


def test_stop_string_ends_a_completion_before_it(sampler: HFSampler) -> None:
    stopping = PARAMS.model_copy(update={"stop": (" ;",)})
    for completion in sampler.sample(requests(0, 8), stopping):
        assert completion.finish_reason == "stop"
        assert ";" not in completion.text
        assert completion.text.count("=") <= 1


def test_a_completion_with_a_stop_string_holds_no_padding_of_its_batch(
    sampler: HFSampler,
) -> None:
    stopping = PARAMS.model_copy(update={"stop": (" ;",)})
    alone = HFSampler(batch_size=1)
    alone.load(BASE)
    one_by_one, together = (
        by_place(list(each.sample(requests(0, 4), stopping, logprobs=True)))
        for each in (alone, sampler)
    )
    for place, completion in together.items():
        assert completion.token_ids == one_by_one[place].token_ids
        assert completion.sum_logprob == pytest.approx(one_by_one[place].sum_logprob, abs=1e-5)


def test_a_stop_token_ends_a_completion_and_is_not_part_of_its_text(sampler: HFSampler) -> None:
    semicolon = WORDS.index(";")
    stopping = PARAMS.model_copy(update={"stop_token_ids": (semicolon,)})
    free = by_place(list(sampler.sample(requests(0, 8), PARAMS)))
    stopped = by_place(list(sampler.sample(requests(0, 8), stopping)))
    ended_there = [place for place, c in stopped.items() if c.token_ids[-1] == semicolon]
    assert len(ended_there) > 8
    for place in ended_there:
        assert stopped[place].finish_reason == "stop"
        # up to there it is the draw that it is without a stop token
        assert stopped[place].text == free[place].text.partition(" ;")[0]


@pytest.mark.parametrize("changed", [{"temperature": 0.5}, {"top_p": 0.6}, {"top_k": 2}])
def test_truncated_sampling_stays_within_what_it_admits(
    sampler: HFSampler, changed: dict[str, float]
) -> None:
    params = PARAMS.model_copy(update={**changed, "max_completion_tokens": 1})
    request = SampleRequest("p", PROBLEMS[0].question, 0, 0, 1000)
    drawn = Counter(c.token_ids[0] for c in sampler.sample([request], params))
    free = Counter(
        c.token_ids[0]
        for c in sampler.sample([request], PARAMS.model_copy(update={"max_completion_tokens": 1}))
    )
    top_share = drawn.most_common(1)[0][1] / 1000
    assert top_share > free.most_common(1)[0][1] / 1000
    assert len(drawn) <= (2 if "top_k" in changed else len(free))


def test_seeds_of_different_weights_and_problems_never_overlap() -> None:
    bases = {draw_seed(0, weights, p.id) for weights in "abc" for p in countdown.problems("test")}
    assert len(bases) == 3 * len(countdown.problems("test"))
    assert all(base % 2**20 == 0 for base in bases)
