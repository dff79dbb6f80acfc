"""What a full disk means for an evaluation: draws not stored yet, and the space that they take."""

from collections.abc import Sequence

from rlvr.core import disk
from rlvr.samplers.base import Sampler
from rlvr_eval.plan.evaluation import Evaluation, missing

# a token's number and its text, before compression
BYTES_PER_TOKEN = 8


def needed(evaluations: Sequence[Evaluation], sampler: Sampler) -> str:
    """Write a clause on what is left to store, by the average size of stored draws."""
    left = sum(missing(evaluation, sampler) for evaluation in evaluations)
    there = [_stored(evaluation, sampler) for evaluation in evaluations]
    draws, size = (sum(column) for column in zip(*there, strict=True))
    if draws:
        takes = f"about {disk.size(left * size / draws)}"
    else:
        longest = max(evaluation.sampling.max_completion_tokens for evaluation in evaluations)
        takes = f"at most about {disk.size(left * longest * BYTES_PER_TOKEN)}"
    return f"{left:,} draws are still to be stored, {takes}, and {draws:,} are there"


def _stored(evaluation: Evaluation, sampler: Sampler) -> tuple[int, int]:
    """Count stored draws, and the bytes that they and their verdicts take."""
    store = evaluation.draws(sampler)
    size = sum(shard.stat().st_size for shard in store.folder.rglob("*.parquet"))
    return len(store.verdicts(evaluation.verdict_version)), size
