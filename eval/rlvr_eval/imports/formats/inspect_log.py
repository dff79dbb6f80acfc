"""inspect_ai's logs: .eval, a zip of one JSON file per sample and epoch.

Scores are C, I, P and N (correct, incorrect, partial, no answer) or numbers. A sample that ended in
an error has none, and is undecided.
"""

import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rlvr.core.reading import NotReadable, json_object
from rlvr.core.records import Outcome
from rlvr_eval.imports.formats.shape import Format, columns, gold, question, verdict, words
from rlvr_eval.imports.options import Options
from rlvr_eval.imports.rows import Fault, Faults, Row
from rlvr_eval.imports.samples import Sample

_LETTERS = {"C": 1, "I": 0, "P": 0.5, "N": 0}
_MOST_BYTES = 1 << 30


def _read(file: Path, faults: Faults) -> Iterator[Row]:
    try:
        with zipfile.ZipFile(file) as log:
            yield from _rows(file, log, faults)
    except (OSError, zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        faults.add(str(file), f"no .eval log of inspect ({error}); it may still be written")
    except NotReadable as fault:
        faults.add(str(file), fault)


def _rows(file: Path, log: zipfile.ZipFile, faults: Faults) -> Iterator[Row]:
    told = {info.filename: info for info in log.infolist()}  # of one name the last is valid
    if "header.json" not in told:
        faults.add(str(file), "no header.json in it: the evaluation has not ended")
        return
    header = json_object(log.read("header.json"))
    status, about = header.get("status"), header.get("eval")
    if status != "success" or not isinstance(about, Mapping):
        faults.add(str(file), f"the evaluation ended as {status!r:.40}, not as 'success'")
        return
    origin = {"_model": about.get("model"), "_task": about.get("task")}
    for name, info in told.items():
        if not name.startswith("samples/") or not name.endswith(".json"):
            continue
        where = f"{file}, {name}"
        if info.file_size > _MOST_BYTES:
            faults.add(where, f"has {info.file_size:,} bytes; at most {_MOST_BYTES:,} are read")
            continue
        try:
            yield Row(where, json_object(log.read(info)) | origin)
        except (NotReadable, zipfile.BadZipFile) as fault:
            faults.add(where, fault)


def _samples(row: Row, options: Options) -> Iterator[Sample]:
    values = row.values
    epoch = values["epoch"]
    if not isinstance(epoch, int) or epoch < 1 or not isinstance(values["id"], str | int):
        raise Fault(f"id {values['id']!r:.40}, epoch {epoch!r:.20}; expected epochs from 1 on")
    target = values.get("target")
    task, model = values.get("_task"), values.get("_model")
    yield Sample(
        where=row.where,
        problem=str(values["id"]),
        completion=_completion(values),
        verdict=_verdict(values, options),
        gold=gold(target),
        question=question(values.get("input") or ""),
        index=epoch - 1,
        truncated=_stop_reason(values) == "max_tokens",
        model=options.model or (str(model) if model else None),
        # never the bare name: a benchmark of ours may have it, with other ids
        benchmark=options.benchmark or f"inspect-{str(task).rpartition('/')[2]}",
    )


def _verdict(values: Mapping[str, Any], options: Options) -> Outcome | None:
    if values.get("error") is not None:
        return Outcome.ERROR
    scores = values.get("scores")
    if not isinstance(scores, Mapping):
        return None
    found = {
        name: _value(score.get("value"))
        for name, score in scores.items()
        if isinstance(score, Mapping)
    }
    return verdict(found, list(found), options)


def _value(value: Any) -> Any:
    return _LETTERS.get(value, value) if isinstance(value, str) else value


def _choices(values: Mapping[str, Any]) -> list[Any]:
    output = values.get("output")
    choices = output.get("choices") if isinstance(output, Mapping) else None
    return choices if isinstance(choices, list) else []


def _completion(values: Mapping[str, Any]) -> str | None:
    choices = _choices(values)
    if not choices or not isinstance(choices[0], Mapping):
        return None
    return words(choices[0].get("message") or "")


def _stop_reason(values: Mapping[str, Any]) -> Any:
    choices = _choices(values)
    return choices[0].get("stop_reason") if choices and isinstance(choices[0], Mapping) else None


FORMAT = Format(
    "inspect", columns("id", "epoch", "input", "scores", "output"), _samples, (".eval",), _read
)
