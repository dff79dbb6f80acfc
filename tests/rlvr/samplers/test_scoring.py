"""Scoring many completions at once gives each the numbers that it gets alone."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM, PreTrainedModel

from rlvr.samplers.scoring import Row, token_logprobs
from rlvr.tiny.model import BASE


@pytest.fixture(scope="module")
def model() -> PreTrainedModel:
    """The embedded model in float32."""
    return AutoModelForCausalLM.from_pretrained(BASE, dtype=torch.float32).eval()


tokens = st.integers(min_value=0, max_value=99)
some_rows = st.lists(
    st.builds(
        Row, st.lists(tokens, min_size=1, max_size=12), st.lists(tokens, min_size=0, max_size=20)
    ),
    min_size=1,
    max_size=9,
)


@settings(max_examples=25, deadline=None)
@given(rows=some_rows, rows_at_once=st.integers(min_value=1, max_value=9))
def test_batched_scores_equal_those_of_each_row_alone(
    model: PreTrainedModel, rows: list[Row], rows_at_once: int
) -> None:
    budget = rows_at_once * 32 * model.config.vocab_size
    together = token_logprobs(model, rows, logits_at_once=budget)
    for row, found in zip(rows, together, strict=True):
        assert found == pytest.approx(_by_its_definition(model, row), abs=1e-4)


def test_scores_are_log_probabilities_of_a_distribution(model: PreTrainedModel) -> None:
    prompt = [5, 8, 11]
    every_token = [Row(prompt, [token]) for token in range(model.config.vocab_size)]
    scores = torch.tensor(token_logprobs(model, every_token))
    assert float(scores.exp().sum()) == pytest.approx(1.0, abs=1e-5)


def test_prompt_without_tokens_is_refused(model: PreTrainedModel) -> None:
    with pytest.raises(ValueError, match="without tokens"):
        token_logprobs(model, [Row([], [1])])


@torch.inference_mode()
def _by_its_definition(model: PreTrainedModel, row: Row) -> list[float]:
    """One forward pass for every token."""
    scores, before = [], list(row.prompt)
    for token in row.completion:
        logits = model(torch.tensor([before])).logits[0, -1]
        scores.append(float(torch.log_softmax(logits, -1)[token]))
        before.append(token)
    return scores
