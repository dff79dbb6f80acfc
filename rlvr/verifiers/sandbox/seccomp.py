"""The system calls that a sandboxed program may make, as a filter for the Linux kernel.

Namespaces already leave a program nothing to reach. The filter takes away what it could still use
up or attack: it cannot start a second process (so one process's memory limit is the sandbox's, and
nothing can be left behind), open sockets, hold memory that no limit counts, or reach the parts of
the kernel that most exploits go through. Threads, files, pipes, clocks and socket pairs remain, and
whatever is not listed here, calls of later kernels included, is refused.

The filter is a classic BPF program as `man 2 seccomp` describes it. The kernel remembers which
calls it allows whatever their arguments (since Linux 5.11), so its length costs nothing. On
architectures not listed here there is none, and the namespaces and limits stand alone.
"""

import errno
import platform
import struct
from functools import cache

_LOAD_WORD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_NUMBER_AT, _ARCHITECTURE_AT, _FIRST_ARGUMENT_AT = 0, 4, 16
_CLONE_THREAD = 0x00010000
_X32_CALLS = 0x40000000

# Ranges of allowed numbers, first and last, from the kernel's unistd_64.h and unistd.h; clone comes
# by itself. What the gaps leave out is said beside them.
_X86_64 = (
    0xC000003E,
    56,
    (
        (0, 28),  # shmget, shmat, shmctl
        (32, 40),  # socket, connect, accept
        (44, 48),  # bind, listen
        (51, 55),  # clone, fork, vfork
        (59, 63),  # semget .. msgctl: System V's semaphores and queues
        (72, 100),  # ptrace
        (102, 102),  # syslog
        (104, 133),  # uselib, personality, ustat
        (137, 138),  # sysfs
        (140, 152),  # vhangup, modify_ldt, pivot_root, _sysctl
        (157, 158),  # adjtimex
        (160, 160),  # chroot, sync, acct, settimeofday, mount .. security
        (186, 187),  # setxattr .. fremovexattr
        (200, 204),  # set_thread_area, io_setup .. io_cancel
        (211, 211),  # lookup_dcookie
        (213, 213),  # remap_file_pages and calls that are no more
        (217, 219),  # semtimedop
        (221, 226),  # clock_settime
        (228, 235),  # vserver, mbind, set_mempolicy
        (239, 239),  # mq_open .. kexec_load
        (247, 247),  # add_key, request_key, keyctl, ioprio_set
        (252, 252),  # inotify_init .. migrate_pages
        (257, 271),  # unshare
        (273, 274),  # splice, tee
        (277, 277),  # vmsplice, move_pages
        (280, 287),  # accept4
        (289, 293),  # inotify_init1
        (295, 297),  # perf_event_open
        (299, 299),  # fanotify_init, fanotify_mark
        (302, 302),  # name_to_handle_at, open_by_handle_at, clock_adjtime, syncfs
        (307, 307),  # setns
        (309, 309),  # process_vm_readv .. finit_module
        (314, 318),  # memfd_create, kexec_file_load, bpf
        (322, 322),  # userfaultfd
        (324, 332),  # io_pgetevents
        (334, 334),  # and all from pidfd_send_signal on but the shared ones
    ),
)
_AARCH64 = (
    0xC00000B7,
    220,
    (
        (17, 17),  # io_setup .. fremovexattr before, lookup_dcookie behind
        (19, 25),  # inotify_init1 .. ioprio_set
        (31, 38),  # umount2, mount, pivot_root, nfsservctl
        (43, 50),  # chroot
        (52, 57),  # vhangup
        (59, 59),  # quotactl
        (61, 74),  # vmsplice, splice, tee
        (78, 80),  # sync
        (82, 88),  # acct
        (90, 91),  # personality
        (93, 96),  # unshare
        (98, 103),  # kexec_load, init_module, delete_module
        (107, 111),  # clock_settime
        (113, 115),  # syslog, ptrace
        (118, 141),  # reboot
        (143, 160),  # sethostname, setdomainname
        (163, 169),  # settimeofday, adjtimex
        (172, 179),  # mq_open .. shmdt, socket
        (199, 199),  # bind, listen, accept, connect
        (204, 216),  # add_key, request_key, keyctl, clone
        (221, 223),  # swapon, swapoff
        (226, 233),  # remap_file_pages, mbind
        (236, 236),  # set_mempolicy, migrate_pages, move_pages
        (240, 240),  # perf_event_open, accept4
        (243, 243),  # calls of single machines
        (260, 261),  # fanotify_init .. syncfs, setns
        (269, 269),  # process_vm_readv .. finit_module
        (274, 278),  # memfd_create, bpf
        (281, 281),  # userfaultfd
        (283, 291),  # io_pgetevents
        (293, 293),  # and all from pidfd_send_signal on but the shared ones
    ),
)
# the same everywhere: close_range, openat2, faccessat2, epoll_pwait2, fchmodat2
_SHARED = ((436, 437), (439, 439), (441, 441), (452, 452))
_CLONE3 = 435
_MACHINES = {"x86_64": _X86_64, "aarch64": _AARCH64}


@cache
def filter_program(machine: str | None = None) -> bytes | None:
    """Return the filter for `machine` (default: this one), None where none is known."""
    machine = machine or platform.machine()
    if machine not in _MACHINES:
        return None
    audit_number, clone, ranges = _MACHINES[machine]
    allow, refuse = (_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _ERRNO | errno.EPERM)
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
        (_EQUAL, 0, 4, clone),
        (_LOAD_WORD, 0, 0, _FIRST_ARGUMENT_AT),
        (_ANY_BIT, 0, 1, _CLONE_THREAD),
        allow,
        refuse,
    ]
    for first, last in ranges + _SHARED:
        # numbers ascend, so that one below a range lies in the gap before it
        program += [(_AT_LEAST, 1, 0, first), refuse, (_AT_LEAST, 1, 0, last + 1), allow]
    program.append(refuse)
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
