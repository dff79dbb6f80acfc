"""A local model as a teacher: trace i of a problem is the same, whenever and beside whatever."""

from pathlib import Path
from typing import Any

from rlvr.distill.stages.teacher import collect
from rlvr.distill.teachers.local import LocalModel
from rlvr.recipes.distill_section import ModelTeacher
from rlvr.recipes.recipe import Recipe
from tests.rlvr.distill import recipes_for_tests as small

SAMPLING = {"temperature": 1.0, "top_p": 1.0, "max_completion_tokens": 6}


def recipe(*, problems: int, per_problem: int) -> Recipe:
    teacher: dict[str, Any] = {
        "type": "model",
        "model": "embedded:countdown-base",
        "sampling": SAMPLING,
        "sampler": "hf",
    }
    return small.recipe(teacher, problems=problems, traces_per_problem=per_problem)


def test_traces_made_in_pieces_are_those_made_at_once(tmp_path: Path) -> None:
    pieces, at_once = small.folder(tmp_path / "a"), small.folder(tmp_path / "b")
    collect(recipe(problems=2, per_problem=3), pieces)
    lines = pieces.traces.path.read_text().splitlines(keepends=True)
    # as after a kill in the middle of a line
    pieces.traces.path.write_text("".join(lines[1:5])[:-7])
    collect(recipe(problems=3, per_problem=4), pieces)
    collect(recipe(problems=3, per_problem=4), at_once)
    assert len(small.traces(at_once)) == 12
    assert small.traces(pieces) == small.traces(at_once)


def test_traces_that_an_earlier_version_drew_otherwise_are_not_mixed_with_new_ones() -> None:
    key = LocalModel(asked := recipe(problems=2, per_problem=1), _settings(asked)).key()
    assert not {"context", "generation_config", "prompt_tokens"} & key.keys()
    longer = _settings(asked).sampling.model_copy(update={"max_completion_tokens": 64})
    settings = _settings(asked).model_copy(update={"sampling": longer})
    assert LocalModel(asked, settings).key()["context"] == "never passed"


def _settings(asked: Recipe) -> ModelTeacher:
    assert asked.distill is not None
    assert isinstance(asked.distill.teacher, ModelTeacher)
    return asked.distill.teacher
