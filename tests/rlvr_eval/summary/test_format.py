"""summary.json is what its schema says, and the schema that is shipped is that of the code."""

import json
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from pydantic import ValidationError

from rlvr_eval.estimators.sequential import SequentialDesign
from rlvr_eval.statistics.outcomes import Outcomes
from rlvr_eval.summary.format import RunSummary
from rlvr_eval.summary.model_summary import Json
from rlvr_eval.summary.run_summary import summarise
from rlvr_eval.summary.schema import TYPES_FILE, as_text, schema, shipped_schema
from rlvr_eval.summary.typescript import declarations
from tests.simulated import beside, fixed, from_counts, run, unclear


def written(outcomes: Sequence[Outcomes], *, allow_differing: bool = False) -> Json:
    """A summary as it is read back from its file."""
    summary = summarise(outcomes, {"name": "math"}, allow_differing=allow_differing)
    found: Json = json.loads(json.dumps(summary, allow_nan=False))
    return found


def test_the_schema_that_is_shipped_is_made_from_the_types() -> None:
    assert shipped_schema() == as_text(schema()), "run: python -m rlvr_eval.summary.schema"


KINDS: dict[str, Callable[[], list[Outcomes]]] = {
    "checkpoints of two kinds of problems": lambda: run(steps=(0, 50, 100), problems=20),
    "no base": lambda: run(steps=(50,), problems=8),
    "one problem, never solved": lambda: [fixed(1, [0]), fixed(1, [0], 50)],
    "undecided verdicts": lambda: [unclear(0), unclear(50)],
    "a model beside": lambda: [fixed(8, [1, 2, 0]), beside(fixed(8, [8, 2, 1], 50), "student")],
    "families": lambda: [
        from_counts(fixed(8, [1, 2, 0, 8]).counts, step, families=["a", "a", "", "b"])
        for step in (0, 50)
    ],
    "unequal designs and problems": lambda: [
        fixed(16, [1, 2, 0, 16]),
        fixed(8, [1, 8, 0], 50),
    ],
    "an adaptive design": lambda: run(
        steps=(0, 50), problems=8, design=SequentialDesign((4, 16), (2,))
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_summary_has_the_format_that_is_promised(kind: str) -> None:
    summary = written(KINDS[kind]())
    read = RunSummary.model_validate(summary)
    models = read.benchmarks["countdown"].models
    told = summary["benchmarks"]["countdown"]["models"]
    assert [model.curve[0].value for model in models] == [
        pytest.approx(model["curve"][0]["value"]) for model in told
    ]


def test_models_drawn_otherwise_say_so_in_the_format() -> None:
    one = fixed(8, [1, 2, 0])
    other = from_counts(fixed(8, [2, 2, 0]).counts, 50, key={"temperature": 0.6})
    summary = written([one, other], allow_differing=True)
    (_, model) = RunSummary.model_validate(summary).benchmarks["countdown"].models
    assert model.differs_from_base == {"temperature": [1.0, 0.6]}


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda model: model.pop("curve"), "curve"),
        (lambda model: model.update(mean=0.5), "mean"),
        (lambda model: model.update(undecided_rate=1.5), "undecided_rate"),
    ],
)
def test_a_summary_of_another_format_is_refused(
    change: Callable[[Json], object], place: str
) -> None:
    summary = written([fixed(8, np.arange(3).tolist())])
    change(summary["benchmarks"]["countdown"]["models"][0])
    with pytest.raises(ValidationError) as fault:
        RunSummary.model_validate(summary)
    assert [error["loc"][-1] for error in fault.value.errors()] == [place]


def test_the_types_of_the_page_are_those_of_the_format() -> None:
    assert TYPES_FILE.read_text() == declarations(schema()), (
        "run: python -m rlvr_eval.summary.schema"
    )
