"""Rows of samples, as several tools write them, each as one shape.

    {"problem", "completion" and/or "verdict", "gold"?, ..}      one sample a line; "id", "idx",
                                                                 "problem_id" also name a problem
    {"idx", "code": [..], "score": [..], "gt"}                   lists, as mathematics harnesses
    {"doc_id", "resps", "target", "<metric>", "filter"?}         lm-evaluation-harness
    {"task_id", "completion" or "solution", "passed"?}           human-eval, EvalPlus
    {"problem", "answer", "generations": [..],                   OpenR1-Math
     "correctness_<by whom>": [..]}

A column that may hold the model's words or the data set's is taken for neither: `solution` is a
completion in EvalPlus's rows alone, and `answer` a gold only beside a list of generations.

A verdict is one of `rlvr.core.records.Outcome`'s, or true and false, 1 and 0.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rlvr.core.hashing import hex_digest
from rlvr.core.records import Outcome
from rlvr_eval.imports import scores
from rlvr_eval.imports.counts import step, text, whole
from rlvr_eval.imports.rows import Fault, Faults, Row

_PROBLEM = ("problem", "problem_id", "id", "idx", "task_id")
_COMPLETION = ("completion", "response", "output")
_COMPLETIONS = ("completions", "code", "responses", "outputs", "generations")
_BY_WHOM = "correctness_"
_VERDICT = ("verdict", "correct", "passed", "score")
_VERDICTS = ("verdicts", "correct", "passed", "score")
_GOLD = ("gold", "gt")
# what lm-evaluation-harness writes beside the metrics of a sample
_NO_METRIC = {"doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter"}
_NO_METRIC |= {"metrics", "doc_hash", "prompt_hash", "target_hash", "task_name"}


@dataclass(frozen=True, slots=True)
class Sample:
    """One completion; None where a row does not say.

    Attributes:
        index: which draw of its problem it is; None counts them in the order of the file.
        truncated: True where the token budget cut it off.
    """

    where: str
    problem: str
    completion: str | None
    verdict: Outcome | None
    gold: Any = None
    question: str = ""
    kind: str = ""
    family: str = ""
    index: int | None = None
    truncated: bool = False
    model: str | None = None
    step: int | None = None
    benchmark: str | None = None


def parse(
    row: Row,
    *,
    metric: str | None = None,
    filter_name: str | None = None,
    correct_above: float | None = None,
) -> list[Sample]:
    """Parse the samples in a row; none where it belongs to another filter than `filter_name`.

    Args:
        correct_above: as in `rlvr_eval.imports.scores`.

    Raises:
        Fault: if it is no row of samples, or something in it is impossible.
    """
    if "resps" in row.values:
        found = list(_of_harness(row, metric, filter_name))
    elif any(isinstance(row.values.get(name), list) for name in (*_COMPLETIONS, *_VERDICTS)):
        found = list(_of_lists(row))
    else:
        found = [_of_one(row)]
    return [
        sample
        if verdict is None
        else replace(sample, verdict=scores.outcome(verdict, correct_above))
        for sample, verdict in found
    ]


def refuse_repeats(rows: Sequence[Row], filter_name: str | None, faults: Faults) -> None:
    """Note documents that lm-evaluation-harness scored more than once in one file."""
    scored = [row for row in rows if "resps" in row.values]
    filters = {str(row.values["filter"]) for row in scored if "filter" in row.values}
    if filter_name is None and len(filters) > 1:
        listed = ", ".join(sorted(filters))
        faults.add(scored[0].where, f"scored by several filters; give --filter, one of: {listed}")
        return
    seen: dict[Any, str] = {}
    for row in scored:
        if filter_name in (None, row.values.get("filter")):
            document = repr(row.values.get("doc_id"))  # which may be no id at all
            if document in seen:
                faults.add(row.where, f"doc_id {document} again, as at {seen[document]}")
            seen[document] = row.where


# a sample, and its score as the file has it
_Scored = tuple[Sample, Any]


def _of_one(row: Row) -> _Scored:
    values = row.values
    completion, verdict = _first(values, _COMPLETION), _first(values, _VERDICT)
    if completion is None and "task_id" in values:
        completion = values.get("solution")
    if completion is None and "solution" in values:
        raise Fault(
            "the column solution may be the data set's own and not the model's words; say which "
            "column the model wrote: --map completion=COLUMN"
        )
    if completion is None and verdict is None:
        raise Fault(
            "neither counts (problem, n, c) nor a sample (problem, and completion or verdict); "
            f"it has {', '.join(values)}"
        )
    index = whole(values, "sample_index") if "sample_index" in values else None
    if index is not None and index < 0:
        raise Fault(f"sample_index = {index}; expected 0 or more")
    return _sample(row, completion, verdict, index)


def _of_lists(row: Row) -> Iterator[_Scored]:
    completions = _list(row.values, _COMPLETIONS)
    verdicts = _list(row.values, _VERDICTS) or _by_whom(row.values)
    if completions and verdicts and len(completions) != len(verdicts):
        raise Fault(f"{len(completions)} completions, but {len(verdicts)} verdicts")
    count = len(completions or verdicts)
    if count == 0:
        raise Fault("an empty list of completions; a problem needs at least one")
    for at in range(count):
        yield _sample(
            row, completions[at] if completions else None, verdicts[at] if verdicts else None
        )


def _by_whom(values: Mapping[str, Any]) -> list[Any]:
    """Return the verdicts under `correctness_..`, if all that are present agree.

    Raises:
        Fault: if they differ.
    """
    found = {
        name: value
        for name, value in values.items()
        if name.startswith(_BY_WHOM) and isinstance(value, list)
    }
    if any(value != next(iter(found.values())) for value in found.values()):
        names = sorted(found)
        raise Fault(f"{' and '.join(names)} differ; say which counts: --map verdict={names[0]}")
    return next(iter(found.values()), [])


def _of_harness(row: Row, metric: str | None, filter_name: str | None) -> Iterator[_Scored]:
    values = row.values
    if filter_name is not None and values.get("filter") != filter_name:
        return
    listed = values["resps"]
    responses = listed[0] if isinstance(listed, list) and listed else []
    if not isinstance(responses, list) or not responses:
        raise Fault("resps holds no response")
    # the metric is of the filtered response: of several, it is of one that nobody knows
    verdict = _metric(values, metric) if len(responses) == 1 else None
    for response in responses:
        yield _sample(row, response if isinstance(response, str) else None, verdict)


def _metric(values: Mapping[str, Any], name: str | None) -> Any:
    scalars = {key: value for key, value in values.items() if key not in _NO_METRIC}
    known = values.get("metrics") or [
        key for key, value in scalars.items() if isinstance(value, int | float)
    ]
    chosen = name or (known[0] if len(known) == 1 else None)
    if chosen is None or chosen not in values:
        raise Fault(f"which metric is the verdict? give --metric, one of: {', '.join(known)}")
    return values[chosen]


def _sample(row: Row, completion: Any, verdict: Any, index: int | None = None) -> _Scored:
    values = row.values
    if completion is not None and not isinstance(completion, str):
        raise Fault(f"completion {completion!r:.40}; expected text")
    sample = Sample(
        where=row.where,
        problem=_problem(values),
        completion=completion,
        verdict=None,
        gold=_gold(values),
        question=str(values.get("question") or values.get("query") or ""),
        kind=text(values, "kind") or "",
        family=text(values, "family") or "",
        index=index,
        truncated=bool(values.get("truncated")) or values.get("finish_reason") == "length",
        model=text(values, "model"),
        step=step(values),
        benchmark=text(values, "benchmark"),
    )
    return sample, verdict


def _gold(values: Mapping[str, Any]) -> Any:
    if "resps" in values:
        return values.get("target")
    gold = _first(values, _GOLD)
    is_published = any(isinstance(values.get(name), list) for name in _COMPLETIONS)
    return values.get("answer") if gold is None and is_published else gold


def _problem(values: Mapping[str, Any]) -> str:
    names = ("doc_id",) if "resps" in values else _PROBLEM
    found = _first(values, names)
    asked = values.get("question")
    if found is None and isinstance(asked, str) and asked and "resps" not in values:
        return hex_digest(asked, 8, domain="prompt")
    if not isinstance(found, str | int) or isinstance(found, bool) or found == "":
        raise Fault(f"no problem id; expected one of {', '.join(names)}")
    # human-eval's ids name their set: HumanEval/3
    return str(found).rpartition("/")[2] if "task_id" in values else str(found)


def _first(values: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((values[name] for name in names if values.get(name) is not None), None)


def _list(values: Mapping[str, Any], names: Sequence[str]) -> list[Any]:
    return next((values[name] for name in names if isinstance(values.get(name), list)), [])
