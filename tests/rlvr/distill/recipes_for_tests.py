"""Recipes of small distillations in the embedded world."""

from pathlib import Path
from typing import Any

from rlvr.distill.folder import Folder
from rlvr.recipes import recipe as recipes
from rlvr.recipes.recipe import Recipe
from rlvr.runs.run_directory import Run


def raw(teacher: Any = "solver:countdown", *, problems: int = 20, **distill: Any) -> dict[str, Any]:
    """A raw recipe; keyword arguments go to its distill: section."""
    return {
        "name": "distilled",
        "model": "embedded:countdown-base",
        "method": "sft",
        "data": {"problems": {"name": "countdown-train", "limit": problems}},
        "distill": {"teacher": teacher, **distill},
        "trainer": {"max_steps": 2, "per_device_train_batch_size": 8, "max_length": None},
    }


def recipe(teacher: Any = "solver:countdown", *, problems: int = 20, **distill: Any) -> Recipe:
    """The same, parsed."""
    return recipes.parse(raw(teacher, problems=problems, **distill), source="test")


def endpoint(url: str, **settings: Any) -> dict[str, Any]:
    """An endpoint teacher that does not wait for long."""
    return {
        "type": "endpoint",
        "url": url,
        "model": "countdown-solver",
        "concurrency": 4,
        "attempts": 4,
        "backoff_s": 0.01,
        "timeout_s": 20,
        **settings,
    }


def folder(tmp_path: Path) -> Folder:
    """Where a distillation under tmp_path lies."""
    return Folder.of(Run(tmp_path / "distilled"))


def traces(of: Folder) -> dict[tuple[str, int], str]:
    """The traces that are there, by draw.

    Raises:
        AssertionError: if one is there twice.
    """
    found: dict[tuple[str, int], str] = {}
    for row in of.traces.rows():
        draw = (row["problem_id"], row["sample_index"])
        assert draw not in found, f"{draw} is there twice"
        found[draw] = row["text"]
    return found
