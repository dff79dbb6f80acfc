"""Files of draws as they are written and read."""

import subprocess
import sys
from pathlib import Path

import pyarrow as pa

from rlvr_eval.store import shards

THREADS_STARTED_BY_A_READ = """
import os, sys
from pathlib import Path
from rlvr_eval.store import shards

def threads():
    names = [(task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir()]
    return sum(not name.startswith("jemalloc") for name in names)

before = threads()
table = shards.read(Path(sys.argv[1]))
print(table.num_rows, threads() - before)
"""


def test_reading_a_shard_starts_no_thread_that_could_outlive_the_interpreter(
    tmp_path: Path,
) -> None:
    table = pa.table({"text": ["a" * 100, "b"] * 500, "number": list(range(1000))})
    shard = shards.encode(table)
    shards.write(tmp_path, shard)
    assert shards.read(tmp_path / shard.name).equals(table)
    done = subprocess.run(
        [sys.executable, "-c", THREADS_STARTED_BY_A_READ, str(tmp_path / shard.name)],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stdout.split() == ["1000", "0"]
