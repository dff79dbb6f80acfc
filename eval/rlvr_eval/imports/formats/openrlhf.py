"""OpenRLHF's batch inference: input and output, and a reward where a reward model gave one."""

from collections.abc import Iterator, Mapping
from typing import Any

from rlvr_eval.imports.formats.shape import Format, gold, prompt_id, question, verdict, words
from rlvr_eval.imports.options import Options
from rlvr_eval.imports.rows import Row
from rlvr_eval.imports.samples import Sample

# what rows of samples have that name problem and verdict themselves
_OTHERS = {"problem", "problem_id", "id", "idx", "task_id", "score", "gts", "verdict", "correct"}


def _has(values: Mapping[str, Any]) -> bool:
    return {"input", "output"} <= values.keys() and not _OTHERS & values.keys()


def _samples(row: Row, options: Options) -> Iterator[Sample]:
    values = row.values
    yield Sample(
        where=row.where,
        problem=prompt_id(values["input"]),
        completion=words(values["output"]),
        verdict=verdict(values, ("reward",), options),
        gold=gold(values.get("label")),
        question=question(values["input"]),
    )


FORMAT = Format("openrlhf", _has, _samples)
