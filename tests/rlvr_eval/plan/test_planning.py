"""What an evaluation takes where its settings leave it open."""

import json
from pathlib import Path

import pytest

from rlvr.core.errors import UserError
from rlvr.recipes.evaluation_section import Evaluation as Settings
from rlvr_eval.plan.evaluation import Evaluation, Model
from rlvr_eval.plan.planning import plan

ROW = {"question": "2 + 2?", "answer": "It is 4. #### 4"}


@pytest.fixture
def planned(tmp_path: Path) -> list[Evaluation]:
    (tmp_path / "gsm8k.jsonl").write_text(json.dumps(ROW) + "\n")
    settings = Settings.model_validate(
        {
            "benchmarks": [
                {"name": "countdown-dev", "limit": 1},
                {"name": "gsm8k", "path": tmp_path / "gsm8k.jsonl"},
            ]
        }
    )
    return plan([Model("base", 0, tmp_path, "w")], settings, tmp_path / "store")


def test_each_benchmark_is_drawn_as_often_as_it_is_measured_by(planned: list[Evaluation]) -> None:
    assert {each.benchmark: str(each.design) for each in planned} == {
        "countdown-dev": "fixed:256",
        "gsm8k": "fixed:128",
    }


def test_greedy_sampling_without_a_design_is_refused_for_its_many_draws(tmp_path: Path) -> None:
    settings = Settings.model_validate(
        {"benchmarks": ["countdown-dev"], "sampling": {"temperature": 0}}
    )
    with pytest.raises(UserError, match=r"own number of draws would count as many; .*fixed:1"):
        plan([Model("base", 0, tmp_path, "w")], settings, tmp_path / "store")
