"""What a full disk raises is recognised; what only looks like it keeps its own name.

Commands on a real full disk: tests/rlvr/training/loop/test_full_disk.py and tests/rlvr_eval.
"""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rlvr.core import disk
from rlvr.core.disk import DiskFull
from rlvr.core.errors import UserError


def test_device_without_space_is_named_in_place_of_the_failure(tmp_path: Path) -> None:
    needed = "a checkpoint takes 3 GiB"
    message = rf"no space is left on the disk of {tmp_path} \(.* free\); {needed}\. Free space and"
    with pytest.raises(DiskFull, match=message), disk.told(tmp_path, lambda: needed):
        _write_to_full_device()


def test_failure_that_a_full_disk_led_to_is_told_too(tmp_path: Path) -> None:
    message = r"Free space and run the same command again$"
    with pytest.raises(DiskFull, match=message), disk.told(tmp_path):
        _save_on_full_device()


def test_used_up_quota_is_called_so(tmp_path: Path) -> None:
    message = r"your quota on the disk of .* is used up"
    with pytest.raises(DiskFull, match=message), disk.told(tmp_path):
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))


@pytest.mark.parametrize(
    "failure",
    [
        PermissionError(errno.EACCES, "Permission denied"),
        # torch's writer on a disk that has space: the fault is another
        RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 64 vs 0"),
        UserError("the user's mistake"),
        ValueError("ours"),
    ],
)
def test_other_failures_pass_as_they_are(tmp_path: Path, failure: Exception) -> None:
    with pytest.raises(type(failure)) as raised, disk.told(tmp_path):
        raise failure
    assert raised.value is failure


@pytest.mark.parametrize(
    ("count", "written"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (10_485_760, "10.0 MiB"), (5e13, "45.5 TiB")],
)
def test_sizes_are_for_people(count: float, written: str) -> None:
    assert disk.size(count) == written


def test_full_disk_behind_the_output_is_one_line_too() -> None:
    row = '{"id": 1, "gold": "B", "completion": "B"}'
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "rlvr", "grade", "-", "--task", "choice"],
            input=row,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode == 1
    assert done.stderr.startswith("rlvr grade: no space is left on a disk that is written to. ")
    assert len(done.stderr.splitlines()) == 1


def _write_to_full_device() -> None:
    with open("/dev/full", "w") as full:
        full.write("something")


def _save_on_full_device() -> None:
    try:
        _write_to_full_device()
    except OSError:
        raise RuntimeError("could not save") from None
