"""Models shown beside a run's own: in every figure and table, and never taken for a checkpoint."""

import io
import logging
from pathlib import Path

import pytest

from rlvr.recipes import recipe as recipes
from rlvr.runs.run_directory import Run
from rlvr.weights.checkpoint import mark_complete
from rlvr.weights.models import EMBEDDED
from rlvr_eval.plan.named_models_folder import Given, write_given
from rlvr_eval.plan.planning import models_of
from rlvr_eval.report.html import write_report
from rlvr_eval.report.svg import curves_svg
from rlvr_eval.report.tables import write_summary
from rlvr_eval.statistics.outcomes import Outcomes
from rlvr_eval.summary.comparison import compare
from rlvr_eval.summary.model_summary import Json
from rlvr_eval.summary.run_summary import summarise
from rlvr_eval.tracking.wandb_metrics import scalars
from tests.browser import Browser
from tests.rlvr_eval.plan.test_model_names import checkpoint
from tests.rlvr_eval.report.test_report_in_browser import OVERLAPS, chosen_curve
from tests.simulated import beside, run

GRPO = {"model": "embedded:countdown-base", "method": "grpo"}


@pytest.fixture(scope="module")
def outcomes() -> list[Outcomes]:
    """A base, two checkpoints, and a model that was saved at the last one's step."""
    *own, other = run(steps=(0, 50, 100, 100))
    return [beside(other, "distilled"), *own]


@pytest.fixture(scope="module")
def models(outcomes: list[Outcomes]) -> list[Json]:
    return list(summarise(outcomes, {"name": "a run"})["benchmarks"]["countdown"]["models"])


def test_they_come_last_and_are_paired_with_the_base(models: list[Json]) -> None:
    assert [(m["name"], m["beside"]) for m in models] == [
        ("base", False),
        ("checkpoint-50", False),
        ("checkpoint-100", False),
        ("distilled", True),
    ]
    assert models[-1]["difference"][0]["value"] == pytest.approx(
        models[-1]["curve"][0]["value"] - models[0]["curve"][0]["value"]
    )
    assert ["beyond" in model for model in models] == [True, False, True, True]


def test_the_table_gives_them_no_step(outcomes: list[Outcomes]) -> None:
    stream = io.StringIO()
    write_summary(summarise(outcomes, {}), stream)
    rows = [line.split()[:2] for line in stream.getvalue().splitlines() if "distilled" in line]
    assert rows[0] == ["-", "distilled"]


def test_a_comparison_takes_the_last_checkpoint_of_the_run(outcomes: list[Outcomes]) -> None:
    rows = compare({"one": outcomes, "two": run(steps=(0, 100))})["benchmarks"]["countdown"]["rows"]
    assert [(row["run"], row["name"]) for row in rows if row["run"]] == [
        ("one", "checkpoint-100"),
        ("two", "checkpoint-100"),
    ]


def test_metrics_of_theirs_have_a_place_of_their_own(models: list[Json]) -> None:
    (ours, theirs) = (scalars("countdown", model, [1, 256]) for model in models[-2:])
    assert ours["eval/countdown/pass@256"] == models[-2]["curve"][-1]["value"]
    assert theirs["eval/countdown/distilled/pass@256"] == models[-1]["curve"][-1]["value"]
    assert not ours.keys() & theirs.keys()


def test_the_figure_names_base_last_checkpoint_and_them(outcomes: list[Outcomes]) -> None:
    drawn = curves_svg(summarise(outcomes, {}))
    for kind, name in (("base", "base"), ("last", "checkpoint-100"), ("beside", "distilled")):
        assert f'class="line {kind}"' in drawn
        assert f">{name}</text>" in drawn
    assert ">checkpoint-50</text>" not in drawn


@pytest.mark.parametrize("width", [1280, 390])
def test_the_report_opens_on_the_last_checkpoint_and_always_draws_them(
    browser: Browser, outcomes: list[Outcomes], tmp_path: Path, width: int
) -> None:
    write_report(summarise(outcomes, {"name": "a run"}), {}, tmp_path / "report.html")
    browser.resize(width, 900)
    browser.open(tmp_path / "report.html")
    names = (
        "return [...document.querySelectorAll('#curves [data-model]')].map((p) => p.dataset.model)"
    )
    assert browser.run(names) == ["base", "checkpoint-100", "distilled"]
    assert (
        browser.run("return document.querySelector('#step-name').textContent") == "checkpoint-100"
    )
    assert browser.run(OVERLAPS) == []
    browser.press("#step", "\ue014")
    assert chosen_curve(browser)[0] == "distilled"
    assert browser.console() == []


def test_a_run_is_named_and_its_last_whole_checkpoint_is_taken(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    distilled = Run(tmp_path / "distilled")
    for step in (10, 20, 30):
        place = checkpoint(distilled.path / f"checkpoint-{step}")
        if step < 30:
            mark_complete(place)
    own = Run(tmp_path / "own")
    named = ["distilled", str(EMBEDDED["countdown-base"]), "not-yet"]
    own.start(
        recipes.parse(
            GRPO
            | {
                "name": "own",
                "data": {"problems": "countdown-train"},
                "evaluation": {"benchmarks": "countdown-dev", "beside": named},
            },
            source="test",
        )
    )
    with caplog.at_level(logging.WARNING):
        base, *others = models_of(own)
    assert (base.name, base.beside) == ("base", False)
    assert [(model.name, model.step, model.beside) for model in others] == [
        ("distilled", 20, True),
        (EMBEDDED["countdown-base"].name, 2, True),
    ]
    assert "not-yet has no complete checkpoint yet" in caplog.text
    assert [model.name for model in models_of(own, beside=())] == ["base"]


def test_a_distilled_start_stands_beside_the_checkpoints_trained_from_it(tmp_path: Path) -> None:
    """As grpo-from-distilled.yaml evaluates its three stages, given the steps that it saves."""
    for name, steps in (("distilled", (100, 200)), ("grpo-from-distilled", (50, 100, 150))):
        for step in steps:
            mark_complete(checkpoint(tmp_path / name / f"checkpoint-{step}"))
    settings = recipes.evaluation(
        {"benchmarks": "countdown-dev"}, ["beside=[distilled]"], source="test"
    )
    named = (str(tmp_path / "grpo-from-distilled"),)
    stages = Run(tmp_path / "three-stages")
    write_given(stages, Given(str(EMBEDDED["countdown-base"]), named, settings))
    assert [(model.name, model.step, model.beside) for model in models_of(stages)] == [
        ("base", 0, False),
        ("checkpoint-50", 50, False),
        ("checkpoint-100", 100, False),
        ("checkpoint-150", 150, False),
        ("distilled", 200, True),
    ]
