"""What the system call filter decides, on machines that this one is not as well.

The filter is run by a small interpreter of the instructions it uses; that the kernel decides the
same on this machine, the attacks show.
"""

import errno
import struct

import pytest

from rlvr.verifiers.sandbox.seccomp import filter_program

X86_64, AARCH64 = 0xC000003E, 0xC00000B7
ALLOW = 0x7FFF0000
REFUSE = 0x00050000 | errno.EPERM
ABSENT = 0x00050000 | errno.ENOSYS


def _decide(machine: str, call: int, architecture: int, first_argument: int = 0) -> int:
    program = filter_program(machine)
    assert program is not None
    instructions = list(struct.iter_unpack("=HBBI", program))
    data = struct.pack("=IIQQ", call, architecture, 0, first_argument)
    at = value = 0
    while True:
        code, if_true, if_false, k = instructions[at]
        at += 1
        match code:
            case 0x20:
                (value,) = struct.unpack_from("=I", data, k)
            case 0x06:
                return int(k)
            case _:
                holds = {0x15: value == k, 0x35: value >= k, 0x45: bool(value & k)}[code]
                at += if_true if holds else if_false


@pytest.mark.parametrize(
    ("machine", "architecture", "allowed", "refused"),
    [
        # read, write, mmap, futex, execve, setresuid, socketpair, getrandom; fork, socket, ..
        ("x86_64", X86_64, (0, 1, 9, 202, 59, 117, 53, 318), (57, 58, 41, 101, 272, 250, 319, 425)),
        ("aarch64", AARCH64, (63, 64, 222, 98, 221, 147, 199, 278), (198, 117, 97, 219, 279, 425)),
    ],
)
def test_harmless_calls_are_allowed_and_others_refused(
    machine: str, architecture: int, allowed: tuple[int, ...], refused: tuple[int, ...]
) -> None:
    assert {_decide(machine, call, architecture) for call in allowed} == {ALLOW}
    assert {_decide(machine, call, architecture) for call in refused} == {REFUSE}


@pytest.mark.parametrize(
    ("machine", "architecture", "clone"), [("x86_64", X86_64, 56), ("aarch64", AARCH64, 220)]
)
def test_threads_may_be_started_and_processes_may_not(
    machine: str, architecture: int, clone: int
) -> None:
    # flags that glibc passes for pthread_create and for fork
    thread, process = 0x003D0F00, 0x01200011
    assert _decide(machine, clone, architecture, thread) == ALLOW
    assert _decide(machine, clone, architecture, process) == REFUSE
    assert _decide(machine, 435, architecture, thread) == ABSENT


@pytest.mark.parametrize(("machine", "architecture"), [("x86_64", X86_64), ("aarch64", AARCH64)])
def test_calls_that_no_list_names_are_refused(machine: str, architecture: int) -> None:
    # from pidfd_send_signal to those of kernels to come; a few of the shared numbers are allowed
    later = {call for call in range(424, 2000) if _decide(machine, call, architecture) == ALLOW}
    assert later == {436, 437, 439, 441, 452}
    assert _decide(machine, 0x3FFFFFFF, architecture) == REFUSE
    allowed = [call for call in range(424) if _decide(machine, call, architecture, 0) == ALLOW]
    assert 150 < len(allowed) < 260


def test_calls_by_the_numbers_of_another_architecture_are_refused() -> None:
    i386, x32_read = 0x40000003, 0x40000000
    assert _decide("x86_64", 0, i386) == REFUSE
    assert _decide("x86_64", x32_read, X86_64) == REFUSE
    assert _decide("aarch64", 63, X86_64) == REFUSE


def test_unknown_machine_has_no_filter() -> None:
    assert filter_program("pdp11") is None
