"""The system calls that a sandboxed program may not make, as a filter for the Linux kernel.

Namespaces already leave a program nothing to reach. The filter takes away what it could still use
up or attack: it cannot start a second process (so one process's memory limit is the sandbox's, and
nothing can be left behind), open sockets, hold memory that no limit counts, or reach the parts of
the kernel that most exploits go through. Threads, files, pipes and socket pairs remain.

The filter is a classic BPF program as `man 2 seccomp` describes it. On architectures not listed
here there is none, and the namespaces and limits stand alone.
"""

import errno
import platform
import struct

_LOAD_WORD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_NUMBER_AT, _ARCHITECTURE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16
_CLONE_THREAD = 0x00010000
_X32_CALLS = 0x40000000

# machine -> audit number, {call: number}; numbers from the kernel's unistd_64.h and unistd.h
_X86_64 = (
    0xC000003E,
    {
        "shmget": 29, "socket": 41, "fork": 57, "vfork": 58, "semget": 64, "msgget": 68,
        "ptrace": 101, "syslog": 103, "pivot_root": 155, "chroot": 161, "mount": 165,
        "umount2": 166, "io_setup": 206, "mq_open": 240, "add_key": 248, "request_key": 249,
        "keyctl": 250, "unshare": 272, "perf_event_open": 298, "fanotify_init": 300,
        "open_by_handle_at": 304, "setns": 308, "process_vm_readv": 310, "process_vm_writev": 311,
        "kcmp": 312, "memfd_create": 319, "bpf": 321, "userfaultfd": 323,
    },
)  # fmt: skip
_AARCH64 = (
    0xC00000B7,
    {
        "io_setup": 0, "umount2": 39, "mount": 40, "pivot_root": 41, "chroot": 51, "unshare": 97,
        "syslog": 116, "ptrace": 117, "mq_open": 180, "msgget": 186, "semget": 190, "shmget": 194,
        "socket": 198, "add_key": 217, "request_key": 218, "keyctl": 219, "perf_event_open": 241,
        "fanotify_init": 262, "open_by_handle_at": 265, "setns": 268, "process_vm_readv": 270,
        "process_vm_writev": 271, "kcmp": 272, "memfd_create": 279, "bpf": 280, "userfaultfd": 282,
    },
)  # fmt: skip
# the same everywhere since Linux 5.0
_SHARED_NUMBERS = {
    "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428,
    "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433,
    "pidfd_getfd": 438, "mount_setattr": 442, "memfd_secret": 447,
}  # fmt: skip
_CLONE = {"x86_64": 56, "aarch64": 220}
_CLONE3 = 435
_MACHINES = {"x86_64": _X86_64, "aarch64": _AARCH64}


def filter_program(machine: str | None = None) -> bytes | None:
    """The filter for `machine` (this one by default), None where none is known."""
    machine = machine or platform.machine()
    if machine not in _MACHINES:
        return None
    audit_number, denied = _MACHINES[machine]
    refuse = (_RETURN, 0, 0, _ERRNO | errno.EPERM)
    program = [
        (_LOAD_WORD, 0, 0, _ARCHITECTURE_AT),
        (_EQUAL, 1, 0, audit_number),
        refuse,
        (_LOAD_WORD, 0, 0, _NUMBER_AT),
        # x86_64 has a second set of numbers for the same calls
        (_AT_LEAST, 0, 1, _X32_CALLS),
        refuse,
        # clone3 hides its flags in memory; without it the C library falls back to clone
        (_EQUAL, 0, 1, _CLONE3),
        (_RETURN, 0, 0, _ERRNO | errno.ENOSYS),
    ]
    for number in (denied | _SHARED_NUMBERS).values():
        program += [(_EQUAL, 0, 1, number), refuse]
    program += [
        (_EQUAL, 1, 0, _CLONE[machine]),
        (_RETURN, 0, 0, _ALLOW),
        (_LOAD_WORD, 0, 0, _FIRST_ARGUMENT_AT),
        (_ANY_BIT, 1, 0, _CLONE_THREAD),
        refuse,
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
