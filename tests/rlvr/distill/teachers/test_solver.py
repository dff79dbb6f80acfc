"""The exact solver: every trace is right, distinct, and the same however many are asked for."""

from pathlib import Path

import pytest

from rlvr import verifiers
from rlvr.core.errors import UserError
from rlvr.core.records import Attempt, Outcome
from rlvr.distill.stages.teacher import collect
from rlvr.recipes import recipe as recipes
from rlvr.tiny.countdown import solutions, written
from tests.rlvr.distill import recipes_for_tests as small


def test_every_trace_of_every_kind_of_problem_is_correct(tmp_path: Path) -> None:
    folder = small.folder(tmp_path)
    collect(small.recipe(problems=40, traces_per_problem=3), folder)
    problems = folder.problems()
    assert {problem.kind for problem in problems.values()} == {"chain", "beyond"}
    attempts = [Attempt(problems[name], text) for (name, _), text in small.traces(folder).items()]
    verdicts = verifiers.get("countdown").verify(attempts)
    assert {verdict.outcome for verdict in verdicts} == {Outcome.CORRECT}
    assert {name for name, _ in small.traces(folder)} == set(problems)


def test_all_plans_come_once_each_and_a_start_of_them_is_a_start(tmp_path: Path) -> None:
    every, few = small.folder(tmp_path / "a"), small.folder(tmp_path / "b")
    collect(small.recipe(problems=5, traces_per_problem=500), every)
    collect(small.recipe(problems=5, traces_per_problem=2), few)
    for problem in every.problems().values():
        texts = [text for (name, _), text in small.traces(every).items() if name == problem.id]
        plans = solutions(tuple(problem.gold["numbers"]), problem.gold["target"])
        assert sorted(texts) == sorted({f" {written(plan)}" for plan in plans})
    assert small.traces(few).items() <= small.traces(every).items()


def test_problems_of_another_task_are_refused(tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text('{"question": "1 + 1?", "answer": "So 2.\\n#### 2"}\n')
    raw = small.raw()
    raw["data"] = {"problems": {"name": "gsm8k", "path": str(tmp_path / "p.jsonl")}}
    with pytest.raises(UserError, match=r"solves countdown problems, and gsm8k/0 is none"):
        collect(recipes.parse(raw, source="test"), small.folder(tmp_path))
