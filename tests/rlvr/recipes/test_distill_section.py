"""The distill: section: its faults are named with all others, in the words of the recipe."""

from typing import Any

import pytest
import yaml

from rlvr.core.errors import Faults
from rlvr.recipes import recipe as recipes
from rlvr.recipes.distill_section import EndpointTeacher, ModelTeacher, SolverTeacher
from tests.rlvr.distill.recipes_for_tests import raw


def faults_of(recipe: dict[str, Any]) -> str:
    with pytest.raises(Faults) as caught:
        recipes.parse(recipe, source="a.yaml")
    return str(caught.value)


def test_short_forms_name_solver_and_model() -> None:
    assert recipes.parse(raw("solver:countdown"), source="a").distill is not None
    for short, kind in {"solver:countdown": SolverTeacher, "model:a/b": ModelTeacher}.items():
        section = recipes.parse(raw(short), source="a").distill
        assert section is not None
        assert isinstance(section.teacher, kind)


def test_dumped_recipe_reads_back_to_an_equal_one() -> None:
    teacher = {"type": "endpoint", "url": "http://127.0.0.1:1/v1", "model": "m"}
    recipe = recipes.parse(raw(teacher, select={"decontaminate": ["math500"]}), source="a")
    again = recipes.parse(yaml.safe_load(recipes.dump(recipe)), source="a")
    assert again == recipe
    assert again.distill is not None
    assert isinstance(again.distill.teacher, EndpointTeacher)


def test_all_faults_of_the_section_are_named_at_once() -> None:
    recipe = raw({"type": "endpoint", "url": "localhost", "modell": "m"}, selekt={})
    recipe["method"] = "grpo"
    recipe["data"]["demonstrations"] = {"path": "a.parquet"}
    message = faults_of(recipe)
    assert "unknown key 'distill.teacher.modell'; did you mean 'model'?" in message
    assert "missing key 'distill.teacher.model'" in message
    assert "distill.teacher.url: " in message
    assert "unknown key 'distill.selekt'; did you mean 'select'?" in message
    assert "distill: belongs to method sft, not grpo" in message
    assert "data.demonstrations: distill: makes them" in message


def test_unknown_teacher_is_answered_with_those_there_are() -> None:
    message = faults_of(raw("oracle:x"))
    for kind in ("solver", "model", "endpoint", "traces"):
        assert f"'{kind}'" in message


def test_teacher_without_problems_is_refused() -> None:
    recipe = raw()
    recipe["data"] = {"prompt": "plain"}
    assert "missing key 'data.problems'" in faults_of(recipe)


def test_recorded_traces_bring_their_problems_and_need_prompt_and_verifier() -> None:
    message = faults_of(raw({"type": "traces"}))
    assert "data.problems: recorded traces bring their own problems" in message
    assert "missing key 'data.prompt'" in message
    assert "missing key 'data.verifier'" in message
    assert "give either path or hub_id" in message
