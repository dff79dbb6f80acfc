"""Stage `write`: the selected traces as supervised training data, each row with where it came from.

Columns prompt and completion are all that training reads: the student's template, and the trace
closed by the student's end marker. The others say which problem, draw, teacher and verifier a row
goes back to; the file's own metadata and sft.json hold the settings. The order is that of the
problems, so a distillation that was interrupted writes the same file as one that was not.

Once training has begun its data may not change: another selection is refused.
"""

import json
import os
import uuid
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rlvr.core.errors import UserError
from rlvr.core.files import sync_file, sync_folder, write_json
from rlvr.core.hashing import streamed
from rlvr.core.records import Problem
from rlvr.distill.folder import Draw, Folder, draw_of, read_lines
from rlvr.distill.student import Student
from rlvr.distill.teachers.protocol import section_of, student_prompt, verdict_version
from rlvr.recipes.recipe import Recipe
from rlvr.runs.run_directory import Run

_SCHEMA = pa.schema(
    [
        ("prompt", pa.string()),
        ("completion", pa.string()),
        ("problem_id", pa.string()),
        ("sample_index", pa.int32()),
        ("kind", pa.string()),
        ("teacher", pa.string()),
        ("verifier", pa.string()),
        ("prompt_tokens", pa.int32()),
        ("completion_tokens", pa.int32()),
    ]
)
_METADATA = b"rlvr_distill"
_BATCH = 256


def render(recipe: Recipe, run: Run) -> dict[str, Any]:
    """Write the training data; what sft.json says of it.

    Raises:
        UserError: if nothing was selected yet, or training has begun on other data.
    """
    folder = Folder.of(run)
    about = provenance(recipe, folder)
    beside = folder.path / f".{folder.sft.name}.{uuid.uuid4().hex}.tmp"
    try:
        written = _write(beside, rows(recipe, folder), about)
        _refuse_change(run, folder, written["digest"])
        sync_file(beside)
        os.replace(beside, folder.sft)
    finally:
        beside.unlink(missing_ok=True)
    sync_folder(folder.path)
    summary = {**about, **written}
    write_json(_summary(folder), summary)
    return summary


def provenance(recipe: Recipe, folder: Folder) -> dict[str, Any]:
    """Describe what the data depend on besides the traces themselves."""
    from importlib.metadata import version

    return {
        "rlvr": version("rlvr"),
        "teacher": folder.teacher(),
        "student": recipe.model,
        "prompt": student_prompt(recipe),
        "verifier": verdict_version(recipe),
        "select": section_of(recipe).select.model_dump(mode="json"),
        "decontaminated_against": [source.name for source in _held_out(recipe)],
    }


def rows(recipe: Recipe, folder: Folder) -> Iterator[dict[str, Any]]:
    """Yield the training data, problem by problem."""
    student, problems = Student(recipe), folder.problems()
    constant = {
        "teacher": folder.teacher()["teacher"],
        "verifier": verdict_version(recipe),
    }
    traces = _selected(folder)
    while batch := list(islice(traces, _BATCH)):
        asked = [problems[trace["problem_id"]] for trace in batch]
        pairs = [_pair(student, *one) for one in zip(asked, batch, strict=True)]
        prompt_tokens = student.prompt_lengths([pair["prompt"] for pair in pairs])
        tokens = student.lengths([pair["completion"] for pair in pairs])
        for at, pair in enumerate(pairs):
            yield {
                **pair,
                **constant,
                "problem_id": asked[at].id,
                "sample_index": batch[at]["sample_index"],
                "kind": asked[at].kind,
                "prompt_tokens": prompt_tokens[at],
                "completion_tokens": tokens[at],
            }


def _pair(student: Student, problem: Problem, trace: dict[str, Any]) -> dict[str, str]:
    return {"prompt": student.prompt(problem), "completion": student.completion(trace["text"])}


def _selected(folder: Folder) -> Iterator[dict[str, Any]]:
    """Yield the selected traces in the order of the selection."""
    wanted = [draw_of(row) for row in read_lines(folder.selected)]
    is_wanted = set(wanted)
    places: dict[Draw, int] = {
        draw: place
        for place, row in folder.traces.placed_rows()
        if (draw := draw_of(row)) in is_wanted
    }
    return folder.traces.at(places[draw] for draw in wanted)


def _write(path: Path, data: Iterator[dict[str, Any]], about: dict[str, Any]) -> dict[str, Any]:
    """Write batch by batch; returns number of rows and tokens, and the digest of the rows."""
    schema = _SCHEMA.with_metadata({_METADATA: json.dumps(about)})
    digest, count, tokens = streamed(16), 0, 0
    with pq.ParquetWriter(path, schema, compression="zstd") as file:
        while batch := list(islice(data, _BATCH)):
            file.write_table(pa.Table.from_pylist(batch, schema=schema))
            digest.update(json.dumps(batch, sort_keys=True).encode())
            count += len(batch)
            tokens += sum(row["completion_tokens"] for row in batch)
    return {"rows": count, "completion_tokens": tokens, "digest": digest.hexdigest()}


def _refuse_change(run: Run, folder: Folder, digest: str) -> None:
    summary = _summary(folder)
    before = json.loads(summary.read_text())["digest"] if summary.is_file() else digest
    if before != digest and run.checkpoints():
        raise UserError(
            f"{run.path} has checkpoints trained on other data than this selection gives; choose "
            "another name=.., or delete its checkpoints"
        )


def _summary(folder: Folder) -> Path:
    return folder.path / "sft.json"


def _held_out(recipe: Recipe) -> list[Any]:
    evaluated = recipe.evaluation.benchmarks if recipe.evaluation else ()
    return [*section_of(recipe).select.decontaminate, *evaluated]
