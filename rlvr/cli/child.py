"""The `rlvr` command as the child of another, whose end is its own (see `rlvr.turns.children`).

python -m rlvr.cli.child PARENT_PID train RECIPE
"""

import ctypes
import os
import signal
import sys

from rlvr.cli.main import main
from rlvr.core.exit_codes import EXIT_REQUEUE

_PR_SET_PDEATHSIG = 1


def _end_with(parent: int) -> None:
    """Be killed once the parent is gone, also where it was killed itself."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(EXIT_REQUEUE)


if __name__ == "__main__":
    _end_with(int(sys.argv[1]))
    del sys.argv[1]
    sys.exit(main())
