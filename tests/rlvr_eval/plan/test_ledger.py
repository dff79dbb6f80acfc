"""The ledger: what is noted as done, and the counts that it stands for."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rlvr.core.errors import UserError
from rlvr.core.records import Completion, Outcome, Verdict
from rlvr.runs.run_directory import Run
from rlvr_eval.estimators.design import Counts
from rlvr_eval.estimators.fixed import FixedDesign
from rlvr_eval.estimators.sequential import SequentialDesign
from rlvr_eval.plan.ledger import Ledger
from tests.rlvr_eval.simulated import BENCHMARK, draws, evaluate, evaluation, model, outcomes

P = (0.0, 0.1, 0.5, 1.0)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path / "run")


def test_outcomes_are_the_counts_of_the_stored_verdicts(run: Run, tmp_path: Path) -> None:
    planned = evaluation(tmp_path, P)
    assert evaluate(run, planned) == 1
    (found,) = Ledger(run).outcomes()
    rows = outcomes(planned)
    expected = [rows[problem.id].count("correct") for problem in planned.problems]
    assert found.counts.c.tolist() == expected
    assert found.counts.n.tolist() == [16] * 4
    assert found.problem_ids == tuple(problem.id for problem in planned.problems)
    assert (found.model.name, found.model.step) == ("base", 0)
    assert found.undecided.tolist() == [0] * 4
    assert found.upper is None


def test_a_finished_evaluation_is_not_due_again(run: Run, tmp_path: Path) -> None:
    planned = evaluation(tmp_path, P)
    assert evaluate(run, planned) == 1
    assert evaluate(run, planned) == 0


def test_the_last_evaluation_asked_for_is_the_one_that_counts(run: Run, tmp_path: Path) -> None:
    small = evaluation(tmp_path, P, design=FixedDesign(8))
    large = replace(small, design=FixedDesign(32))
    sequential = replace(small, design=SequentialDesign((4, 8), (1,)))
    for planned, due in ((small, 1), (large, 1), (sequential, 0), (small, 0)):
        assert evaluate(run, planned) == due
        (found,) = Ledger(run).outcomes()
        assert found.counts.design == planned.design


def test_base_and_checkpoints_are_ordered_by_step(run: Run, tmp_path: Path) -> None:
    base = evaluation(tmp_path, P)
    checkpoints = [
        replace(base, model=model(tmp_path / name, P, name=name, step=step))
        for name, step in (("checkpoint-100", 100), ("checkpoint-20", 20))
    ]
    evaluate(run, *checkpoints, base)
    steps = [found.model.step for found in Ledger(run).outcomes()]
    assert steps == [0, 20, 100]


def test_nothing_evaluated_says_what_to_run(run: Run) -> None:
    with pytest.raises(UserError, match="nothing is evaluated yet; run: rlvr eval"):
        Ledger(run).outcomes()


def test_lost_draws_are_missed_and_evaluating_again_brings_them_back(
    run: Run, tmp_path: Path
) -> None:
    planned = evaluation(tmp_path, P)
    evaluate(run, planned)
    before = Ledger(run).outcomes()[0].counts.c.tolist()
    (shard,) = (draws(planned).folder / "draws").iterdir()
    shard.unlink()
    with pytest.raises(UserError, match="64 draws that fixed:16 asks for are not in"):
        Ledger(run).outcomes()
    assert evaluate(run, planned) == 1
    assert Ledger(run).outcomes()[0].counts.c.tolist() == before


def test_a_corrupt_shard_is_made_again_by_evaluating_again(run: Run, tmp_path: Path) -> None:
    planned = evaluation(tmp_path, P)
    evaluate(run, planned)
    before = Ledger(run).outcomes()[0].counts.c.tolist()
    (shard,) = (draws(planned).folder / "draws").iterdir()
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 0xFF
    shard.write_bytes(content)
    assert evaluate(run, planned) == 1
    assert Ledger(run).outcomes()[0].counts.c.tolist() == before
    assert [path.name for path in (draws(planned).folder / "set-aside" / "draws").iterdir()] == [
        shard.name
    ]


def test_undecided_verdicts_make_a_range(run: Run, tmp_path: Path) -> None:
    planned = evaluation(tmp_path, [0.5], design=SequentialDesign((2, 4), (1,)))
    verdicts = [Outcome.TIMEOUT, Outcome.WRONG, Outcome.TRUNCATED, Outcome.CORRECT]
    completions = [Completion(f"{BENCHMARK}/0", i, "", "stop") for i in range(4)]
    draws(planned).append(completions, [Verdict(v) for v in verdicts], "choice@1")
    assert evaluate(run, planned) == 0
    (found,) = Ledger(run).outcomes()
    assert (found.counts.n.tolist(), found.counts.c.tolist()) == ([4], [1])
    assert found.undecided.tolist() == [1]
    assert found.truncated.tolist() == [1]
    assert found.upper is not None
    assert (found.upper.n.tolist(), found.upper.c.tolist()) == ([2], [1])


def test_counts_without_draws_are_given_back_as_they_were_written(run: Run) -> None:
    entry = {
        "model": "elsewhere",
        "step": 0,
        "weights": "imported:elsewhere",
        "benchmark": "math500",
        "design": "fixed:4",
        "verifier": None,
        "draw_key": {"weights": "imported:elsewhere", "benchmark": "math500"},
        "problem_ids": ["math500/a", "math500/b"],
        "kinds": ["", ""],
        "counts": {"n": [4, 4], "c": [0, 3], "undecided": [1, 0]},
    }
    Ledger(run).write(entry, {**entry, "benchmark": "gsm8k"})
    first, second = Ledger(run).outcomes()
    assert {first.benchmark, second.benchmark} == {"gsm8k", "math500"}
    expected = Counts(FixedDesign(4), np.array([4, 4]), np.array([0, 3]))
    assert first.counts.curves().tolist() == expected.curves().tolist()
    assert first.undecided.tolist() == [1, 0]


def test_entries_hold_no_counts_of_their_own(run: Run, tmp_path: Path) -> None:
    evaluate(run, evaluation(tmp_path, P))
    (file,) = (run.path / "evaluations").iterdir()
    (entry,) = json.loads(file.read_text())
    assert "counts" not in entry
    assert entry["verifier"] == "choice@1"


@pytest.mark.parametrize("version", ["now", "0.1.0"])
def test_evaluation_noted_last_counts_whatever_the_clock_said(
    run: Run, tmp_path: Path, version: str
) -> None:
    """The clock was set back between the two; entries of 0.1.0 have no number to go by."""
    small = evaluation(tmp_path, P, design=FixedDesign(8))
    evaluate(run, small)
    (path,) = Ledger(run).folder.glob("*.json")
    (entry,) = json.loads(path.read_text())
    if version == "0.1.0":
        del entry["sequence"]
    path.write_text(json.dumps([entry | {"noted": "2099-01-01T00:00:00.000000+00:00"}]))
    large = replace(small, design=FixedDesign(16))
    evaluate(run, large)
    (found,) = Ledger(run).outcomes()
    assert found.counts.design == large.design


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"[7]", b'[{"model": "base"}]', b"\xff\xfe", b"[" * 100_000],
)
def test_damaged_file_is_set_aside_and_the_other_evaluations_stay(
    run: Run, tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    planned = evaluation(tmp_path, P)
    later = replace(planned, model=model(tmp_path / "later", P, name="checkpoint-10", step=10))
    evaluate(run, planned, later)
    (path,) = Ledger(run).folder.glob("checkpoint-10-*.json")
    path.write_bytes(content)
    assert [found.model.step for found in Ledger(run).outcomes()] == [0]
    assert (run.path / "set-aside" / "evaluations" / path.name).read_bytes() == content
    assert f"{path.name} is damaged" in caplog.text
    evaluate(run, planned, later)
    assert [found.model.step for found in Ledger(run).outcomes()] == [0, 10]


def test_imported_counts_in_which_a_digit_changed_are_set_aside(run: Run) -> None:
    entry = {
        "model": "base",
        "step": 0,
        "weights": "w",
        "benchmark": "b",
        "design": "fixed:8",
        "verifier": None,
        "draw_key": {"weights": "w"},
        "problem_ids": ["b/0"],
        "kinds": [""],
        "counts": {"n": [8], "c": [3], "undecided": [0]},
    }
    Ledger(run).write(entry)
    assert Ledger(run).outcomes()[0].counts.c.tolist() == [3]
    (path,) = Ledger(run).folder.glob("*.json")
    path.write_text(re.sub(r'("c": \[\s*)3', r"\g<1>7", path.read_text()))
    with pytest.raises(UserError, match="nothing is evaluated yet"):
        Ledger(run).outcomes()
    assert (run.path / "set-aside" / "evaluations" / path.name).is_file()
