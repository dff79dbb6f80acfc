"""A child gets its parent's signals, and is gone when its parent is."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rlvr.core.exit_codes import EXIT_REQUEUE
from rlvr.turns.children import Children

PARENT = """
import sys
from rlvr.turns.children import Children
with Children() as children:
    first = children.run(*sys.argv[1:])
    assert children.run("doctor") == first, "a further child was started"
sys.exit(first)
"""


@pytest.fixture
def waiting(tmp_path: Path) -> "Iterator[subprocess.Popen[bytes]]":
    """A parent whose child waits for a training that never begins."""
    words = ("eval", str(tmp_path / "never"), "--watch")
    with subprocess.Popen([sys.executable, "-c", PARENT, *words]) as parent:
        yield parent
        parent.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_signal_ends_the_child_and_asks_to_be_requeued(
    waiting: "subprocess.Popen[bytes]", number: signal.Signals
) -> None:
    child = child_of(waiting)
    waiting.send_signal(number)
    assert waiting.wait() == EXIT_REQUEUE
    assert not Path(f"/proc/{child}").exists()


def test_child_does_not_outlive_a_parent_that_was_killed(
    waiting: "subprocess.Popen[bytes]",
) -> None:
    child = child_of(waiting)
    waiting.kill()
    wait_for(lambda: not is_running(child))


def test_exit_code_of_the_child_is_told(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Children() as children:
        assert signal.getsignal(signal.SIGTERM) != before
        assert children.run("report", str(tmp_path)) == 2
        assert not children.is_told_to_stop
    assert "rlvr report: " in capfd.readouterr().err
    assert signal.getsignal(signal.SIGTERM) == before


def child_of(parent: "subprocess.Popen[bytes]") -> int:
    """The parent's child, once it runs as a program of its own."""
    children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
    wait_for(lambda: children.read_text().split() != [])
    child = int(children.read_text().split()[0])
    wait_for(lambda: b"rlvr.cli.child" in Path(f"/proc/{child}/cmdline").read_bytes())
    # until it has tied itself to its parent
    wait_for(lambda: b"numpy" in Path(f"/proc/{child}/maps").read_bytes())
    return child


def is_running(process: int) -> bool:
    """False also where it has ended and nobody has asked for its exit code."""
    try:
        return Path(f"/proc/{process}/stat").read_text().split(")")[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for(condition: Callable[[], bool], limit_s: float = 60) -> None:
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, "nothing happened in time"
        time.sleep(0.01)
