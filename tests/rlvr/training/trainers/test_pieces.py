"""Cutting a padded batch: the cheapest cut, and every value back where it came from."""

from itertools import combinations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rlvr.training.trainers.pieces import Plan, Spans, cut, split_into

lengths = st.lists(st.integers(1, 12), min_size=1, max_size=7).map(
    lambda found: sorted(found, reverse=True)
)


def price(sizes: list[int], rows: list[int], forward_cost: int, limit: int) -> float:
    total, start = 0.0, 0
    for size in sizes:
        tokens = size * rows[start]
        total += tokens + forward_cost if size == 1 or tokens <= limit else float("inf")
        start += size
    return total


@given(rows=lengths, forward_cost=st.integers(0, 20), limit=st.integers(1, 90))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_no_other_cut_is_cheaper(rows: list[int], forward_cost: int, limit: int) -> None:
    found = cut(rows, forward_cost=forward_cost, limit=limit)
    assert sum(found) == len(rows)
    every_cut = (
        [b - a for a, b in zip((0, *inner), (*inner, len(rows)), strict=True)]
        for pieces in range(len(rows))
        for inner in combinations(range(1, len(rows)), pieces)
    )
    best = min(price(sizes, rows, forward_cost, limit) for sizes in every_cut)
    assert price(found, rows, forward_cost, limit) == best


@given(rows=lengths, count=st.integers(1, 7))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_pieces_are_split_until_there_are_as_many_as_asked_for(rows: list[int], count: int) -> None:
    sizes = cut(rows, forward_cost=4, limit=90)
    split = split_into(sizes, min(count, len(rows)))
    assert len(split) == max(len(sizes), min(count, len(rows)))
    assert sum(split) == len(rows)
    assert min(split) > 0


# left padding, right padding, both, none, a row without tokens
MASK = torch.tensor([[0, 0, 1, 1, 1], [1, 1, 0, 0, 0], [0, 1, 1, 1, 0], [1] * 5, [0] * 5])


@pytest.mark.parametrize("sizes", [[5], [1, 4], [2, 2, 1], [1, 1, 1, 1, 1]])
@pytest.mark.parametrize("per_step", [False, True])
def test_values_come_back_to_their_tokens_and_padding_is_0(
    sizes: list[int], per_step: bool
) -> None:
    spans = Spans.of(MASK)
    assert spans is not None
    assert spans.tokens == 13
    plan = Plan(spans, sizes)
    batch = torch.arange(1.0, 26.0).view(5, 5).requires_grad_()
    taken = [piece.take(batch) for piece in plan.pieces]
    for piece, values in zip(plan.pieces, taken, strict=True):
        left = piece.is_token.sum(1, keepdim=True)
        assert (piece.is_token == (torch.arange(values.shape[1]) < left)).all()
    if per_step:  # value t of a forward is of the step to token t + 1, as log-probs are
        put = plan.whole([values[:, 1:] for values in taken])
        expected = (batch * MASK)[:, 1:] * MASK[:, :-1]
    else:
        put, expected = plan.whole(taken), batch * MASK
    assert torch.equal(put, expected)
    put.sum().backward()
    assert torch.equal(batch.grad != 0, _followed() if per_step else MASK.bool())


def _followed() -> torch.Tensor:
    """Tokens that follow a token."""
    is_step = torch.zeros_like(MASK, dtype=torch.bool)
    is_step[:, 1:] = (MASK[:, 1:] * MASK[:, :-1]).bool()
    return is_step


def test_vectors_of_tokens_come_back_too() -> None:
    spans = Spans.of(MASK)
    assert spans is not None
    plan = Plan(spans, [2, 3])
    batch = torch.arange(25).view(5, 5)
    put = plan.whole([torch.stack([p.take(batch), -p.take(batch)], dim=2) for p in plan.pieces])
    assert torch.equal(put, torch.stack([batch * MASK, -batch * MASK], dim=2))


def test_a_row_with_padding_between_its_tokens_has_no_span() -> None:
    assert Spans.of(torch.tensor([[1, 1, 1], [1, 0, 1]])) is None
