"""verl's dumps of validation and rollouts: `<step>.jsonl` with input, output, gts and score.

Rewards that are kept apart (`acc` of DAPO) are columns beside `score`. Where both are there, `acc`
says whether the answer is right, and `score` may hold penalties; where they contradict each other
although both are 0 or 1, nothing is taken for granted.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from rlvr.core.records import Outcome
from rlvr_eval.imports.counts import step
from rlvr_eval.imports.formats.shape import Format, gold, prompt_id, question, verdict
from rlvr_eval.imports.options import Options
from rlvr_eval.imports.rows import Fault, Row
from rlvr_eval.imports.samples import Sample
from rlvr_eval.imports.scores import outcome


def _has(values: Mapping[str, Any]) -> bool:
    return {"input", "output", "score"} <= values.keys() and bool({"step", "gts"} & values.keys())


def _samples(row: Row, options: Options) -> Iterator[Sample]:
    values = row.values
    if not isinstance(values["output"], str):
        raise Fault(f"output {values['output']!r:.40}; expected text")
    number = step(values)
    yield Sample(
        where=row.where,
        problem=prompt_id(values["input"]),
        completion=values["output"],
        verdict=_verdict(values, options),
        gold=gold(values.get("gts")),
        question=question(values["input"]),
        model=options.model or (None if number is None else f"step_{number}"),
        step=number,
    )


def _verdict(values: Mapping[str, Any], options: Options) -> Outcome | None:
    if options.metric is not None or options.correct_above is not None or "acc" not in values:
        return verdict(values, ("score",), options)
    found = outcome(values["acc"], None)
    if values["score"] in (0, 1) and outcome(values["score"], None) is not found:
        raise Fault("acc and score contradict each other; say which counts: --metric acc or score")
    return found


FORMAT = Format("verl", _has, _samples)
