"""Limits that a sandboxed process puts on itself before anything hostile runs in it.

Hard and soft limits are set to the same value, so that no later code can raise them; only that of
processor time is a second apart, since at the hard limit the kernel kills like anyone else, and at
the soft one it says why. A process that
was started as root becomes an ordinary user here, for good: bubblewrap has left it nothing but the
two capabilities that this step needs.
"""

import os
import resource


def confine(rlimits: list[tuple[int, int]], uid: int | None) -> None:
    """Become user `uid`, unless it is None, and set each resource limit for good."""
    if uid is not None:
        os.chmod(os.getcwd(), 0o777)
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    for resource_number, value in rlimits:
        hard = resource.getrlimit(resource_number)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        if resource_number == resource.RLIMIT_CPU and value != hard:
            resource.setrlimit(resource_number, (value, value + 1))
        else:
            resource.setrlimit(resource_number, (value, value))
