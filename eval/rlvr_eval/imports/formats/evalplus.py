"""EvalPlus' *_eval_results.json: by task a list of solutions, each with base and plus status.

A solution is correct as EvalPlus counts it: base and extra tests both passed. Its time limit is
part of the test, so a timeout is wrong. `--metric base_status` counts the base tests alone.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rlvr.core.errors import UserError
from rlvr.core.reading import json_object_file
from rlvr.core.records import Outcome
from rlvr_eval.imports.formats.shape import Format
from rlvr_eval.imports.options import Options
from rlvr_eval.imports.rows import Fault, Faults, Row
from rlvr_eval.imports.samples import Sample

_STATUS = {"pass": True, "fail": False, "timeout": False}


def _read(file: Path, faults: Faults) -> Iterator[Row]:
    try:
        tasks = json_object_file(file).get("eval")
    except UserError as error:
        faults.add(str(file), error)
        return
    if not isinstance(tasks, dict):
        faults.add(str(file), "no 'eval' in it, under which EvalPlus writes its results")
        return
    for task, solutions in tasks.items():
        for at, solution in enumerate(solutions if isinstance(solutions, list) else [solutions]):
            where = f"{file}, {task}, solution {at + 1}"
            if isinstance(solution, dict) and "base_status" in solution:
                yield Row(where, {"task_id": task, **solution})
            else:
                faults.add(where, "no base_status; the file is of another version of EvalPlus")


def _samples(row: Row, options: Options) -> Iterator[Sample]:
    values = row.values
    solution = values.get("solution")
    if solution is not None and not isinstance(solution, str):
        raise Fault(f"solution {solution!r:.40}; expected text")
    names: tuple[str, ...] = ("base_status", "plus_status")
    if options.metric is not None:
        if options.metric not in names:
            raise Fault(f"no {options.metric}, which --metric names; one of {', '.join(names)}")
        names = (options.metric,)
    statuses = [_passed(values, name) for name in names if values.get(name) is not None]
    yield Sample(
        where=row.where,
        problem=str(values["task_id"]).rpartition("/")[2],
        completion=solution,
        verdict=Outcome.CORRECT if all(statuses) else Outcome.WRONG,
    )


def _passed(values: Mapping[str, Any], name: str) -> bool:
    if values[name] not in _STATUS:
        raise Fault(f"{name} = {values[name]!r:.40}; expected {', '.join(_STATUS)}")
    return _STATUS[values[name]]


def _has(values: Mapping[str, Any]) -> bool:
    return {"task_id", "base_status"} <= values.keys()


FORMAT = Format("evalplus", _has, _samples, ("eval_results.json",), _read)
