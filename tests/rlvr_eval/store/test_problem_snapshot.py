"""Problems that were written beside a run come back whole."""

import json
from pathlib import Path

from rlvr.core.records import Problem
from rlvr.runs.run_directory import Run
from rlvr_eval.store.problem_snapshot import recall, recall_all, remember

PROBLEMS = (
    Problem("b/1", "Which angle?", "30", "geometry", ("figures/a.png", "figures/b.png"), "angles"),
    Problem("b/2", "1 + 1?", {"numbers": [1, 1], "target": 2}),
)


def test_every_field_of_a_problem_comes_back(tmp_path: Path) -> None:
    run = Run(tmp_path)
    remember(run, "b", "local-1", PROBLEMS)
    assert recall(run, "b", "local-1") == {problem.id: problem for problem in PROBLEMS}
    assert recall_all(run) == recall(run, "b", "local-1")


def test_problems_written_by_an_earlier_version_are_read_and_then_completed(tmp_path: Path) -> None:
    run = Run(tmp_path)
    remember(run, "b", "local-1", PROBLEMS)
    (file,) = (tmp_path / "problems").iterdir()
    file.write_text(json.dumps({p.id: {"question": p.question, "gold": p.gold} for p in PROBLEMS}))
    assert recall(run, "b", "local-1")["b/1"] == Problem("b/1", "Which angle?", "30")
    remember(run, "b", "local-1", PROBLEMS)
    assert recall(run, "b", "local-1")["b/1"] == PROBLEMS[0]
