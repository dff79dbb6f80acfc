"""What the digests of a checkpoint cost beside writing and reading its files.

    python -m tests.benchmarks.digests [MIB]

Writes files of MIB (512 unless given) in all and flushes them, as a trainer and then the marker do;
marks them complete; and verifies them. Each is the best of three, from the page cache.
"""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rlvr.weights import checkpoint

FILES = 3


def main(mib: int) -> None:
    folder = Path(tempfile.mkdtemp(prefix="digests-"))
    content = os.urandom(1 << 20) * (mib // FILES)
    try:
        written = best(lambda: write(folder, content))
        read_back = best(lambda: read(folder))
        marked = best(lambda: checkpoint.mark_complete(folder))
        verified = best(lambda: verify(folder))
    finally:
        shutil.rmtree(folder)
    size = FILES * len(content) / 1e9
    print(f"{size:.2f} GB in {FILES} files")
    for name, seconds in (("write and flush", written), ("read", read_back), ("mark", marked)):
        print(f"{name:16s} {size / seconds:6.2f} GB/s")
    print(f"{'verify':16s} {size / verified:6.2f} GB/s")
    print(f"marking takes {marked / written:.2f} of the time of writing")
    print(f"verifying takes {verified / read_back:.2f} of the time of reading")


def write(folder: Path, content: bytes) -> None:
    for number in range(FILES):
        with (folder / f"{number}.bin").open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())


def read(folder: Path) -> None:
    """Read every file as one process reads it, without keeping anything."""
    for path in folder.glob("*.bin"):
        with path.open("rb", buffering=0) as file:
            while file.read(1 << 22):
                pass


def verify(folder: Path) -> None:
    os.utime(folder / "0.bin")  # or what was compared before would not be compared again
    assert checkpoint.damage_of_contents(folder, for_training=True) == []


def best(action: Callable[[], object]) -> float:
    """Seconds of the fastest of three."""
    took = []
    for _ in range(3):
        began = time.perf_counter()
        action()
        took.append(time.perf_counter() - began)
    return min(took)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 512)
