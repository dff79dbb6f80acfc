"""Real `rlvr` commands on a real full disk: a small file system in memory that nobody else sees.

bubblewrap mounts it, for root and for ordinary users alike, and it is gone when the process ends.
So a test hands over what to do, and gets back what each command said and what it left behind.
"""

import json
import os
import shutil
import subprocess
import sys
import traceback
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rlvr.runs.run_directory import Run
from rlvr.weights.checkpoint import damage
from rlvr.weights.model_hash import weights_hash
from tests.needs import skip_or_fail

MIB = 2**20


@dataclass(frozen=True)
class Step:
    """A command, and how much space it is to find.

    Attributes:
        arguments: of `rlvr`.
        free: bytes that are left before it starts; None for all that there is.
    """

    arguments: Sequence[str]
    free: int | None = None


@dataclass(frozen=True)
class Ended:
    """How a command ended.

    Attributes:
        printed: its standard output and error together.
        weights: hash of every checkpoint of the run that is whole, by its folder's name.
        unfinished: checkpoints that are not.
        logged_steps: of metrics.jsonl.
        shards: of draws, by path, with their time of writing.
        beside: files that were only to be renamed once they were whole.
    """

    code: int
    printed: str
    weights: dict[str, str]
    unfinished: list[str]
    logged_steps: list[int]
    shards: dict[str, int]
    beside: list[str]

    @property
    def message(self) -> str:
        """The one line that `rlvr` ends with."""
        lines = [line for line in self.printed.splitlines() if line.startswith("rlvr ")]
        assert len(lines) == 1, self.printed
        return lines[0]


def on_small_disk(folder: Path, run: str, steps: Sequence[Step], *, size: int) -> list[Ended]:
    """Carry out commands one after the other, with `folder` a file system of so many bytes.

    `run` is the run directory's name in the folder; what is in the folder is copied there first.
    """
    if shutil.which("bwrap") is None:
        skip_or_fail("needs bubblewrap: apt-get install bubblewrap")
    origin = folder.with_name("origin")
    shutil.copytree(folder, origin)
    told = json.dumps([str(origin), str(folder), run, [asdict(step) for step in steps]])
    mounted = ["bwrap", "--dev-bind", "/", "/", "--size", str(size), "--tmpfs", str(folder)]
    done = subprocess.run(
        [*mounted, sys.executable, "-m", "tests.full_disk", told],
        capture_output=True,
        text=True,
        env={**os.environ, "WANDB_MODE": "disabled", "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    return [Ended(**ended) for ended in json.loads(done.stdout.splitlines()[-1])]


def _main(origin: str, folder: str, run: str, steps: list[dict[str, Any]]) -> None:
    shutil.copytree(origin, folder, dirs_exist_ok=True)
    if steps[0]["arguments"][0] == "train":
        # once, and not in each of the processes that are forked from here
        import rlvr.training.loop.train
        import rlvr.training.methods.grpo  # noqa: F401
    found = []
    for step in steps:
        filler = Path(folder) / "filler"
        filler.unlink(missing_ok=True)
        if step["free"] is not None:
            filler.write_bytes(bytes(max(0, shutil.disk_usage(folder).free - step["free"])))
        log = Path(origin) / "log"
        code = _in_child(step["arguments"], log)
        found.append(asdict(_ended(code, log.read_text(), Path(folder), run)))
    sys.stdout.write(json.dumps(found))


def _in_child(arguments: list[str], log: Path) -> int:
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    from rlvr.cli.main import main

    stream = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(stream, 1)
    os.dup2(stream, 2)
    try:
        code = main(arguments)
    except BaseException:
        traceback.print_exc()
        code = 99
    sys.stderr.flush()
    os._exit(code)


def _ended(code: int, printed: str, folder: Path, run: str) -> Ended:
    folders = sorted((folder / run).glob("checkpoint-*/"))
    whole = [each for each in folders if not damage(each)]
    assert [each.path for each in Run(folder / run).checkpoints()] == whole
    return Ended(
        code=code,
        printed=printed,
        weights={each.name: weights_hash(each) for each in whole},
        unfinished=[each.name for each in folders if each not in whole],
        logged_steps=[int(entry["step"]) for entry in Run(folder / run).metrics()],
        shards={
            str(path.relative_to(folder)): path.stat().st_mtime_ns
            for path in sorted(folder.glob("store/*/*/draws/*.parquet"))
        },
        beside=[path.name for path in folder.rglob("*.tmp")],
    )


if __name__ == "__main__":
    _main(*json.loads(sys.argv[1]))
