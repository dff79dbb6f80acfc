"""The likelihood probe on the real embedded model: every score can be computed by hand."""

import json
from math import exp
from pathlib import Path

import numpy as np
import pytest

from rlvr.cli.main import main
from rlvr.core.errors import UserError
from rlvr.runs.run_directory import Run
from rlvr.samplers.hf import HFSampler
from rlvr.samplers.versions_apart import PROMPT_TOKENS
from rlvr.tiny.model import BASE
from rlvr_eval.plan.evaluation import Model
from rlvr_eval.plan.ledger import Ledger
from rlvr_eval.probes.likelihood import Pair, Source, panels, probe
from rlvr_eval.store.draw_store import DrawStore
from rlvr_eval.summary.format import RunSummary
from rlvr_eval.summary.model_summary import Json
from tests.rlvr_eval import tiny_run

NAME = f"checkpoint-{tiny_run.STEP}"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return tiny_run.evaluated(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def sampler() -> HFSampler:
    return HFSampler()


@pytest.fixture(scope="module")
def traces(run: Run) -> Path:
    """What the base wrote, as a file of somebody else's completions."""
    path = run.path / "teacher.jsonl"
    store, ids = _base_draws(run)
    rows = [
        {"problem_id": id, "completion": store.completions(id)[0]["completion"]} for id in ids[:4]
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture(scope="module")
def rows(run: Run, sampler: HFSampler, traces: Path) -> list[Json]:
    """The panel with 3 completions of each problem, and traces."""
    assert probe(run, sampler, per_problem=3, traces=traces) == 5
    return panels(run)["countdown-dev"]


def row(rows: list[Json], of: str, under: str) -> Json:
    (found,) = [r for r in rows if r["completions_of"] == of and r["scorer"] == under]
    return found


def test_panel_holds_every_pair_of_the_study(rows: list[Json]) -> None:
    assert {(r["completions_of"], r["scorer"]) for r in rows} == {
        ("base", "base"),
        (NAME, "base"),
        (NAME, NAME),
        ("teacher.jsonl", "base"),
        ("teacher.jsonl", NAME),
    }
    assert [r["completions"] for r in rows if "teacher" not in r["completions_of"]] == [18, 18, 18]


def test_perplexities_are_those_of_the_stored_tokens(
    run: Run, sampler: HFSampler, rows: list[Json]
) -> None:
    store, ids = _base_draws(run)
    sampler.load(BASE)
    expected = []
    for id in ids:
        question = json.loads(next((run.path / "problems").glob("*.json")).read_text())[id]
        for draw in store.completions(id)[:3]:
            (scores,) = sampler.score([question["question"]], [draw["token_ids"]])
            expected.append(exp(-np.mean(scores)))
    found = row(rows, "base", "base")["quantiles"]["0.5"]
    assert found == pytest.approx(np.median(expected), rel=1e-4)


def test_sharper_model_finds_its_own_completions_likelier_than_the_base_does(
    rows: list[Json],
) -> None:
    own, under_base = row(rows, NAME, NAME), row(rows, NAME, "base")
    assert own["mean_logprob"]["value"] > under_base["mean_logprob"]["value"]
    # and they are likelier to the base than what it writes itself: it was sharpened, not moved
    assert under_base["versus_own"]["value"] > 0


def test_traces_are_scored_as_if_the_model_had_written_them(
    run: Run, rows: list[Json], sampler: HFSampler
) -> None:
    found = row(rows, "teacher.jsonl", "base")
    store, ids = _base_draws(run)
    sampler.load(BASE)
    question = json.loads(next((run.path / "problems").glob("*.json")).read_text())
    scores = [
        np.mean(
            sampler.score([question[id]["question"]], [store.completions(id)[0]["token_ids"]])[0]
        )
        for id in ids[:4]
    ]
    assert found["mean_logprob"]["value"] == pytest.approx(np.mean(scores), rel=1e-4)


def test_asked_again_it_scores_nothing_again(
    run: Run, sampler: HFSampler, traces: Path, rows: list[Json]
) -> None:
    assert probe(run, sampler, per_problem=3, traces=traces) == 0
    assert panels(run)["countdown-dev"] == rows


def test_report_shows_the_panel_and_loads_no_model(
    run: Run,
    rows: list[Json],
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["report", str(run.path), "--json"]) == 0
    captured = capsys.readouterr()
    summary = json.loads(captured.out)
    RunSummary.model_validate(summary)
    assert summary["benchmarks"]["countdown-dev"]["likelihood"] == rows
    assert "countdown-dev: likelihood" in captured.err
    assert '"likelihood":[{' in (run.path / "report.html").read_text()


def test_file_without_the_columns_or_without_these_problems_is_refused(
    run: Run, sampler: HFSampler, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.jsonl"
    wrong.write_text('{"question": "1", "answer": "2"}\n')
    with pytest.raises(UserError, match="completion as text, found question"):
        probe(run, sampler, per_problem=3, traces=wrong)
    wrong.write_text('{"problem_id": "other/1", "completion": "2"}\n')
    with pytest.raises(UserError, match="none of its problem ids"):
        probe(run, sampler, per_problem=3, traces=wrong)
    with pytest.raises(UserError, match="no such file"):
        probe(run, sampler, per_problem=3, traces=tmp_path / "nowhere.jsonl")


def _base_draws(run: Run) -> tuple[DrawStore, list[str]]:
    base = Ledger(run).entries()[0]
    return Ledger(run).draws(base), list(base["problem_ids"])


def test_scores_of_prompts_that_once_began_twice_are_scored_again(sampler: HFSampler) -> None:
    source = Source("traces", 0, "traces:1", {})
    scorer = Model("base", 0, BASE, "w")
    key = {"prompt": "chat@0123abcd"}
    entries = [{"benchmark": "b", "draw_key": key | more} for more in ({}, {PROMPT_TOKENS: "once"})]
    before, now = (Pair(scorer, source, entry, {}).identity(sampler) for entry in entries)
    assert before != now
    assert before.keys() == now.keys() - {PROMPT_TOKENS}
