"""A test belongs to a tier by what it uses, whether or not anyone thought of it."""

from pathlib import Path

import pytest

from tests.tiers import markers_of

TESTS = Path(__file__).parent


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("rlvr_eval/estimators/test_estimators.py", set()),
        ("rlvr/core/test_ranges.py", set()),
        ("rlvr/training/loop/test_lock.py", {"process"}),
        ("rlvr/training/methods/test_dapo.py", {"slow"}),  # by way of another module of the tests
        ("rlvr/training/loop/test_distributed.py", {"slow", "process"}),
        ("rlvr/verifiers/test_choice.py", {"process"}),
    ],
)
def test_markers_follow_from_imports_and_folders(file: str, expected: set[str]) -> None:
    assert markers_of(TESTS / file) == expected


def test_markers_follow_from_fixtures() -> None:
    file = TESTS / "rlvr_eval/report/test_report_in_browser.py"
    assert "browser" in markers_of(file, ("browser", "tmp_path"))
    assert "browser" not in markers_of(file, ("tmp_path",))
