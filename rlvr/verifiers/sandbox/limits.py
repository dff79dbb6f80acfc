"""What runs in a sandbox, and how much it may use."""

import math
import resource
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Program:
    """Hostile source.

    Attributes:
        prelude: source that runs before it under the same names, for example imports.
    """

    source: str
    prelude: str = ""

    def as_setup(self) -> dict[str, str]:
        """Return what the programs of `inside` are told."""
        return {"source": self.source, "prelude": self.prelude}


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one sandbox.

    Attributes:
        run_s: seconds the hostile part may take, counted from the moment it starts.
        memory_mb: address space of the process; it can start no second one.
        tasks: threads, the first one included.
        file_mb: size of a file, and of all files in the temporary directory together.
        files: files and folders in the temporary directory, which take memory even when empty.
        output_mb: standard output of a program.
    """

    run_s: float = 2.0
    memory_mb: int = 1024
    tasks: int = 64
    file_mb: int = 64
    open_files: int = 64
    files: int = 1 << 17
    output_mb: int = 16

    def rlimits(self, counts_tasks: bool) -> list[tuple[int, int]]:
        """Return resource limits as `setrlimit` takes them.

        Args:
            counts_tasks: False where RLIMIT_NPROC would count processes outside the sandbox.
        """
        limits = [
            (resource.RLIMIT_CORE, 0),
            # a backstop for a process that outlives its parent's clock
            (resource.RLIMIT_CPU, math.ceil(self.run_s) + 2),
            (resource.RLIMIT_AS, self.memory_mb << 20),
            (resource.RLIMIT_FSIZE, self.file_mb << 20),
            (resource.RLIMIT_NOFILE, self.open_files),
            (resource.RLIMIT_MEMLOCK, 0),
            (resource.RLIMIT_MSGQUEUE, 0),
        ]
        return [*limits, (resource.RLIMIT_NPROC, self.tasks)] if counts_tasks else limits
