"""Cut a padded batch into a few short forwards, and put their results back where it had the tokens.

The rows of a batch are padded to its longest one. Sorted by length and cut into pieces, each as
wide as its own longest row, they leave little padding to compute; but every forward has a price of
its own. `cut` finds the cheapest cut exactly. A row's tokens are moved to the left of its piece, so
that causal attention alone keeps them from the padding behind them, and no mask is needed.

Nothing here knows of models or losses: a row's result depends on its own tokens alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Spans:
    """Where the tokens of each row of a padded batch are: `lengths[i]` columns from `first[i]` on.

    Attributes:
        width: columns of the batch.
    """

    first: tuple[int, ...]
    lengths: tuple[int, ...]
    width: int

    @classmethod
    def of(cls, attention_mask: Tensor) -> "Spans | None":
        """Read a mask of shape (rows, width); None if a row has padding between its tokens."""
        mask = (attention_mask != 0).int()
        width = mask.shape[1]
        behind = width - mask.flip(1).argmax(1)
        # one transfer, which is what a GPU is waited for
        first, counts, ends = torch.stack([mask.argmax(1), mask.sum(1), behind]).tolist()
        if any(
            end - start != count
            for start, count, end in zip(first, counts, ends, strict=True)
            if count
        ):
            return None
        return cls(tuple(first), tuple(counts), width)

    @property
    def tokens(self) -> int:
        """All tokens that are no padding."""
        return sum(self.lengths)


@dataclass(frozen=True)
class Piece:
    """The rows of one forward.

    Attributes:
        place: of each position of the forward in the flattened batch, shape (rows, width).
        is_token: False at the forward's own padding, shape (rows, width).
    """

    place: Tensor
    is_token: Tensor

    @property
    def width(self) -> int:
        """Tokens of the longest row."""
        return self.place.shape[1]

    def take(self, batch: Tensor) -> Tensor:
        """Take the batch's values in the forward's layout; values at its padding are arbitrary."""
        return batch.reshape(-1)[self.place.to(batch.device)]


class Plan:
    """How the rows of one batch are spread over forwards."""

    def __init__(self, spans: Spans, sizes: Sequence[int]) -> None:
        """Cut the rows, longest first, into pieces of these sizes."""
        order = by_length(spans.lengths)
        starts = np.cumsum([0, *sizes[:-1]])
        rows = [order[start : start + size] for start, size in zip(starts, sizes, strict=True)]
        self.pieces = [_piece(spans, some) for some in rows]
        self._rows, self._width = len(spans.lengths), spans.width

    @property
    def computed(self) -> int:
        """Tokens that all forwards compute, padding included."""
        return sum(piece.place.numel() for piece in self.pieces)

    def whole(self, values: Sequence[Tensor]) -> Tensor:
        """Restore per-token values to the batch's layout, 0 at padding; differentiable.

        Each has shape (rows, width, ..) of its piece, or (rows, width - 1, ..) where value t is of
        the step from token t to t + 1; the result is (rows, width, ..) of the batch, or one less.
        """
        lost = self.pieces[0].width - values[0].shape[1]
        width = self._width - lost
        kept, places = [], []
        for piece, own in zip(self.pieces, values, strict=True):
            is_kept = piece.is_token[:, lost:]
            place = piece.place[:, : own.shape[1]][is_kept]
            places.append(place // self._width * width + place % self._width)
            at = is_kept.flatten().nonzero().squeeze(1)
            kept.append(own.flatten(0, 1)[at.to(own.device)])
        flat = kept[0].new_zeros(self._rows * width, *kept[0].shape[1:])
        place = torch.cat(places).to(flat.device)
        put = flat.index_put((place,), torch.cat(kept))
        return put.view(self._rows, width, *put.shape[1:])


def by_length(lengths: Sequence[int]) -> list[int]:
    """Sort rows from the longest to the shortest, equal ones in order."""
    return sorted(range(len(lengths)), key=lambda row: -lengths[row])


def cut(lengths: Sequence[int], *, forward_cost: int, limit: int) -> list[int]:
    """Choose sizes of pieces that minimize sum(rows * longest row + forward_cost).

    Args:
        lengths: of rows, longest first.
        forward_cost: what a further forward costs, in tokens.
        limit: tokens that one forward may have, padding included; a row alone may have more.
    """
    count = len(lengths)
    width = np.maximum(np.asarray(lengths, dtype=np.int64), 1)
    best = np.zeros(count + 1, dtype=np.int64)
    begin = np.zeros(count + 1, dtype=np.int64)
    for end in range(1, count + 1):
        tokens = np.arange(end, 0, -1) * width[:end]
        tokens[:-1] = np.where(tokens[:-1] > limit, np.iinfo(np.int64).max // 4, tokens[:-1])
        costs = best[:end] + tokens + forward_cost
        begin[end] = costs.argmin()
        best[end] = costs[begin[end]]
    sizes, end = [], count
    while end:
        sizes.append(int(end - begin[end]))
        end = int(begin[end])
    return sizes[::-1]


def split_into(sizes: Sequence[int], count: int) -> list[int]:
    """Halve the piece with most rows until there are `count` pieces of the same rows."""
    found = list(sizes)
    while len(found) < count:
        at = max(range(len(found)), key=lambda i: found[i])
        half = found[at] // 2
        found[at : at + 1] = [found[at] - half, half]
    return found


def _piece(spans: Spans, rows: Sequence[int]) -> Piece:
    width = max(1, *(spans.lengths[row] for row in rows))
    at = torch.arange(width)
    lengths, first, row = (
        torch.tensor(values)[:, None]
        for values in ([spans.lengths[r] for r in rows], [spans.first[r] for r in rows], rows)
    )
    column = (first + at).clamp(max=spans.width - 1)
    return Piece(place=row * spans.width + column, is_token=at < lengths)
