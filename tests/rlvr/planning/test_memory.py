"""Memory as planned against what real trainings of a small model allocate, within 15 %."""

from pathlib import Path
from typing import Any

import pytest

from rlvr.recipes import recipe as recipes
from rlvr.runs.run_directory import Run
from rlvr.training.loop.train import train
from tests.rlvr.planning.allocations import peak_bytes
from tests.rlvr.planning.trainings import LORA, create_model, predicted_bytes, recipe


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return create_model(tmp_path_factory.mktemp("measured") / "model")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"trainer": {"gradient_checkpointing": True}},
        {"peft": LORA},
        {"method": "ppo"},
    ],
    ids=["plain", "checkpointing", "lora", "ppo"],
)
def test_a_training_takes_as_much_memory_as_planned(
    changes: dict[str, Any], model: Path, tmp_path: Path
) -> None:
    raw = recipe(model, **changes)
    parsed = recipes.parse(raw, source="test")
    measured = peak_bytes(lambda: train(parsed, Run(tmp_path / "run"), source="test"))
    assert predicted_bytes(raw) == pytest.approx(measured, rel=0.15)
