"""A sandbox for programs that are hostile until proven otherwise.

    isolation = isolate()                                    # once; refuses where there is none
    run_program(isolation, program, stdin, limits)            # -> output
    run_function_tests(isolation, program, tests, limits)     # -> finding

`isolation` says what a sandboxed process can see, `seccomp` which system calls it may make,
`inside` what runs in there, `launch` how it starts and ends, `process` how one talks to it.

Linux alone has what this needs. What it does not protect against: faults of the kernel itself, and
measuring time or load of the machine from within.
"""

from rlvr.verifiers.sandbox.finding import Finding
from rlvr.verifiers.sandbox.functions import FunctionTests, run_function_tests
from rlvr.verifiers.sandbox.isolation import Isolation
from rlvr.verifiers.sandbox.limits import Limits, Program
from rlvr.verifiers.sandbox.process import SandboxFault
from rlvr.verifiers.sandbox.programs import Run, run_program
from rlvr.verifiers.sandbox.select_isolation import isolate

__all__ = [
    "Finding",
    "FunctionTests",
    "Isolation",
    "Limits",
    "Program",
    "Run",
    "SandboxFault",
    "isolate",
    "run_function_tests",
    "run_program",
]
