"""Sets of published generations without verdicts: OpenMathReasoning and DeepMath.

Their authors kept what a teacher got right, so that the share of correct generations is no model's
ability. They are imported for their texts, verified with `--task`, and that is said.
"""

from collections.abc import Iterator

from rlvr_eval.imports.formats.shape import Format, columns, gold, prompt_id
from rlvr_eval.imports.options import Options
from rlvr_eval.imports.rows import Fault, Row
from rlvr_eval.imports.samples import Sample

_FILTERED = (
    "this set was published with the generations that its authors kept because they are right, so "
    "its share of correct ones is no model's pass@k"
)
_R1 = ("r1_solution_1", "r1_solution_2", "r1_solution_3")


def _of_open_math_reasoning(row: Row, options: Options) -> Iterator[Sample]:
    values = row.values
    completion, asked = values["generated_solution"], values["problem"]
    if not isinstance(completion, str) or not isinstance(asked, str):
        raise Fault("problem or generated_solution is no text")
    by = [values.get(name) for name in ("generation_model", "inference_mode")]
    named = " ".join(str(each) for each in by if each) or None
    yield Sample(
        where=row.where,
        problem=prompt_id(asked),
        completion=completion,
        verdict=None,
        gold=gold(values.get("expected_answer")),
        question=asked,
        model=options.model or named,
    )


def _of_deepmath(row: Row, options: Options) -> Iterator[Sample]:
    values = row.values
    asked = values["question"]
    for name in _R1:
        completion = values.get(name)
        if not isinstance(completion, str) or not isinstance(asked, str):
            raise Fault(f"question or {name} is no text")
        yield Sample(
            where=row.where,
            problem=prompt_id(asked),
            completion=completion,
            verdict=None,
            gold=gold(values.get("final_answer")),
            question=asked,
            model=options.model,
        )


OPEN_MATH_REASONING = Format(
    "openmathreasoning",
    columns("problem", "generated_solution", "expected_answer"),
    _of_open_math_reasoning,
    filtered=_FILTERED,
)
DEEPMATH = Format(
    "deepmath", columns("question", "final_answer", *_R1), _of_deepmath, filtered=_FILTERED
)
