"""TRL's completions_<step>.parquet: step, prompt, completion, one column per reward, advantage."""

from collections.abc import Iterator, Mapping
from typing import Any

from rlvr_eval.imports.counts import step
from rlvr_eval.imports.formats.shape import Format, columns, prompt_id, question, verdict, words
from rlvr_eval.imports.options import Options
from rlvr_eval.imports.rows import Row
from rlvr_eval.imports.samples import Sample

_OWN = {"step", "prompt", "completion", "advantage", "image", "images"}


def _samples(row: Row, options: Options) -> Iterator[Sample]:
    values = row.values
    number = step(values)
    yield Sample(
        where=row.where,
        problem=prompt_id(values["prompt"]),
        completion=words(values["completion"]),
        verdict=verdict(values, _rewards(values), options),
        gold=values.get("solution") if isinstance(values.get("solution"), str) else None,
        question=question(values["prompt"]),
        model=options.model or f"step_{number}",
        step=number,
    )


def _rewards(values: Mapping[str, Any]) -> list[str]:
    return [
        name
        for name, value in values.items()
        if name not in _OWN and isinstance(value, bool | int | float)
    ]


FORMAT = Format("trl", columns("step", "prompt", "completion", "advantage"), _samples)
