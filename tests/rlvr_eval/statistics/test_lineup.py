"""Which model is the base, which the last checkpoint, and which stands beside: decided once."""

import pytest

from rlvr_eval.statistics.lineup import ModelRef, lineup, model_in_summary

BASE = ModelRef("base", 0, "b")
EARLY, LATE = ModelRef("checkpoint-50", 50, "e"), ModelRef("checkpoint-100", 100, "l")
# a model of another run has a step of its own, which may be 0
STRANGER, OTHER_BASE = ModelRef("student", 25, "s", True), ModelRef("other base", 0, "o", True)


def test_models_are_sorted_whatever_their_order() -> None:
    shown = lineup([STRANGER, LATE, BASE, OTHER_BASE, EARLY], lambda model: model)
    assert shown.base is BASE
    assert shown.checkpoints == (EARLY, LATE)
    assert shown.beside == (OTHER_BASE, STRANGER)
    assert shown.last is LATE
    assert shown.headline == (BASE, LATE, OTHER_BASE, STRANGER)


@pytest.mark.parametrize(
    ("models", "base", "last", "headline"),
    [
        ([BASE], BASE, None, (BASE,)),
        ([EARLY, LATE], None, LATE, (EARLY, LATE)),
        ([EARLY], None, EARLY, (EARLY,)),
        ([OTHER_BASE, STRANGER], None, None, (OTHER_BASE, STRANGER)),
        ([BASE, STRANGER], BASE, None, (BASE, STRANGER)),
        ([], None, None, ()),
    ],
)
def test_a_run_may_lack_base_or_checkpoints(
    models: list[ModelRef],
    base: ModelRef | None,
    last: ModelRef | None,
    headline: tuple[ModelRef, ...],
) -> None:
    shown = lineup(models, lambda model: model)
    assert (shown.base, shown.last, shown.headline) == (base, last, headline)


def test_models_of_a_summary_are_known_by_the_same_rule() -> None:
    told = [
        {"name": each.name, "step": each.step, "weights": each.weights, "beside": each.beside}
        for each in (OTHER_BASE, EARLY, BASE)
    ]
    shown = lineup(told, model_in_summary)
    assert [model["name"] for model in shown.all] == ["base", "checkpoint-50", "other base"]
