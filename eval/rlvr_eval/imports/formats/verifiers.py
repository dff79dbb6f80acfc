"""Results of `verifiers` and prime-rl: one rollout a row, prompt and completion as messages.

A rollout that ended in an error has reward 0, and says nothing of the model: it is undecided.
"""

from collections.abc import Iterator

from rlvr.core.records import Outcome
from rlvr_eval.imports.counts import text
from rlvr_eval.imports.formats.shape import Format, columns, gold, question, verdict, words
from rlvr_eval.imports.options import Options
from rlvr_eval.imports.rows import Fault, Row
from rlvr_eval.imports.samples import Sample


def _samples(row: Row, options: Options) -> Iterator[Sample]:
    values = row.values
    id = text(values, "example_id")
    if not id:
        raise Fault("no example_id")
    completion = values.get("completion")
    failed = bool(values.get("error"))
    yield Sample(
        where=row.where,
        problem=id,
        completion=None if completion is None else words(completion),
        verdict=Outcome.ERROR if failed else verdict(values, ("reward",), options),
        gold=gold(values.get("answer")),
        question=question(values.get("prompt") or ""),
        truncated=values.get("is_truncated") is True,
    )


FORMAT = Format("verifiers", columns("example_id", "prompt", "reward"), _samples)
