"""Ctrl-C, sent to real commands at awkward moments."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rlvr.core.interrupt import EXIT_CODE

SWALLOWS = """
import sys, time
from rlvr.core import interrupt
sys.argv = ["rlvr", "train"]
interrupt.watch()
ready = False
while True:
    try:
        if not ready:
            ready = True
            print("ready", flush=True)
        time.sleep(60)
    except KeyboardInterrupt:
        pass
"""
IN_ONE_LONG_CALL = """
import hashlib, threading
from rlvr.core import interrupt
interrupt.watch()
threading.Timer(2, lambda: print("ready", flush=True)).start()  # said from within the long call
hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)
"""


@pytest.mark.parametrize("script", [SWALLOWS, IN_ONE_LONG_CALL])
def test_command_ends_though_a_library_swallows_or_delays_the_interrupt(script: str) -> None:
    process = start([sys.executable, "-c", script])
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    assert interrupted(process).startswith("rlvr")


def test_grading_ends_in_the_middle_of_a_batch(tmp_path: Path) -> None:
    lines = [json.dumps({"id": 0, "gold": "7", "completion": "\\boxed{7}"})]
    slow = "\\boxed{\\int_0^1 \\frac{x^{%d}}{\\sin(x^%d) + e^x} dx}"
    lines += [
        json.dumps({"id": at, "gold": "x", "completion": slow % (at, at)}) for at in range(1, 2000)
    ]
    (tmp_path / "slow.jsonl").write_text("\n".join(lines))
    process = start(rlvr("grade", str(tmp_path / "slow.jsonl"), "--task", "math"))
    assert process.stdout is not None
    assert b"correct" in process.stdout.readline()
    assert "stopped; run it again" in interrupted(process)


def test_training_and_evaluation_end_without_a_traceback(tmp_path: Path) -> None:
    recipe = Path(__file__).parents[3] / "recipes/quickstart/grpo.yaml"
    process = start(rlvr("train", str(recipe), "--runs", str(tmp_path)))
    wait_for((tmp_path / "quickstart/metrics.jsonl").is_file, process)
    assert "Traceback" not in interrupted(process)
    arguments = ("--base", "embedded:countdown-base", "--benchmark", "countdown-test")
    process = start(rlvr("eval", *arguments, "--out", str(tmp_path / "e"), "--processes", "2"))
    wait_for(lambda: any(tmp_path.glob("store/**/*.parquet")), process)
    assert "Traceback" not in interrupted(process)


def rlvr(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "rlvr", *arguments]


def start(command: list[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1", "WANDB_MODE": "disabled"},
        start_new_session=True,
    )


def interrupted(process: "subprocess.Popen[bytes]") -> str:
    """Press Ctrl-C, which a terminal sends to all processes of the command; return what it said."""
    os.killpg(process.pid, signal.SIGINT)
    try:
        _, err = process.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    assert process.returncode == EXIT_CODE, err.decode()
    return err.decode()


def wait_for(condition: Callable[[], bool], process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 240
    while not condition():
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.05)
