"""The command that puts a process into a sandbox of its own, and the refusal where there is none.

With bubblewrap (https://github.com/containers/bubblewrap) a sandboxed process has namespaces of its
own for processes, network, mounts, interprocess communication and host name. It sees the Python it
runs on and the system's libraries, read-only, and one small temporary directory in memory. There is
no /proc, no home, no checkout, no network device, no environment of ours. When its first process
dies, the kernel kills all the others.

Root cannot be limited in the number of its threads, so a sandbox started by root runs as one of the
user ids that no account has (systemd's range for such uses); one started by an ordinary user stays
that user and has a user namespace.

Without bubblewrap nothing is run, unless the user says so in the environment: RLVR_UNSAFE_CODE=1
leaves limits on one process and the killing of its group, and nothing that keeps a hostile program
from the files and the network of its user.
"""

import importlib.util
import itertools
import logging
import os
import platform
import shutil
import sys
import sysconfig
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rlvr.core.errors import UserError
from rlvr.verifiers.sandbox.bootstrap import loader

logger = logging.getLogger(__name__)

UNSAFE_VARIABLE = "RLVR_UNSAFE_CODE"
INSTALL = "install it with: apt-get install bubblewrap (or dnf, pacman, zypper install bubblewrap)"
_FIRST_FREE_UID, _LAST_FREE_UID = 61184, 65519
_TEMPORARY_MB = 64
_PAGE = os.sysconf("SC_PAGE_SIZE")
INPUT_FOLDER = "/input"
# Linux 5.14 counts RLIMIT_NPROC apart in each user namespace
_COUNTS_TASKS_APART = (5, 14)


@dataclass(frozen=True, slots=True)
class Isolation:
    """One way to start a sandboxed process.

    Attributes:
        prefix: command to put before the Python command; empty for the unsafe way.
        environment: all variables that the process gets.
        python: path of the interpreter, inside.
        drops_root: True where the process starts as root and must become someone else.
        counts_tasks: True where RLIMIT_NPROC counts the sandbox alone.
        input_folder: where a program's standard input lies as a file, inside.
    """

    prefix: tuple[str, ...]
    environment: dict[str, str]
    python: str
    drops_root: bool
    counts_tasks: bool
    input_folder: str = os.curdir

    @property
    def is_safe(self) -> bool:
        """False for the unsafe way, which isolates nothing."""
        return bool(self.prefix)

    def input_mount(self, size: int) -> list[str]:
        """Return options that make room for an input of so many bytes, and nothing else."""
        room = max(-(-size // _PAGE), 1) * _PAGE
        return ["--perms", "0755", "--size", str(room), "--tmpfs", INPUT_FOLDER]

    def python_command(self, program: str) -> list[str]:
        """Return the command that runs one of the programs of `inside`."""
        # no site packages, no current directory on the path; fixed encoding, no compiled files
        options = ["-s", "-S", "-P", "-B", "-X", "utf8"]
        return [self.python, *options, "-c", loader(program)]


_started = itertools.count()


def free_uid() -> int:
    """Choose a user id without an account; sandboxes that run at once rarely share one."""
    number = os.getpid() * 61 + next(_started)
    return _FIRST_FREE_UID + number % (_LAST_FREE_UID - _FIRST_FREE_UID + 1)


def ways() -> list[Isolation]:
    """List ways to isolate that may work here, best first; the caller tries whether they do.

    Raises:
        UserError: if bubblewrap is not installed and the user has not accepted to go without.
    """
    if os.environ.get(UNSAFE_VARIABLE) == "1":
        logger.warning("%s=1: generated programs run WITHOUT isolation", UNSAFE_VARIABLE)
        return [_unsafe()]
    bubblewrap = shutil.which("bwrap")
    if bubblewrap is None:
        raise refusal("bubblewrap, which isolates generated programs, is not installed")
    ways = [_bubblewrap(bubblewrap, as_root=False)]
    if os.geteuid() == 0:
        ways.insert(0, _bubblewrap(bubblewrap, as_root=True))
    return ways


def refusal(fault: str, remedy: str = INSTALL) -> UserError:
    """Write the message for a machine on which generated programs cannot be isolated."""
    return UserError(
        f"{fault}; {remedy}. To run generated programs WITHOUT isolation, at your own risk, "
        f"set {UNSAFE_VARIABLE}=1"
    )


def _unsafe() -> Isolation:
    environment = _environment(sys.base_prefix, _packages())
    return Isolation((), environment, sys.executable, drops_root=False, counts_tasks=False)


def _bubblewrap(bubblewrap: str, as_root: bool) -> Isolation:
    return Isolation(
        prefix=(bubblewrap, *_namespaces(as_root), *_mounts()),
        environment=_environment("/python", [Path("/packages")]),
        python="/python/bin/python",
        drops_root=as_root,
        counts_tasks=as_root or _kernel() >= _COUNTS_TASKS_APART,
        input_folder=INPUT_FOLDER,
    )


def _environment(python_home: str, path: list[Path]) -> dict[str, str]:
    return {
        "PYTHONHOME": python_home,
        "PYTHONPATH": ":".join(map(str, path)),
        # sets of strings come in one order, so that a program's verdict is the same every time
        "PYTHONHASHSEED": "0",
        "LD_LIBRARY_PATH": f"{python_home}/lib",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        # else every thread reserves 64 MiB of the address space that the memory limit counts
        "MALLOC_ARENA_MAX": "1",
        "HOME": "/tmp",
    }


def _namespaces(as_root: bool) -> list[str]:
    options = ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"]
    options += ["--unshare-cgroup-try", "--hostname", "sandbox", "--new-session"]
    options += ["--die-with-parent"]
    if as_root:
        drop = ["--cap-drop", "ALL", "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
        return options + drop
    return [*options, "--unshare-user", "--uid", "65534", "--gid", "65534"]


def _mounts() -> list[str]:
    options: list[str] = []
    # searchable and not readable: the names of the input are there, and nothing is to be listed
    for folder in ("/dev", "/proc", "/proc/self", "/proc/self/fd"):
        options += ["--perms", "0111", "--dir", folder]
    for folder in ("/usr", "/etc", "/packages", "/python", "/python/bin"):
        # bubblewrap makes what it has to make by itself readable for root alone
        options += ["--dir", folder]
    for folder in ("/usr/lib", "/usr/lib64", "/nix/store"):
        options += ["--ro-bind-try", folder, folder]
    for folder in ("/lib", "/lib64"):
        if os.path.islink(folder):
            options += ["--symlink", os.readlink(folder), folder]
        else:
            options += ["--ro-bind-try", folder, folder]
    options += ["--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]
    options += _python_mounts()
    for device in ("/dev/null", "/dev/urandom"):
        options += ["--dev-bind", device, device]
    for packages in _packages():
        for part in ("numpy", "numpy.libs"):
            options += ["--ro-bind-try", str(packages / part), f"/packages/{part}"]
    options += _names_of_streams()
    options += ["--size", str(_TEMPORARY_MB * 1024 * 1024), "--tmpfs", "/tmp", "--chdir", "/tmp"]
    return [*options, "--remount-ro", "/"]


def _names_of_streams() -> list[str]:
    """Mount a folder for the input as a file and the usual names of the streams."""
    options = ["--perms", "0755", "--dir", INPUT_FOLDER]
    for name in ("/dev/stdin", "/proc/self/fd/0"):
        options += ["--symlink", f"{INPUT_FOLDER}/stdin", name]
    for name in ("/dev/stdout", "/dev/stderr"):
        # there for who asks whether they are; `inside.script` opens the real ones
        options += ["--symlink", "/dev/null", name]
    return [*options, "--symlink", "/proc/self/fd", "/dev/fd"]


def _python_mounts() -> list[str]:
    """Mount the interpreter and its standard library, without installed packages."""
    base = Path(sys.base_prefix)
    options = ["--ro-bind", str(Path(sys.executable).resolve()), "/python/bin/python"]
    for part in ("lib", "lib64"):
        options += ["--ro-bind-try", str(base / part), f"/python/{part}"]
    for part in ("lib", "lib64"):
        installed = f"{part}/python{sysconfig.get_python_version()}/site-packages"
        if (base / installed).is_dir():
            options += ["--tmpfs", f"/python/{installed}", "--remount-ro", f"/python/{installed}"]
    return options


def _packages() -> list[Path]:
    """List the folder of numpy, which many programs and tests use."""
    numpy = importlib.util.find_spec("numpy")
    return [Path(numpy.origin).parent.parent] if numpy and numpy.origin else []


@cache
def _kernel() -> tuple[int, ...]:
    return tuple(int(part) for part in platform.release().split("-")[0].split(".")[:2])
