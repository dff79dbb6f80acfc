"""What the vLLM sampler asks of the engine, and what it makes of the answers.

From requests to vLLM's parameters with a seed for every draw, and from vLLM's outputs to
completions and scores. Nothing here holds state or an engine.
"""

from collections.abc import Iterator, Sequence
from copy import copy
from typing import TYPE_CHECKING, NamedTuple, cast

from rlvr.core.hashing import hash_number
from rlvr.core.records import Completion, FinishReason
from rlvr.samplers.base import SEED_BITS_PER_PROBLEM, SampleRequest, SamplingParams
from rlvr.samplers.vllm.engine import on_cpu

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase
    from vllm import CompletionOutput, RequestOutput
    from vllm import SamplingParams as EngineParams

# a request costs as much to enter as some tokens to generate, so short completions enter together;
# what finishes first in such a group waits for no more than this many tokens' time
_TOKENS_PER_REQUEST = 256


class Draws(NamedTuple):
    """Completions drawn by one request of the engine: consecutive draws of one problem."""

    problem_id: str
    first_index: int


def engine_seed(seed: int, *, short: bool) -> int:
    """Return vLLM's seed for a draw's seed; `short` for the 32 bits that count on CPU.

    torch's CPU generator drops the higher bits without a word, so one pair of problems (or of
    checkpoints, on the same problem) in 4096 would share all its noise. There all bits are hashed
    into the 32; the sample index is still added, so that no two draws of a problem share a seed,
    and consecutive draws have consecutive ones.
    """
    if not short:
        return seed
    problem, index = divmod(seed, 1 << SEED_BITS_PER_PROBLEM)
    first = hash_number(str(problem), 4)
    return (first + index) % (1 << 32)


def work(
    requests: Sequence[SampleRequest],
    prompts: Sequence[list[int]],
    shared: "EngineParams",
    context_length: int,
) -> "Iterator[tuple[Draws, list[int], EngineParams]]":
    """Yield (draws, prompt, parameters) for every request to the engine.

    Draws go in groups of `shared.n`; vLLM adds a completion's place in its group to the seed.
    """
    short = on_cpu()
    for request, prompt_ids in zip(requests, prompts, strict=True):
        for first in range(request.start, request.stop, shared.n):
            params = copy(shared)
            params.n = min(shared.n, request.stop - first)
            params.max_tokens = min(shared.max_tokens, context_length - len(prompt_ids))
            params.seed = engine_seed(request.seed + first, short=short)
            yield Draws(request.problem_id, first), prompt_ids, params


def engine_params(
    params: SamplingParams, ends: frozenset[int], *, logprobs: bool
) -> "EngineParams":
    """Convert our parameters to vLLM's, without the seed.

    Args:
        ends: ids of the tokens that end a completion.
    """
    from vllm import SamplingParams as EngineParams
    from vllm.sampling_params import RequestOutputKind

    together = max(1, _TOKENS_PER_REQUEST // params.max_completion_tokens)
    return EngineParams(
        n=together if params.temperature else 1,  # vLLM refuses several greedy ones
        temperature=params.temperature,
        top_p=params.top_p,
        top_k=params.top_k,
        min_p=params.min_p,
        repetition_penalty=params.repetition_penalty,
        max_tokens=params.max_completion_tokens,
        stop=list(params.stop),
        # all end markers by id, and none of the engine's own: those are of its first checkpoint
        stop_token_ids=sorted(ends),
        ignore_eos=True,
        logprobs=0 if logprobs else None,
        # decoding once at the end is cheaper; only stop strings need the text as it grows
        detokenize=bool(params.stop),
        output_kind=RequestOutputKind.FINAL_ONLY,
        # every request gets its own shallow copy; vLLM's would be a deep one
        skip_clone=True,
    )


def completion(
    draws: Draws, sampled: "CompletionOutput", tokenizer: "PreTrainedTokenizerBase"
) -> Completion:
    """Build one of a request's completions."""
    return Completion(
        problem_id=draws.problem_id,
        sample_index=draws.first_index + sampled.index,
        text=_text(sampled, tokenizer),
        finish_reason=cast(FinishReason, sampled.finish_reason),
        token_ids=tuple(sampled.token_ids),
        sum_logprob=sampled.cumulative_logprob,
    )


def _text(sampled: "CompletionOutput", tokenizer: "PreTrainedTokenizerBase") -> str:
    """Decode as transformers does, without the end marker or from the stop string on.

    vLLM's own text can begin with a space more, because it decodes behind the prompt.
    """
    stopped_by_token = sampled.finish_reason == "stop" and not isinstance(sampled.stop_reason, str)
    ids = list(sampled.token_ids)[: -1 if stopped_by_token else None]
    text = str(tokenizer.decode(ids, skip_special_tokens=True))
    if isinstance(sampled.stop_reason, str):
        return text.partition(sampled.stop_reason)[0]
    return text


def scoring_params(last_id: int) -> "EngineParams":
    """Ask for log-probabilities of the prompt's tokens and of one token after it."""
    from vllm import SamplingParams as EngineParams

    return EngineParams(
        temperature=0,
        max_tokens=1,
        prompt_logprobs=0,
        logprob_token_ids=[last_id],
        detokenize=False,
    )


def scores(output: "RequestOutput", ids: list[int]) -> list[float]:
    """Return log-probabilities of `ids`, which ended the prompt but for the last of them."""
    first = len(output.prompt_token_ids) - (len(ids) - 1)
    steps = [*output.prompt_logprobs[first:], output.outputs[0].logprobs[0]]
    return [float(step[token].logprob) for step, token in zip(steps, ids, strict=True)]
