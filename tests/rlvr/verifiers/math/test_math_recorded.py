"""800 real completions against the verdicts that were recorded for them."""

import json
from pathlib import Path

import pytest

from rlvr.core.records import Attempt, Outcome, Problem
from rlvr.verifiers.math.verifier import MathVerifier

# (problem, completion) -> why our verdict differs from the recorded one
EXPLAINED = {
    (72, 7): "gold 10{,}000, answer 10000: the same number, which the recorded grader did not read "
    "because of the braces around the thousands separator",
}


@pytest.fixture(scope="module")
def recorded(shared_data: Path) -> dict[tuple[int, int], tuple[Attempt, bool]]:
    lines = (shared_data / "generations/math_cot_100.jsonl").read_text().splitlines()
    return {
        (row["idx"], number): (
            Attempt(Problem(f"math_cot/{row['idx']}", row["question"], row["gt"]), completion),
            score,
        )
        for row in map(json.loads, lines)
        for number, (completion, score) in enumerate(zip(row["code"], row["score"], strict=True))
    }


def test_recorded_verdicts_are_reproduced_and_each_difference_is_explained(
    recorded: dict[tuple[int, int], tuple[Attempt, bool]],
) -> None:
    assert len(recorded) == 800
    verdicts = MathVerifier().verify([attempt for attempt, _ in recorded.values()], timeout_s=20)
    differing = {
        key
        for (key, (_, score)), verdict in zip(recorded.items(), verdicts, strict=True)
        if (verdict.outcome is Outcome.CORRECT) != score
    }
    assert differing == set(EXPLAINED)


def test_no_real_completion_is_left_undecided(
    recorded: dict[tuple[int, int], tuple[Attempt, bool]],
) -> None:
    verdicts = MathVerifier().verify([attempt for attempt, _ in recorded.values()], timeout_s=20)
    assert not [verdict for verdict in verdicts if verdict.outcome.undecided]
