"""Log-probabilities of given completions under a transformers model, many at a time.

Rows are sorted by length and padded on the right, where a causal model does not see the padding,
so each gets the numbers that it would get alone, up to rounding. A batch is as large as its logits
may be (rows x tokens x vocabulary), and on a CPU no larger than its caches like.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import torch

if TYPE_CHECKING:
    from transformers import PreTrainedModel

# 1 GiB of float32
LOGITS_AT_ONCE = 2**28
# larger batches of a small model fall out of the caches and take longer per token
_TOKENS_AT_ONCE_ON_CPU = 2048


class Row(NamedTuple):
    """A prompt and a completion of it, as tokens."""

    prompt: Sequence[int]
    completion: Sequence[int]

    @property
    def length(self) -> int:
        return len(self.prompt) + len(self.completion)


def token_logprobs(
    model: "PreTrainedModel", rows: Sequence[Row], *, logits_at_once: int = LOGITS_AT_ONCE
) -> list[list[float]]:
    """Compute the natural log-probability of every completion token, row by row.

    Raises:
        ValueError: if a prompt is empty, so that nothing precedes the first token.
    """
    if any(not row.prompt for row in rows):
        raise ValueError("a prompt without tokens: the first completion token has no probability")
    scores: list[list[float]] = [[] for _ in rows]
    tokens_at_once = max(1, logits_at_once // int(model.config.vocab_size))
    if model.device.type == "cpu":
        tokens_at_once = min(tokens_at_once, _TOKENS_AT_ONCE_ON_CPU)
    for batch in _batches(rows, tokens_at_once):
        for at, found in zip(batch, _score(model, [rows[at] for at in batch]), strict=True):
            scores[at] = found
    return scores


def _batches(rows: Sequence[Row], tokens_at_once: int) -> Iterator[list[int]]:
    """Yield positions of rows, shortest first; a batch is at least one row."""
    batch: list[int] = []
    for at in sorted(range(len(rows)), key=lambda at: rows[at].length):
        if batch and (len(batch) + 1) * rows[at].length > tokens_at_once:
            yield batch
            batch = []
        batch.append(at)
    if batch:
        yield batch


@torch.inference_mode()
def _score(model: "PreTrainedModel", rows: Sequence[Row]) -> list[list[float]]:
    width = max(row.length for row in rows)
    tokens = torch.zeros(len(rows), width, dtype=torch.long)
    for at, row in enumerate(rows):
        tokens[at, : row.length] = torch.tensor([*row.prompt, *row.completion])
    tokens = tokens.to(model.device)
    logits = model(tokens, use_cache=False).logits[:, :-1].float()
    chosen = logits.gather(2, tokens[:, 1:, None])[..., 0] - logits.logsumexp(-1)
    found = chosen.tolist()
    return [found[at][len(row.prompt) - 1 : row.length - 1] for at, row in enumerate(rows)]
