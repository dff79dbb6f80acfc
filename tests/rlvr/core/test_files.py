"""Files are there whole or not at all; what a killed writer leaves is removed, and only that."""

import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

from rlvr.core.files import remove_unfinished, write_atomically

KILLED = """
import os, signal, sys
from pathlib import Path
from rlvr.core.files import write_atomically
def kill(event, arguments):
    if event == "os.rename":
        os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(kill)
write_atomically(Path(sys.argv[1]), b"never there")
"""


def killed_while_writing(path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_what_a_killed_writer_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"before")
    killed_while_writing(tmp_path / "a")
    killed_while_writing(tmp_path / "b")
    assert len(names(tmp_path)) == 3
    remove_unfinished(tmp_path)
    assert names(tmp_path) == {"a"}
    assert (tmp_path / "a").read_bytes() == b"before"


def test_what_a_living_writer_is_writing_stays(tmp_path: Path) -> None:
    killed_while_writing(tmp_path / "a")
    (unfinished,) = tmp_path.iterdir()
    with unfinished.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        remove_unfinished(tmp_path)
        assert names(tmp_path) == {unfinished.name}
    remove_unfinished(tmp_path)
    assert names(tmp_path) == set()


def test_file_of_another_machine_is_removed_only_when_it_is_old(tmp_path: Path) -> None:
    """Or of an earlier version, which did not name its machine; locks may not reach so far."""
    fresh, old = tmp_path / ".a.0f0f.tmp", tmp_path / ".b.0f0f.tmp"
    for path in (fresh, old, tmp_path / "notes.tmp", tmp_path / ".hidden"):
        path.touch()
    os.utime(old, (0, time.time() - 7200))
    remove_unfinished(tmp_path)
    assert names(tmp_path) == {fresh.name, "notes.tmp", ".hidden"}


def test_writers_are_not_disturbed_by_one_who_removes_all_the_time(tmp_path: Path) -> None:
    """The moment between the creation of a file and its lock is the one that could be lost."""
    script = (
        "import sys\nfrom pathlib import Path\nfrom rlvr.core.files import remove_unfinished\n"
        "print(flush=True)\nwhile True: remove_unfinished(Path(sys.argv[1]))"
    )
    remover = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE
    )
    assert remover.stdout is not None
    remover.stdout.readline()
    try:
        for number in range(300):
            write_atomically(tmp_path / "a", str(number))
            assert (tmp_path / "a").read_text() == str(number)
    finally:
        remover.kill()
        remover.communicate()
    assert names(tmp_path) == {"a"}


def test_folder_that_is_not_there_has_nothing_to_remove(tmp_path: Path) -> None:
    remove_unfinished(tmp_path / "nowhere")
    assert names(tmp_path) == set()
