"""The model card of a run and its checkpoints, before and after an evaluation."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from rlvr.recipes import recipe as recipes
from rlvr.runs.model_card import licence_of, write_cards
from rlvr.runs.run_directory import Run
from rlvr.weights.checkpoint import COMPLETE, damage_of_contents
from rlvr_eval.report.rebuild import report
from tests.rlvr_eval import tiny_run


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = tiny_run.evaluated(tmp_path_factory.mktemp("card"))
    report(run)
    return run


def header(card: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(card.read_text().split("---\n")[1]))


def test_evaluation_puts_the_curve_with_intervals_into_every_card(evaluated: Run) -> None:
    checkpoint = evaluated.checkpoints()[0].path
    summary = json.loads((evaluated.path / "summary.json").read_text())
    point = summary["benchmarks"]["countdown-dev"]["models"][1]["curve"][0]
    value, low, high = (100 * point[end] for end in ("value", "low", "high"))
    row = f"| checkpoint-{tiny_run.STEP} | {value:.1f} [{low:.1f}, {high:.1f}] |"
    for card in (evaluated.path / "README.md", checkpoint / "README.md"):
        assert row in card.read_text()
        assert "`embedded:countdown-base` by GRPO" in card.read_text()


def test_card_may_change_without_the_checkpoint_being_damaged(evaluated: Run) -> None:
    checkpoint = evaluated.checkpoints()[0].path
    (checkpoint / "README.md").write_text("mine")
    assert damage_of_contents(checkpoint, for_training=True) == []
    assert "README.md" not in json.loads((checkpoint / COMPLETE).read_text())


def test_card_that_an_earlier_version_vouched_for_stays(tmp_path: Path) -> None:
    run = tiny_run.make(tmp_path, problems=1, draws=1)
    checkpoint = run.checkpoints()[0].path
    card = checkpoint / "README.md"
    card.write_text("as it was")
    listed = json.loads((checkpoint / COMPLETE).read_text()) | {"README.md": card.stat().st_size}
    (checkpoint / COMPLETE).write_text(json.dumps(listed))
    write_cards(run)
    assert card.read_text() == "as it was"
    assert "Not evaluated yet." in (run.path / "README.md").read_text()


@pytest.mark.parametrize("summary", ["{", "[]", "{}"])
def test_card_is_written_beside_a_summary_that_says_nothing(tmp_path: Path, summary: str) -> None:
    run = tiny_run.make(tmp_path, problems=1, draws=1)
    (run.path / "summary.json").write_text(summary)
    write_cards(run)
    assert "Not evaluated yet." in (run.path / "README.md").read_text()


def test_adapter_of_a_hub_model_names_base_relation_and_licence(tmp_path: Path) -> None:
    run = tiny_run.make(tmp_path, problems=1, draws=1)
    raw = run.recipe().model_dump(mode="json") | {"model": "org/base", "peft": {"r": 4}}
    (run.path / "recipe.yaml").write_text(recipes.dump(recipes.parse(raw, source="test")))
    run.record(base_licence="mit")
    write_cards(run)
    told = header(run.path / "README.md")
    assert told["library_name"] == "peft"
    assert (told["base_model"], told["base_model_relation"]) == ("org/base", "adapter")
    assert told["license"] == "mit"
    # what is trained on from here inherits it
    assert licence_of(run.checkpoints()[0].path) == "mit"


def test_base_in_a_local_folder_is_named_without_the_way_to_it(tmp_path: Path) -> None:
    run = tiny_run.make(tmp_path, problems=1, draws=1)
    folder = tmp_path / "secret-project" / "models" / "mine"
    folder.mkdir(parents=True)
    raw = run.recipe().model_dump(mode="json") | {"model": str(folder)}
    (run.path / "recipe.yaml").write_text(recipes.dump(recipes.parse(raw, source="test")))
    write_cards(run)
    card = (run.path / "README.md").read_text()
    assert "Trained from `models/mine` by GRPO" in card
    assert "base_model" not in header(run.path / "README.md")
    assert "secret-project" not in card


@pytest.mark.parametrize(
    "card", ["", "no header", "---\n: [\n---\n", "---\n- a\n---\n", "---\nlicense: [a]\n---\n"]
)
def test_card_without_a_readable_licence_names_none(tmp_path: Path, card: str) -> None:
    (tmp_path / "README.md").write_text(card)
    assert licence_of(tmp_path) is None


def test_card_shows_what_undecided_verdicts_leave_possible_and_gives_0_no_sign(
    tmp_path: Path,
) -> None:
    run = tiny_run.make(tmp_path, problems=1, draws=1)
    name = run.checkpoints()[0].path.name
    point = {"k": 1, "value": -0.0001, "low": -0.0625, "high": 0.0625}
    model = {
        "name": name,
        "step": tiny_run.STEP,
        "beside": False,
        "problems": 3,
        "curve": [point],
        "curve_upper": [point],
        "difference": [point],
        "difference_range": [{"k": 1, "least": -0.5, "greatest": 0.0}],
    }
    benchmark = {"headline_ks": [1], "drawn_under": "", "models": [model]}
    (run.path / "summary.json").write_text(json.dumps({"benchmarks": {"x": benchmark}}))
    write_cards(run)
    told = "0.0 [-6.3, 6.3] to 0.0 [-6.3, 6.3] | 0.0 [-6.3, +6.3] (-50.0 to 0.0) | 3 |"
    assert f"| {name} | {told}" in (run.path / "README.md").read_text()
