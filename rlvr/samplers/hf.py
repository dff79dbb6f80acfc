"""Sampling with transformers' own `generate`, one seed per draw.

`generate` draws from one global generator, so a completion would depend on its batch. Here decoding
is greedy over scores that carry each draw's own noise (`rlvr.samplers.gumbel_noise`), placed after
temperature and truncation. Prompts of one length are batched together, so no row is padded, and
each batch has room for as many tokens as its model's context leaves. Identity draw for draw is
promised for float32 on CPU.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
import transformers
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GenerationConfig,
    LogitsProcessor,
    LogitsProcessorList,
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    StoppingCriteria,
    StoppingCriteriaList,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from rlvr.answers.attempts import end_ids
from rlvr.core.records import Completion, FinishReason
from rlvr.samplers import context, generation_file
from rlvr.samplers.base import SampleRequest, SamplingParams
from rlvr.samplers.gumbel_noise import gumbel
from rlvr.samplers.scoring import Row, token_logprobs
from rlvr.samplers.stops import stop_ids

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

DEFAULT_BATCH_SIZE = 512


class _Draw(NamedTuple):
    """One row of a batch."""

    request: SampleRequest
    prompt_ids: list[int]
    sample_index: int


class HFSampler:
    """A `Sampler` over transformers.

    Args:
        batch_size: rows generated together; changes speed and memory, not the draws.
        dtype: of the weights; None is float32 on CPU and bfloat16 on a GPU.
    """

    identity = f"hf/{transformers.__version__}"

    def __init__(self, *, batch_size: int = DEFAULT_BATCH_SIZE, dtype: str | None = None) -> None:
        self._device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.dtype = dtype or ("float32" if self._device.type == "cpu" else "bfloat16")
        self._batch_size = batch_size
        self._model: PreTrainedModel | None = None
        self._tokenizer: PreTrainedTokenizerBase | None = None
        self._folder = Path()
        self._context: int | None = None

    def load(self, checkpoint: Path) -> None:
        """Put a checkpoint's weights and its tokenizer in place.

        Raises:
            UserError: if it cannot be loaded, or lacks weights.
        """
        from rlvr.weights import model_folder
        from rlvr.weights.adapters import full_weights

        checkpoint = full_weights(checkpoint)
        model_folder.check(checkpoint)  # names what is damaged before anything is replaced
        with model_folder.loading(checkpoint):
            tokenizer = AutoTokenizer.from_pretrained(checkpoint, padding_side="left")
            model, info = AutoModelForCausalLM.from_pretrained(
                checkpoint, dtype=getattr(torch, self.dtype), output_loading_info=True
            )
        model_folder.refuse_incomplete(checkpoint, info["missing_keys"])
        model.to(self._device)
        # `generate` would complete its arguments from the file that lies beside the weights
        model.generation_config = generation_file.neutral(model)
        self._model, self._tokenizer = model.eval(), tokenizer
        self._folder, self._context = checkpoint, context.context_length(model.config, checkpoint)

    def sample(
        self, requests: Sequence[SampleRequest], params: SamplingParams, *, logprobs: bool = False
    ) -> Iterator[Completion]:
        """Yield every requested draw, shortest prompts first.

        Raises:
            UserError: if a prompt leaves no room for a completion.
        """
        _, tokenizer = self.loaded()
        prompts = context.encoded(requests, tokenizer, self._context)
        generation_file.tell_undone(self._folder, params.model_dump())
        batches = self._batches(requests, prompts)
        return (each for batch in batches for each in self._generate(batch, params, logprobs))

    def score(
        self, prompts: Sequence[str], token_ids: Sequence[Sequence[int]]
    ) -> list[list[float]]:
        """Compute natural log-probabilities of given completions' tokens, one list each.

        Raises:
            ValueError: if a prompt is empty, so that nothing precedes the first token.
            UserError: if prompt and completion are longer than the model's context.
        """
        model, tokenizer = self.loaded()
        encoded = context.scored(prompts, token_ids, tokenizer, self._context)
        return token_logprobs(model, [Row(*pair) for pair in zip(encoded, token_ids, strict=True)])

    def close(self) -> None:
        """Free the model's memory."""
        self._model = self._tokenizer = None
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    def _batches(
        self, requests: Sequence[SampleRequest], encoded: Sequence[list[int]]
    ) -> Iterator[list[_Draw]]:
        by_length = sorted(zip(requests, encoded, strict=True), key=lambda pair: len(pair[1]))
        for _, group in groupby(by_length, key=lambda pair: len(pair[1])):
            draws = (
                _Draw(request, ids, index)
                for request, ids in group
                for index in range(request.start, request.stop)
            )
            while batch := list(islice(draws, self._batch_size)):
                yield batch

    @torch.inference_mode()
    def _generate(
        self, batch: list[_Draw], params: SamplingParams, logprobs: bool
    ) -> Iterator[Completion]:
        model, tokenizer = self.loaded()
        prompts = torch.tensor([draw.prompt_ids for draw in batch], device=self._device)
        seeds = torch.tensor(
            [draw.request.seed + draw.sample_index for draw in batch], device=self._device
        )
        sampling = _SeededSampling(seeds, prompts.shape[1], params, keep_logprobs=logprobs)
        ends = self._end_ids(params)
        stops = _StopStrings(tokenizer, params.stop, prompts.shape[1])
        sequences = model.generate(
            prompts,
            attention_mask=torch.ones_like(prompts),
            generation_config=GenerationConfig(
                do_sample=False,
                max_new_tokens=self._room(prompts.shape[1], params),
                eos_token_id=sorted(ends) or None,
                # what follows a completion is dropped; a padding token may have no embedding
                pad_token_id=0,
            ),
            logits_processor=_processors(params, sampling),
            stopping_criteria=StoppingCriteriaList([stops] if params.stop else []),
        )
        rows = sequences[:, prompts.shape[1] :].tolist()
        for at, (draw, row) in enumerate(zip(batch, rows, strict=True)):
            ids, text, reason = self._finished(row[: stops.length(at)], params, ends)
            yield Completion(
                problem_id=draw.request.problem_id,
                sample_index=draw.sample_index,
                text=text,
                finish_reason=reason,
                token_ids=tuple(ids),
                sum_logprob=sampling.sum_logprob(at, len(ids)) if logprobs else None,
            )

    def _room(self, prompt_length: int, params: SamplingParams) -> int:
        """Return the tokens that a completion may have, by the budget and the model's context."""
        if self._context is None:
            return params.max_completion_tokens
        return min(params.max_completion_tokens, self._context - prompt_length)

    def _finished(
        self, row: list[int], params: SamplingParams, ends: frozenset[int]
    ) -> tuple[list[int], str, FinishReason]:
        """Return tokens with the end marker, their text without it, and the reason of the end."""
        _, tokenizer = self.loaded()
        end = next((at for at, token in enumerate(row) if token in ends), None)
        ids = row if end is None else row[: end + 1]
        # a stop token need not be a special one, which decoding would skip
        text = str(tokenizer.decode(row[:end], skip_special_tokens=True))
        cuts = [at for stop in params.stop if (at := text.find(stop)) >= 0]
        if cuts:
            return ids, text[: min(cuts)], "stop"
        return ids, text, "length" if end is None else "stop"

    def _end_ids(self, params: SamplingParams) -> frozenset[int]:
        model, tokenizer = self.loaded()
        configured = getattr(model.generation_config, "eos_token_id", None)
        return end_ids(tokenizer, configured) | stop_ids(tokenizer, params)

    def loaded(self) -> "tuple[PreTrainedModel, PreTrainedTokenizerBase]":
        """Return the model and the tokenizer that `load` put in place."""
        assert self._model is not None, "load() first"
        assert self._tokenizer is not None
        return self._model, self._tokenizer


def _processors(params: SamplingParams, sampling: "_SeededSampling") -> LogitsProcessorList:
    """Apply transformers' own filters in vLLM's order, then the choice."""
    filters: list[LogitsProcessor] = []
    if params.repetition_penalty != 1:
        filters.append(RepetitionPenaltyLogitsProcessor(params.repetition_penalty))
    if params.temperature not in (0, 1):
        filters.append(TemperatureLogitsWarper(params.temperature))
    if params.temperature:
        if params.min_p:
            filters.append(MinPLogitsWarper(params.min_p))
        if params.top_k:
            filters.append(TopKLogitsWarper(params.top_k))
        if params.top_p < 1:
            filters.append(TopPLogitsWarper(params.top_p))
    return LogitsProcessorList([*filters, sampling])


class _StopStrings(StoppingCriteria):
    """Ends a row once its text holds a stop string, and remembers where.

    transformers' own criterion takes tokens apart by their spelling, which fails on word-level
    vocabularies; the end of the text is decoded instead, without special tokens, as vLLM does.
    """

    def __init__(
        self, tokenizer: "PreTrainedTokenizerBase", stops: Sequence[str], prompt_length: int
    ) -> None:
        self._tokenizer, self._stops = tokenizer, stops
        self._prompt_length = prompt_length
        # every token but a special one adds a byte, so a stop lies within so many tokens
        self._window = max((len(stop.encode()) for stop in stops), default=0) + 1
        self._lengths: dict[int, int] = {}

    def __call__(self, input_ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:
        """Return which rows are done, shape (draws,); input_ids: (draws, tokens so far)."""
        start = max(self._prompt_length, input_ids.shape[1] - self._window)
        texts = self._tokenizer.batch_decode(input_ids[:, start:], skip_special_tokens=True)
        done = [any(stop in text for stop in self._stops) for text in texts]
        for row, is_done in enumerate(done):
            if is_done:
                self._lengths.setdefault(row, input_ids.shape[1] - self._prompt_length)
        return torch.tensor(done, device=input_ids.device)

    def length(self, row: int) -> int | None:
        """Count the tokens of a row's completion up to its stop string; None without one."""
        return self._lengths.get(row)


class _SeededSampling(LogitsProcessor):
    """Adds each draw's noise, and remembers the log-probability of what is thereby chosen."""

    def __init__(
        self,
        seeds: torch.Tensor,
        prompt_length: int,
        params: SamplingParams,
        *,
        keep_logprobs: bool,
    ) -> None:
        self._seeds = seeds
        self._prompt_length = prompt_length
        self._greedy = params.temperature == 0
        self._keep_logprobs = keep_logprobs
        self._chosen: list[torch.Tensor] = []

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Add noise to scores: (draws, vocabulary), tempered and truncated."""
        noisy = scores
        if not self._greedy:
            position = input_ids.shape[1] - self._prompt_length
            noisy = scores.double() + gumbel(self._seeds, position, scores.shape[1])
        if self._keep_logprobs:
            logprobs = torch.log_softmax(scores.float(), -1)
            self._chosen.append(logprobs.gather(1, noisy.argmax(-1, keepdim=True)))
        return noisy

    def sum_logprob(self, row: int, length: int) -> float:
        """Sum the log-probs of a row's first `length` tokens; padding follows."""
        return float(sum(step[row, 0].double() for step in self._chosen[:length]))
