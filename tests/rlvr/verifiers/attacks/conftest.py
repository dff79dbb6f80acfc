"""Runs hostile programs as completions, and sees to it that nothing of them is left."""

import os
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rlvr.core.records import Attempt, Problem, Verdict
from rlvr.verifiers.code.verifier import CodeVerifier
from rlvr.verifiers.sandbox import Isolation

Grade = Callable[..., Verdict]
MARK = uuid.uuid4().hex


@pytest.fixture(scope="session")
def marked_verifier(isolation: Isolation) -> CodeVerifier:
    """A verifier whose sandboxed processes can be told from all others by their environment."""
    return CodeVerifier(replace(isolation, environment=isolation.environment | {"MARK": MARK}))


@pytest.fixture(scope="session")
def marked_processes() -> Callable[[], list[str]]:
    """Looks for living processes of `marked_verifier`."""
    return _marked_processes


@pytest.fixture
def grade(marked_verifier: CodeVerifier) -> Iterator[Grade]:
    """Grades a program; afterwards nothing may be there that was not there before."""
    before = _traces()

    def grade(source: str, gold: dict[str, Any], timeout_s: float = 10.0) -> Verdict:
        attempt = Attempt(Problem("attack/0", "", gold), f"```python\n{source}\n```")
        return marked_verifier.verify([attempt], timeout_s=timeout_s)[0]

    yield grade
    assert _traces() == before


def _traces() -> dict[str, Any]:
    return {
        "processes": _marked_processes(),
        "threads": threading.active_count(),
        "descriptors": len(os.listdir("/proc/self/fd")),
        "files": sorted(Path(tempfile.gettempdir()).glob("rlvr-code-*")),
        "mounts": Path("/proc/self/mounts").read_text(),
        "shared memory": _shared_memory(),
    }


def _marked_processes() -> list[str]:
    """Command lines of all living processes on the machine that come from `marked_verifier`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if MARK.encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text())
        except OSError:
            continue
    return found


def _shared_memory() -> list[str]:
    """Keys of System V segments, which outlive the process that made them."""
    segments = Path("/proc/sysvipc/shm")
    return [line.split()[1] for line in segments.read_text().splitlines()[1:]]
