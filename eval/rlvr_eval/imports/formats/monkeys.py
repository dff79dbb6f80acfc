"""Large Language Monkeys: by problem a list of samples, and whether each is correct."""

from collections.abc import Iterator

from rlvr_eval.imports.formats.shape import Format, columns, gold, prompt_id
from rlvr_eval.imports.options import Options
from rlvr_eval.imports.rows import Fault, Row
from rlvr_eval.imports.samples import Sample
from rlvr_eval.imports.scores import outcome

_PROMPTS = ("question", "problem", "theorem", "description", "prompt")


def _samples(row: Row, options: Options) -> Iterator[Sample]:
    values = row.values
    texts, verdicts = values["samples"], values["is_corrects"]
    if not isinstance(texts, list) or not isinstance(verdicts, list) or not texts:
        raise Fault("samples or is_corrects is no list, or empty")
    if len(texts) != len(verdicts):
        raise Fault(f"{len(texts)} completions, but {len(verdicts)} verdicts")
    asked = next((values[name] for name in _PROMPTS if isinstance(values.get(name), str)), "")
    for text, verdict in zip(texts, verdicts, strict=True):
        if not isinstance(text, str):
            raise Fault(f"completion {text!r:.40}; expected text")
        yield Sample(
            where=row.where,
            problem=prompt_id(asked),
            completion=text,
            verdict=outcome(verdict, options.correct_above),
            gold=gold(values.get("gt_answer")),
            question=asked,
        )


FORMAT = Format("monkeys", columns("samples", "is_corrects"), _samples, one_row_each=True)
