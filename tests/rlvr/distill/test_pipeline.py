"""The stages together: what each leaves behind, what they refuse, and what a kill costs."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import yaml

from rlvr.core.errors import UserError
from rlvr.core.files import write_json
from rlvr.distill import STAGES
from rlvr.distill.pipeline import prepare
from rlvr.recipes.recipe import Recipe
from rlvr.runs.run_directory import Run
from tests.rlvr.distill import recipes_for_tests as small
from tests.rlvr.distill.openai_server import OpenAIServer, serving

KILLS = 4


def data(run: Run) -> list[dict[str, Any]]:
    return list(pq.read_table(run.path / "distill" / "sft.parquet").to_pylist())


def test_every_row_of_the_data_says_where_it_came_from(tmp_path: Path) -> None:
    run = Run(tmp_path / "distilled")
    prepare(small.recipe(problems=12, traces_per_problem=2, select={"per_problem": 2}), run)
    traces, problems = small.traces(small.folder(tmp_path)), small.folder(tmp_path).problems()
    for row in data(run):
        problem = problems[row["problem_id"]]
        trace = traces[row["problem_id"], row["sample_index"]]
        assert row["prompt"] == problem.question
        assert row["completion"] == f"{trace}<end>"
        assert row["kind"] == problem.kind
        assert row["teacher"] == "solver:countdown"
        assert row["verifier"].startswith("countdown@")
        assert (row["prompt_tokens"], row["completion_tokens"]) == (7, 18)
    metadata = pq.read_schema(run.path / "distill" / "sft.parquet").metadata
    about = json.loads(metadata[b"rlvr_distill"])
    assert about["teacher"]["teacher"] == "solver:countdown"
    assert about["select"]["per_problem"] == 2
    assert run.manifest()["distill"]["kept"] == len(data(run))


def test_stages_rerun_alone_and_change_nothing_that_is_done(tmp_path: Path) -> None:
    run, recipe = Run(tmp_path / "distilled"), small.recipe(problems=6)
    prepare(recipe, run)
    folder = run.path / "distill"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    for stage in STAGES:
        prepare(recipe, run, stages=(stage,))
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("stage", ["verify", "select", "write"])
def test_stage_before_its_turn_says_which_command_comes_first(stage: Any, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="run rlvr distill RECIPE"):
        prepare(small.recipe(), Run(tmp_path / "distilled"), stages=(stage,))


def test_more_traces_and_problems_are_added_to_those_there_are(tmp_path: Path) -> None:
    run, folder = Run(tmp_path / "distilled"), small.folder(tmp_path)
    prepare(small.recipe(problems=4), run)
    before = small.traces(folder)
    prepare(small.recipe(problems=6, traces_per_problem=2, select={"per_problem": 2}), run)
    assert before.items() <= small.traces(folder).items()
    assert {name for name, _ in small.traces(folder)} == set(folder.problems())
    assert len(folder.problems()) == 6
    assert len(data(run)) == len(small.traces(folder))
    prepare(small.recipe(problems=4), run)
    assert len(data(run)) == 4


def test_traces_of_two_teachers_are_never_mixed(tmp_path: Path) -> None:
    run = Run(tmp_path / "distilled")
    prepare(small.recipe(problems=3), run, stages=("teacher",))
    with pytest.raises(UserError, match=r"made otherwise \(different: run_seed\)"):
        prepare(small.recipe(problems=3, run_seed=1), run, stages=("teacher",))


def test_teacher_that_solves_nothing_ends_before_any_training(tmp_path: Path) -> None:
    path = tmp_path / "traces.jsonl"
    rows = [
        {"problem": f"What is {i} + 1?", "answer": str(i + 1), "generations": "\\boxed{0}"}
        for i in range(3)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    raw = small.raw({"type": "traces", "path": str(path)})
    raw["data"] = {"prompt": "plain", "verifier": "math"}
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(raw))
    done = distil(tmp_path, "--until", "train")
    _, told = done.communicate()
    assert done.returncode == 2
    assert f"teacher traces:{path} solved nothing: 3 traces of 3 problems, 3 wrong" in told
    assert "Traceback" not in told
    assert not (tmp_path / "runs" / "distilled" / "recipe.yaml").exists()


def test_undecided_traces_are_verified_once_more_where_that_is_asked_for(tmp_path: Path) -> None:
    run, folder = Run(tmp_path / "distilled"), small.folder(tmp_path)
    recipe = small.recipe(problems=3)
    prepare(recipe, run, stages=("teacher", "verify"))
    lines = [json.loads(line) for line in folder.verdicts.path.read_text().splitlines()]
    lines[1]["outcome"] = "timeout"
    folder.verdicts.path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    prepare(recipe, run)
    assert len(data(run)) == 2
    prepare(recipe, run, stages=("verify",), asked_for=True)
    prepare(recipe, run, stages=("select", "write"))
    assert len(data(run)) == 3


def test_data_cannot_change_under_checkpoints(tmp_path: Path) -> None:
    run = Run(tmp_path / "distilled")
    prepare(small.recipe(problems=4), run)
    before = data(run)
    (run.path / "checkpoint-2").mkdir()
    write_json(run.path / "checkpoint-2" / "COMPLETE", {})
    prepare(small.recipe(problems=4), run)
    with pytest.raises(UserError, match="has checkpoints trained on other data"):
        prepare(small.recipe(problems=3), run)
    assert data(run) == before


def test_several_processes_are_sent_to_the_training_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UserError, match="--until write by itself, then accelerate launch"):
        prepare(small.recipe(), Run(tmp_path / "distilled"))


def distil(tmp_path: Path, *options: str) -> subprocess.Popen[str]:
    """The command in a process of its own."""
    command = [sys.executable, "-m", "rlvr", "distill", "a.yaml", *options]
    return subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)


def kill_after(server: OpenAIServer, answers: int, process: subprocess.Popen[str]) -> None:
    """SIGKILL once the server has given so many answers."""
    while server.answered.total() < answers and process.poll() is None:
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.communicate()


def test_killed_at_any_moment_no_trace_is_lost_and_none_is_there_twice(tmp_path: Path) -> None:
    with serving() as server:
        server.delay_s = 0.01
        teacher = small.endpoint(server.url, concurrency=2)
        raw = small.raw(teacher, problems=20, traces_per_problem=3, select={"per_problem": 3})
        (tmp_path / "a.yaml").write_text(yaml.safe_dump(raw))
        folder = small.folder(tmp_path / "runs")
        kept: dict[tuple[str, int], str] = {}
        for kill in range(1, KILLS + 1):
            kill_after(server, 12 * kill, distil(tmp_path, "--until", "verify"))
            assert kept.items() <= small.traces(folder).items()
            kept = small.traces(folder)
        assert 0 < len(kept) < 60
        last = distil(tmp_path, "--until", "verify")
        _, told = last.communicate()
        assert last.returncode == 0, told
        # an answer is asked for again only if the kill came while it was under way
        again = sum(count - 1 for count in server.answered.values())
        assert again <= 2 * KILLS
        interrupted = finish(raw, tmp_path / "runs")
        assert len(small.traces(folder)) == 60
        assert interrupted == finish(raw, tmp_path / "at-once")


def finish(raw: dict[str, Any], runs: Path) -> list[dict[str, Any]]:
    """Carry out what is left of the stages, and read the data."""
    from rlvr.recipes import recipe as recipes

    recipe: Recipe = recipes.parse(raw, source="test")
    run = Run(runs / recipe.name)
    prepare(recipe, run)
    return data(run)


def test_verification_killed_in_the_middle_goes_on_behind_its_last_verdict(tmp_path: Path) -> None:
    run, folder = Run(tmp_path / "distilled"), small.folder(tmp_path)
    recipe = small.recipe(problems=9)
    prepare(recipe, run, stages=("teacher", "verify"))
    content = folder.verdicts.path.read_bytes()
    whole = folder.verdicts.path.read_text().splitlines()
    for cut in (0, 1, len(content) // 2, len(content) - 1):
        os.truncate(folder.verdicts.path, 0)
        folder.verdicts.path.write_bytes(content[:cut])
        prepare(recipe, run, stages=("verify",))
        assert sorted(folder.verdicts.path.read_text().splitlines()) == sorted(whole)
