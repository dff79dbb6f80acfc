"""lighteval's details: doc, metric and model_response per document, in one row.

A metric is of the document, so it is a verdict only where there was one generation; of several,
the generations are verified with `--task`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from rlvr_eval.imports.formats.shape import Format, columns, prompt_id, verdict
from rlvr_eval.imports.options import Options
from rlvr_eval.imports.rows import Fault, Row
from rlvr_eval.imports.samples import Sample


def _samples(row: Row, options: Options) -> Iterator[Sample]:
    doc, metrics, response = (row.values[name] for name in ("doc", "metric", "model_response"))
    if not all(isinstance(value, Mapping) for value in (doc, metrics, response)):
        raise Fault("doc, metric and model_response are no objects; it is of another version")
    texts = response.get("text")
    if not isinstance(texts, list) or not texts or not all(isinstance(t, str) for t in texts):
        raise Fault("model_response.text holds no generations; only generative tasks can be read")
    scores = {name: value for name, value in metrics.items() if value is not None}
    own = verdict(scores, list(scores), options) if len(texts) == 1 else None
    for text in texts:
        yield Sample(
            where=row.where,
            problem=_id(doc),
            completion=text,
            verdict=own,
            gold=_gold(doc),
            question=str(doc.get("query") or ""),
        )


def _id(doc: Mapping[str, Any]) -> str:
    id = doc.get("id")
    return str(id) if isinstance(id, str | int) and id != "" else prompt_id(doc.get("query"))


def _gold(doc: Mapping[str, Any]) -> str | None:
    choices, index = doc.get("choices"), doc.get("gold_index")
    if isinstance(index, list):
        index = index[0] if len(index) == 1 else None
    if not isinstance(choices, list) or not isinstance(index, int) or not 0 <= index < len(choices):
        return None
    return str(choices[index])


FORMAT = Format(
    "lighteval", columns("doc", "metric", "model_response"), _samples, one_row_each=True
)
