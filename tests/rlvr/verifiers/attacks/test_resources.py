"""Programs that use up the machine: time, memory, processes, disk, output, descriptors.

Each one prints the right answer as well, as soon as it can, so that what it is refused for is what
it uses. All of them end with the sandbox, whatever they do.
"""

import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rlvr.core.records import Outcome, Verdict

Grade = Callable[..., Verdict]

GOLD = {"kind": "stdio", "memory_mb": 256, "tests": [{"input": "", "output": "42"}]}
ANSWER = "print(42, flush=True)\n"
TOO_LONG = "runs for more than 1 s"
OUT_OF_MEMORY = "MemoryError|" + TOO_LONG


@dataclass(frozen=True)
class Excess:
    """A program, and a pattern of the reason for which it is wrong."""

    name: str
    source: str
    reason: str


EXCESSES = [
    Excess("fork_bomb", ANSWER + "import os\nwhile True: os.fork()", "not permitted"),
    Excess(
        "fork_bomb_that_does_not_give_up",
        ANSWER + "import os\nwhile True:\n  try: os.fork()\n  except OSError: pass",
        TOO_LONG,
    ),
    Excess(
        "thread_bomb",
        ANSWER + "import threading, time\n"
        "while True: threading.Thread(target=time.sleep, args=(9,)).start()",
        "can't start new thread|MemoryError|" + TOO_LONG,
    ),
    Excess("memory_bomb", ANSWER + "block = b'x' * (1 << 31)", "MemoryError"),
    Excess(
        "memory_bomb_in_small_steps",
        ANSWER + "hoard = []\nwhile True: hoard.append([0])",
        OUT_OF_MEMORY,
    ),
    Excess(
        "memory_bomb_that_does_not_give_up",
        ANSWER + "hoard = []\nwhile True:\n"
        "  try: hoard.append(bytearray(1 << 20))\n  except MemoryError: pass",
        TOO_LONG,
    ),
    Excess(
        "shared_memory_bomb",
        ANSWER + "import mmap\nhoard = [mmap.mmap(-1, 1 << 26) for _ in range(100)]",
        "memory",
    ),
    Excess(
        "memory_in_pipes",
        ANSWER + "import os\nwhile True: os.write(os.pipe()[1], b'x' * 60000)",
        "Too many open files",
    ),
    Excess(
        "one_large_file",
        ANSWER + "with open('big', 'wb') as file:\n  while True: file.write(b'x' * (1 << 20))",
        "large",
    ),
    Excess(
        "many_files",
        ANSWER
        + "for n in range(10**6):\n  with open(str(n), 'wb') as f: f.write(b'x' * (1 << 22))",
        "No space left",
    ),
    Excess(
        "many_empty_files",
        ANSWER + "n = 0\nwhile True:\n  open(str(n), 'w').close()\n  n += 1",
        "No space left|" + TOO_LONG,
    ),
    Excess(
        "fills_the_folder_of_its_input",
        ANSWER + "import os\nos.chmod('/input', 0o777)\n"
        "for n in range(99): open(f'/input/{n}', 'wb').write(b'x' * (1 << 20))",
        "not permitted|denied|No space left",
    ),
    Excess(
        "deep_folders",
        ANSWER + "import os\nwhile True:\n  os.mkdir('d')\n  os.chdir('d')",
        "No space left|" + TOO_LONG,
    ),
    Excess("descriptors", ANSWER + "fs = [open('/dev/null') for _ in range(10**6)]", "Too many"),
    Excess("endless_loop", ANSWER + "while True: pass", TOO_LONG),
    Excess("endless_loop_in_c", ANSWER + "import re\nre.match('(a+)+b', 'a' * 60)", TOO_LONG),
    Excess("endless_arithmetic", ANSWER + "10 ** 10 ** 9", TOO_LONG),
    Excess("endless_output", "while True: print('42\\n' * 9999)", "prints more than"),
    Excess(
        "endless_output_of_one_line",
        "import os\nwhile True: os.write(1, b'42' * 9999)",
        "prints more than",
    ),
    Excess(
        "endless_complaints",
        ANSWER + "import sys\nwhile True: sys.stderr.write('42' * 999)",
        TOO_LONG,
    ),
    Excess("sleeps_for_ever", ANSWER + "import time\ntime.sleep(10**8)", TOO_LONG),
    Excess(
        "waits_for_input_for_ever", ANSWER + "import os\nwhile not os.read(0, 1): pass", TOO_LONG
    ),
    Excess("stops_itself", ANSWER + "import os, signal\nos.kill(os.getpid(), 19)", TOO_LONG),
    Excess(
        "ignores_every_signal",
        ANSWER + "import signal\n"
        "for s in set(signal.Signals) - {9, 19}: signal.signal(s, signal.SIG_IGN)\n"
        "while True: pass",
        TOO_LONG,
    ),
    Excess(
        "hangs_after_answering",
        ANSWER
        + "import threading, time\nthreading.Thread(target=time.sleep, args=(10**6,)).start()",
        TOO_LONG,
    ),
    Excess(
        "hangs_at_exit",
        ANSWER + "import atexit, time\natexit.register(time.sleep, 10**6)",
        TOO_LONG,
    ),
    Excess(
        "closes_its_output_and_goes_on",
        ANSWER + "import os, time\nos.close(1)\nos.close(2)\ntime.sleep(10**6)",
        TOO_LONG,
    ),
    Excess(
        "recurses_without_end",
        ANSWER + "import sys\nsys.setrecursionlimit(10**9)\ndef f(): f()\nf()",
        "SIGSEGV|" + OUT_OF_MEMORY,
    ),
    Excess("crashes", ANSWER + "import ctypes\nctypes.string_at(0)", "SIGSEGV"),
    Excess("aborts", ANSWER + "import os\nos.abort()", "SIGABRT"),
    Excess("kills_itself", ANSWER + "import os\nos.kill(os.getpid(), 9)", "SIGKILL"),
    Excess(
        "signals_the_first_process",
        ANSWER + "import os, time\nfor s in (9, 15, 19, 2, 3, 1):\n"
        "  try: os.kill(1, s)\n  except OSError: pass\n"
        "while True: pass",
        TOO_LONG,
    ),
    Excess(
        "leaves_a_daemon",
        ANSWER + "import os, time\nif os.fork() == 0:\n  os.setsid()\n  time.sleep(10**6)",
        "not permitted",
    ),
    Excess(
        "leaves_a_shell",
        ANSWER + "import subprocess\nsubprocess.Popen(['/bin/sh', '-c', 'sleep 1000000 &'])",
        "not permitted",
    ),
    Excess(
        "replaces_itself",
        ANSWER + "import os, sys\nos.execv('/python/bin/python', ['python', '-S', '-c', "
        "'while True: pass'])",
        TOO_LONG,
    ),
]


@pytest.mark.parametrize("excess", EXCESSES, ids=lambda excess: excess.name)
def test_excess_is_stopped_and_leaves_nothing(excess: Excess, grade: Grade) -> None:
    verdict = grade(excess.source, GOLD, 1.0 if TOO_LONG in excess.reason else 10.0)
    assert verdict.outcome == Outcome.WRONG
    assert re.search(excess.reason, verdict.reason or "")


@pytest.mark.parametrize(
    ("source", "gold"),
    [
        ("import os\nfor n in range(10**7): os.mknod(str(n))", GOLD),
        (
            "import os\ndef f():\n  for n in range(10**7): os.mknod(str(n))",
            {"kind": "call", "entry_point": "f", "tests": [{"args": [], "expected": 1}]},
        ),
    ],
)
def test_empty_files_have_a_bound_in_whatever_time(
    source: str, gold: dict[str, Any], grade: Grade
) -> None:
    verdict = grade(source, gold, 60.0)
    assert verdict.outcome == Outcome.WRONG
    assert "No space left: it makes more than 131,072 files" in str(verdict.reason)


def test_the_right_answer_without_excess_is_correct(grade: Grade) -> None:
    assert grade(ANSWER, GOLD).outcome == Outcome.CORRECT


def test_the_search_for_processes_finds_what_runs(
    grade: Grade, marked_processes: Callable[[], list[str]]
) -> None:
    with ThreadPoolExecutor(1) as pool:
        sleeping = pool.submit(grade, "import time\ntime.sleep(1)\nprint(42)", GOLD, 30.0)
        deadline = time.monotonic() + 30
        while not marked_processes() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert marked_processes()
        assert sleeping.result().outcome == Outcome.CORRECT
    assert not marked_processes()


def test_memory_is_given_back(grade: Grade) -> None:
    fill = "for n in range(99):\n  with open(str(n), 'wb') as f: f.write(b'x' * (1 << 22))\n"
    before_mb = _memory_files_mb()
    for _ in range(10):
        assert "No space left" in str(grade(fill, GOLD, timeout_s=5.0).reason)
    # ten times 64 MB if it were kept; other programs of the machine may use some meanwhile
    deadline = time.monotonic() + 30
    while _memory_files_mb() - before_mb > 320 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert _memory_files_mb() - before_mb <= 320


def _memory_files_mb() -> float:
    """Megabytes held by files in memory, machine-wide."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("Shmem:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no Shmem in /proc/meminfo")
