"""Regrading: stored completions under another version of their verifier."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from rlvr.core.errors import UserError
from rlvr.core.records import Outcome, Verdict
from rlvr.recipes.keep_text import KeepText
from rlvr.runs.run_directory import Run
from rlvr.verifiers.choice import ChoiceVerifier
from rlvr_eval.draw.regrade import Regraded, regrade
from rlvr_eval.estimators.fixed import FixedDesign
from rlvr_eval.estimators.sequential import SequentialDesign
from rlvr_eval.plan.ledger import Ledger
from rlvr_eval.store.draw_store import DrawStore
from tests.rlvr_eval.simulated import draws, evaluate, evaluation, outcomes, stored

P = (0.0, 0.1, 0.5, 1.0)
OLD = "choice@0"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path / "run")


def as_of_old(store: DrawStore, verdicts: dict[str, Sequence[str]]) -> None:
    """Leave verdicts of an earlier version of the verifier in the place of this one's."""
    (folder,) = (store.folder / "verdicts").iterdir()
    for path in folder.iterdir():
        path.unlink()
    for leftover in list(store.unverified(OLD, lambda *_: True)):
        told = [
            Verdict(Outcome(verdicts[c.problem_id][c.sample_index])) for c in leftover.completions
        ]
        store.append_verdicts(leftover.shard, leftover.completions, told, OLD)


def note_as_old(run: Run) -> None:
    ledger = Ledger(run)
    for entry in ledger.entries():
        ledger.write({**entry, "verifier": OLD})


def test_a_new_version_is_counted_and_what_changed_is_told(run: Run, tmp_path: Path) -> None:
    planned = evaluation(tmp_path, P)
    evaluate(run, planned)
    now = outcomes(planned)
    flipped = {problem: ["wrong", *row[1:]] for problem, row in now.items()}
    as_of_old(draws(planned), flipped)
    note_as_old(run)
    before = Ledger(run).outcomes()[0].counts.c.sum()
    rows = stored(planned)

    (found,) = regrade(run)
    changed = sum(row[0] == "correct" for row in now.values())
    assert found.changed == {("wrong", "correct"): changed}
    assert (found.before, found.after, found.draws) == (OLD, ChoiceVerifier.version, 64)
    assert f"{changed} of 64 verdicts changed (wrong -> correct: {changed})" in str(found)
    assert Ledger(run).outcomes()[0].counts.c.sum() == before + changed
    assert stored(planned) == rows
    assert len(draws(planned).verdicts(OLD)) == 64


def test_a_second_time_nothing_changes_and_nothing_is_written(run: Run, tmp_path: Path) -> None:
    planned = evaluation(tmp_path, P)
    evaluate(run, planned)
    files = sorted(draws(planned).folder.rglob("*"))
    (found,) = regrade(run)
    assert not found.changed
    assert found.is_counted
    assert sorted(draws(planned).folder.rglob("*")) == files


def test_undecided_verdicts_are_tried_again(run: Run, tmp_path: Path) -> None:
    planned = evaluation(tmp_path, P)
    evaluate(run, planned)
    now = outcomes(planned)
    store = draws(planned)
    (folder,) = (store.folder / "verdicts").iterdir()
    (file,) = folder.iterdir()
    file.unlink()
    (leftover,) = store.unverified("choice@1", lambda *_: True)
    nothing = [Verdict(Outcome.TIMEOUT) for _ in leftover.completions]
    store.append_verdicts(leftover.shard, leftover.completions, nothing, "choice@1")
    assert Ledger(run).outcomes()[0].undecided_rate == 1.0

    (found,) = regrade(run)
    assert sum(found.changed.values()) == 64
    assert Ledger(run).outcomes()[0].undecided_rate == 0.0
    assert outcomes(planned) == now


def test_draws_without_text_are_reported_and_never_guessed(run: Run, tmp_path: Path) -> None:
    planned = evaluation(tmp_path, P, keep_text=KeepText.parse("correct"))
    evaluate(run, planned)
    now = outcomes(planned)
    store = draws(planned)
    (store.folder / "verdicts" / "choice@1").rename(store.folder / "verdicts" / OLD)
    note_as_old(run)
    wrong = sum(row.count("wrong") for row in now.values())

    (found,) = regrade(run)
    assert found.without_text == wrong
    assert not found.is_counted
    assert f"{wrong} draws have no text and keep {OLD}'s verdicts" in str(found)
    assert Ledger(run).entries()[0]["verifier"] == OLD
    with pytest.raises(UserError, match="bias every number"):
        evaluate(run, planned)


def test_a_later_stop_owes_draws_which_evaluating_makes(run: Run, tmp_path: Path) -> None:
    """By the old verifier every problem stopped at once; by this one most must go on."""
    planned = evaluation(tmp_path, P, design=SequentialDesign((4, 16), (1,)))
    evaluate(run, replace(planned, design=FixedDesign(4)))
    as_of_old(draws(planned), {problem.id: ["correct"] * 4 for problem in planned.problems})
    Ledger(run).record(planned, draws(planned).key, OLD)
    assert Ledger(run).outcomes()[0].counts.n.tolist() == [4] * 4

    (found,) = regrade(run)
    assert found.owed % 12 == 0
    assert found.owed > 0
    assert f"{found.owed} draws are owed now, run rlvr eval" in str(found)
    assert Ledger(run).entries()[0]["verifier"] == OLD
    evaluate(run, planned)
    (after,) = Ledger(run).outcomes()
    assert sorted(after.counts.n.tolist())[-1] == 16
    assert after.draw_key["verifier"] == "choice@1"


def test_an_earlier_stop_leaves_later_draws_out(run: Run, tmp_path: Path) -> None:
    planned = evaluation(tmp_path, [1.0], design=SequentialDesign((4, 16), (1,)))
    evaluate(run, replace(planned, design=FixedDesign(16)))
    as_of_old(draws(planned), {"simulated/0": ["wrong"] * 4 + ["correct"] * 12})
    Ledger(run).record(planned, draws(planned).key, OLD)
    assert Ledger(run).outcomes()[0].counts.n.tolist() == [16]
    regrade(run)
    (after,) = Ledger(run).outcomes()
    assert (after.counts.n.tolist(), after.counts.c.tolist()) == ([4], [4])


def test_leftovers_of_an_older_version_are_verified_by_evaluating_and_not_redrawn(
    run: Run, tmp_path: Path
) -> None:
    planned = evaluation(tmp_path, P)
    evaluate(run, planned)
    rows = stored(planned)
    (draws(planned).folder / "verdicts" / "choice@1").rename(
        draws(planned).folder / "verdicts" / OLD
    )
    evaluate(run, planned)
    assert stored(planned) == rows
    assert len(draws(planned).verdicts("choice@1")) == 64


def test_what_is_counted_hangs_on_whole_verdicts() -> None:
    told = Regraded("m", "b", "math@1", "math@2")
    assert told.is_counted
    assert not replace(told, owed=1).is_counted
    assert not replace(told, without_text=1).is_counted
    assert replace(told, after="math@1", without_text=1).is_counted
