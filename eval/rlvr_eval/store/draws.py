"""Completions as rows of a table, and back."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from rlvr.core.records import Completion

# what identifies a draw within its key
DRAW = ("problem_id", "sample_index")

_SCHEMA = pa.schema(
    [
        ("problem_id", pa.string()),
        ("sample_index", pa.int32()),
        ("completion", pa.string()),
        ("finish_reason", pa.string()),
        ("tokens", pa.int32()),
        ("token_ids", pa.list_(pa.int32())),
        ("sum_logprob", pa.float64()),
    ]
)


def draws_table(completions: Sequence[Completion], has_text: Sequence[bool]) -> pa.Table:
    """Build one row per completion; text and tokens are null where `has_text` is False."""
    kept = list(zip(completions, has_text, strict=True))
    columns = {
        "problem_id": [c.problem_id for c in completions],
        "sample_index": [c.sample_index for c in completions],
        "completion": [c.text if has else None for c, has in kept],
        "finish_reason": [c.finish_reason for c in completions],
        "tokens": [len(c.token_ids) for c in completions],
        "token_ids": [list(c.token_ids) if has else None for c, has in kept],
        "sum_logprob": [c.sum_logprob for c in completions],
    }
    return pa.table(columns, schema=_SCHEMA)


def completion_of(row: dict[str, Any]) -> Completion:
    """Read the completion of a row that has its text."""
    return Completion(
        problem_id=row["problem_id"],
        sample_index=row["sample_index"],
        text=row["completion"],
        finish_reason=row["finish_reason"],
        token_ids=tuple(row["token_ids"] or ()),
        sum_logprob=row["sum_logprob"],
    )
