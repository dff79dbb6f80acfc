"""Keyword arguments change a recipe as the overrides of the command line do."""

from pathlib import Path
from typing import Any

import pytest

from rlvr.api.settings import overrides_of
from rlvr.recipes import recipe as recipes

RECIPE = Path(__file__).parents[3] / "recipes/quickstart/grpo.yaml"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"seed": 2}, {"seed": 2}),
        ({"model": "true"}, {"model": "true"}),
        ({"trainer.learning_rate": 2e-5}, {"trainer.learning_rate": 2e-5}),
        ({"trainer": {"learning_rate": 1e-7, "max_steps": 3}},
         {"trainer.learning_rate": 1e-7, "trainer.max_steps": 3}),
        ({"evaluation": None}, {"evaluation": None}),
        ({"evaluation": {"sampling": {"stop": ("a: b", "\n", "#")}}},
         {"evaluation.sampling.stop": ["a: b", "\n", "#"]}),
        ({"data": {"problems": {"name": "mine", "path": Path("a b.csv")}}},
         {"data.problems": {"name": "mine", "path": "a b.csv"}}),
        ({"peft": {}}, {"peft": {}}),
        ({"hardware": {"note": "x" * 300}}, {"hardware.note": "x" * 300}),
    ],
)  # fmt: skip
def test_values_arrive_as_they_were_given(values: dict[str, Any], expected: dict[str, Any]) -> None:
    before = recipes.read(RECIPE)
    after = recipes.read(RECIPE, overrides_of(values, before))
    for key, value in expected.items():
        found: Any = after
        for part in key.split("."):
            found = found[part]
        assert found == value
        assert type(found) is type(value)
    assert set(before["trainer"]) <= set(after["trainer"])
