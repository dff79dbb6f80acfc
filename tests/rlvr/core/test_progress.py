"""What a stage prints where nobody watches a bar: sparse lines with the time that is left."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr.core.progress import Stage


class Hands:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class TimedStage(Stage):
    """A stage whose work takes as long as it is told to."""

    def __init__(self, title: str, total: int) -> None:
        self.hands = Hands()
        super().__init__(title, total, clock=self.hands)

    def work(self, seconds: float, units: int = 1, note: str = "") -> None:
        self.hands.now_s += seconds
        self.advance(units, note)


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def test_stage_writes_into_a_pipe_its_title_and_its_end() -> None:
    script = (
        "from rlvr.core.progress import stage\n"
        "with stage('verify', 3) as bar:\n"
        "    for _ in range(3):\n"
        "        bar.advance(note='countdown')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stderr == "verify: 3/3, 0:00:00 left countdown\n"
    assert done.stdout == ""


def test_every_line_says_what_is_done_and_how_long_the_rest_takes_at_this_pace(
    capsys: pytest.CaptureFixture[str],
) -> None:
    stage = TimedStage("train", 4)
    for reward in (0.25, 0.5, 0.5, 0.75):
        stage.work(1800, note=f"reward {reward}")
    assert lines(capsys) == [
        "train: 1/4, 1:30:00 left reward 0.25",
        "train: 2/4, 1:00:00 left reward 0.5",
        "train: 3/4, 0:30:00 left reward 0.5",
        "train: 4/4, 0:00:00 left reward 0.75",
    ]


def test_quick_units_share_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    stage = TimedStage("sample", 100)
    for _ in range(100):
        stage.work(1)
    assert lines(capsys) == [
        "sample: 20/100, 0:01:20 left",
        "sample: 40/100, 0:01:00 left",
        "sample: 60/100, 0:00:40 left",
        "sample: 80/100, 0:00:20 left",
        "sample: 100/100, 0:00:00 left",
    ]


def test_work_that_is_found_on_the_way_lengthens_the_stage(
    capsys: pytest.CaptureFixture[str],
) -> None:
    stage = TimedStage("sample", 2)
    stage.work(60)
    stage.extend(2)
    stage.work(60)
    stage.work(120, units=2)
    assert lines(capsys) == [
        "sample: 1/2, 0:01:00 left",
        "sample: 2/4, 0:02:00 left",
        "sample: 4/4, 0:00:00 left",
    ]


@given(st.integers(2, 50), st.integers(21, 10_000))
def test_time_left_shrinks_by_what_each_unit_takes(total: int, seconds: int) -> None:
    stage = TimedStage("train", total)
    left = []
    for _ in range(total):
        stage.work(seconds)
        left.append(stage.left_s)
    assert left == pytest.approx([seconds * rest for rest in reversed(range(total))])


def test_what_was_done_before_says_nothing_of_the_pace(capsys: pytest.CaptureFixture[str]) -> None:
    stage = TimedStage("train", 200)
    stage.resume(190)
    stage.work(60)
    assert lines(capsys) == ["train: 191/200, 0:09:00 left"]
