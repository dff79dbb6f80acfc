"""The recipe that makes the embedded base model says that it is deterministic given the seed."""

from pathlib import Path

from rlvr.recipes import recipe as recipes
from rlvr.tiny import RECIPES
from rlvr.weights.model_hash import weights_hash
from tests.processes import start_training

# the recipe as it is, in three steps
SHORT = [
    "data.demonstrations.count=48",
    "trainer.max_steps=3",
    "trainer.per_device_train_batch_size=8",
    "trainer.warmup_steps=1",
    "trainer.save_steps=3",
]


def weights(folder: Path, *, seed: int) -> str:
    """The hash of what a process of its own has trained."""
    raw = recipes.read(RECIPES / "pretrain.yaml", [*SHORT, f"seed={seed}"])
    process = start_training(raw, folder, folder.with_suffix(".log"))
    process.join()
    assert process.exitcode == 0, folder.with_suffix(".log").read_text()
    return weights_hash(folder / "checkpoint-3")


def test_base_is_rebuilt_to_the_last_digit_from_its_seed_and_differs_with_another(
    tmp_path: Path,
) -> None:
    once = weights(tmp_path / "once", seed=1)
    assert weights(tmp_path / "again", seed=1) == once
    assert weights(tmp_path / "other", seed=2) != once
