"""The process that forks workers ends with whoever started it, whatever it imports."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

STARTS_ONE = """
from rlvr.verifiers.workers.worker import Zygote
Zygote("endless:task", 2**30)
"""
NEVER_IMPORTED = """
import os, pathlib
pathlib.Path("pid.new").write_text(str(os.getpid()))
os.rename("pid.new", "pid")
while True:
    pass
"""
PATIENCE_S = 60


def test_endless_import_ends_with_the_command(tmp_path: Path) -> None:
    (tmp_path / "endless.py").write_text(NEVER_IMPORTED)
    for ending in (signal.SIGINT, signal.SIGKILL):
        (tmp_path / "pid").unlink(missing_ok=True)
        parent = subprocess.Popen(
            [sys.executable, "-c", STARTS_ONE],
            cwd=tmp_path,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
        )
        _wait_until((tmp_path / "pid").exists)
        parent.send_signal(ending)
        parent.wait(PATIENCE_S)
        server = int((tmp_path / "pid").read_text())
        _wait_until(lambda pid=server: not _runs(pid))


def _runs(pid: int) -> bool:
    """Whether a process computes; one that nobody has waited for yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail("waited for too long")
        time.sleep(0.05)
