"""Picks the way to isolate that works on this machine, by trying it."""

from functools import cache

from rlvr.verifiers.sandbox.isolation import Isolation, refusal, ways
from rlvr.verifiers.sandbox.limits import Limits, Program
from rlvr.verifiers.sandbox.process import SandboxFault
from rlvr.verifiers.sandbox.programs import run_program

_NAMESPACES = (
    "it has to be version 0.7 or later; allow unprivileged user namespaces "
    "(sysctl kernel.unprivileged_userns_clone=1, on Ubuntu "
    "kernel.apparmor_restrict_unprivileged_userns=0), or in a container grant it "
    "--cap-add SYS_ADMIN --security-opt seccomp=unconfined"
)


@cache
def isolate() -> Isolation:
    """Return the best way that works here, tried once per process.

    Raises:
        UserError: if none works; the message says what to install or to allow.
    """
    fault = ""
    for way in ways():
        try:
            run = run_program(way, Program("print(6 * 7)"), "", Limits(run_s=20.0))
        except SandboxFault as error:
            fault = str(error)
            continue
        if run.output == "42\n":
            return way
        fault = f"a trial program printed {run.output!r}: {run.fault}"
    raise refusal(f"bubblewrap cannot isolate programs here ({fault})", _NAMESPACES)
