"""LiveCodeBench's *_eval_all.json: by question the outputs, the code in them, and their grades."""

from collections.abc import Iterator

from rlvr_eval.imports.formats.shape import Format, columns
from rlvr_eval.imports.options import Options
from rlvr_eval.imports.rows import Fault, Row
from rlvr_eval.imports.samples import Sample
from rlvr_eval.imports.scores import outcome


def _samples(row: Row, options: Options) -> Iterator[Sample]:
    values = row.values
    grades = values["graded_list"]
    texts = values.get("output_list") or values["code_list"]
    if not isinstance(grades, list) or not isinstance(texts, list) or not grades:
        raise Fault("graded_list or code_list is no list, or empty")
    if len(grades) != len(texts):
        raise Fault(f"{len(texts)} completions, but {len(grades)} verdicts")
    for text, grade in zip(texts, grades, strict=True):
        if not isinstance(text, str):
            raise Fault(f"completion {text!r:.40}; expected text")
        yield Sample(
            where=row.where,
            problem=str(values["question_id"]),
            completion=text,
            verdict=outcome(grade, options.correct_above),
            question=str(values.get("question_content") or ""),
            kind=str(values.get("difficulty") or ""),
        )


FORMAT = Format(
    "livecodebench",
    columns("question_id", "code_list", "graded_list"),
    _samples,
    one_row_each=True,
)
