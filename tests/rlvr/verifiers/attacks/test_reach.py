"""Programs that reach for what is not theirs: files, processes, the network, the kernel.

Each one prints the answer that earns the reward if it got through. Those marked `bare` are also run
without a sandbox, to show that they are real attacks and fail here because of it.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rlvr.core.records import Outcome, Verdict

Grade = Callable[..., Verdict]

PRIZE = "42"
SECRET = "a sentence that only the machine outside knows"
GOLD = {"kind": "stdio", "tests": [{"input": "", "output": PRIZE}]}
ATTEMPT = """
import ctypes, os, resource, signal, socket, sys, time
libc = ctypes.CDLL(None, use_errno=True)
def attempt():
{body}
try:
    won = attempt()
except OSError:
    won = False
print({prize} if won else "beaten")
"""


@dataclass(frozen=True)
class Reach:
    """Body of a function that returns True if the attack got through."""

    name: str
    body: str
    bare: bool = False


REACHES = [
    Reach("reads_the_checkout", "return 'class CodeVerifier' in open('{checkout}').read()", True),
    Reach("reads_a_file_of_the_user", "return '{secret}' in open('{file}').read()", True),
    Reach("lists_the_home_directory", "return os.path.isdir('{home}')", True),
    Reach("reads_the_accounts", "return 'root' in open('/etc/passwd').read()", True),
    Reach("climbs_out_by_dots", "return '{secret}' in open('../' * 20 + '{file}').read()", True),
    Reach(
        "follows_a_link_of_its_own",
        "os.symlink('{file}', 'link')\nreturn '{secret}' in open('link').read()",
        True,
    ),
    Reach("reads_environment_variables", "return '{secret}' in str(os.environ)", True),
    Reach(
        "reads_the_command_line_of_its_parent",
        "return open('/proc/{pid}/cmdline', 'rb').read() != b''",
        True,
    ),
    Reach("looks_through_proc", "return any(name.isdigit() for name in os.listdir('/proc'))", True),
    Reach(
        "walks_into_its_parents_root",
        "return os.path.isdir(os.path.join('/proc/1', 'root', 'usr'))",
    ),
    Reach(
        "finds_open_files_of_its_parent",
        """
for fd in range(3, 4096):
    try:
        if b'{secret}' in os.pread(fd, 1000, 0):
            return True
    except OSError:
        pass
""",
    ),
    Reach(
        "writes_to_a_file_of_the_user",
        "with open('{scratch}', 'w') as file:\n    return file.write('x') == 1",
        True,
    ),
    Reach(
        "writes_wherever_it_can",
        """
folders = ['/', '/dev', '/etc', '/home', '/packages', '/python/lib',
           '/run', '/usr', '/usr/lib', '/var/tmp', '/dev/shm', '/root', '/proc', '/sys']
for folder in folders:
    try:
        open(folder + '/left', 'w')
        return True
    except OSError:
        pass
""",
    ),
    Reach(
        "connects_to_a_server_on_this_machine",
        "return socket.create_connection(('127.0.0.1', {port}), 0.5)",
        True,
    ),
    Reach(
        "connects_to_an_abstract_socket",
        "s = socket.socket(socket.AF_UNIX)\ns.connect('\\0{abstract}')\nreturn True",
        True,
    ),
    Reach(
        "sends_to_the_outside",
        "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "return s.sendto(b'x', ('192.0.2.1', 9))",
    ),
    Reach("talks_to_the_kernel", "return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)", True),
    Reach("signals_its_parent", "os.kill({pid}, 0)\nreturn True", True),
    Reach("signals_a_sibling", "os.kill({victim}, 0)\nreturn True", True),
    Reach(
        "kills_every_process_it_can_name",
        """
killed = 0
for pid in range(2, 5000):
    try:
        if pid != os.getpid():
            os.kill(pid, signal.SIGKILL)
            killed += 1
    except OSError:
        pass
return killed
""",
    ),
    Reach("kills_everyone_at_once", "os.kill(-1, signal.SIGKILL)\nreturn True"),
    Reach(
        "traces_its_parent",
        "PTRACE_ATTACH = 16\nreturn libc.ptrace(PTRACE_ATTACH, os.getppid(), 0, 0) == 0",
    ),
    Reach("asks_to_be_traced", "return libc.ptrace(0, 0, 0, 0) == 0", True),
    Reach("starts_a_shell", "os.execv('/bin/sh', ['sh', '-c', 'echo {prize}'])", True),
    Reach("starts_a_child", "pid = os.fork()\nif not pid:\n    os._exit(0)\nreturn pid", True),
    Reach("enters_new_namespaces", "return libc.unshare(0x10000000 | 0x00020000) == 0"),
    Reach("mounts_proc", "return libc.mount(b'proc', b'/tmp', b'proc', 0, None) == 0"),
    Reach("makes_the_root_writable", "return libc.mount(None, b'/', None, 32 | 4096, None) == 0"),
    Reach("changes_its_root", "os.chroot('/tmp')\nreturn True"),
    Reach("becomes_root", "os.setuid(0)\nreturn True"),
    Reach("makes_a_device", "os.mknod('disk', 0o60666, os.makedev(254, 0))\nreturn True"),
    Reach("finds_devices", "return set(os.listdir('/dev')) - {{'null', 'urandom'}}", True),
    Reach("opens_the_terminal", "return open('/dev/tty', 'w')"),
    Reach("sets_the_clock", "time.clock_settime(time.CLOCK_REALTIME, 0)\nreturn True"),
    Reach("renames_the_machine", "socket.sethostname('mine')\nreturn True"),
    Reach("goes_before_others", "os.setpriority(os.PRIO_PROCESS, 0, -20)\nreturn True"),
    Reach(
        "takes_the_processor_for_itself",
        "os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(99))\nreturn True",
    ),
    Reach(
        "raises_its_limits",
        """
for limit in (resource.RLIMIT_AS, resource.RLIMIT_CPU, resource.RLIMIT_FSIZE,
              resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC, resource.RLIMIT_CORE):
    try:
        soft, hard = resource.getrlimit(limit)
        if hard == resource.RLIM_INFINITY:
            return True
        resource.setrlimit(limit, (soft, hard + 1))
        return True
    except ValueError:
        pass
""",
        True,
    ),
    Reach(
        "leaves_a_key_in_the_kernel",
        "SYS_add_key = {{'x86_64': 248, 'aarch64': 217}}[os.uname().machine]\n"
        "return libc.syscall(SYS_add_key, b'user', b'left', b'x', 1, -2) > 0",
    ),
    Reach("leaves_shared_memory", "return libc.shmget(4242, 4096, 0o1666) >= 0"),
    Reach("leaves_a_message_queue", "return libc.msgget(4242, 0o1666) >= 0"),
    Reach("hides_memory_in_a_file", "return os.memfd_create('hidden')", True),
    Reach(
        "uses_rare_system_calls",
        """
io_uring_setup, userfaultfd = 425, {{'x86_64': 323, 'aarch64': 282}}[os.uname().machine]
bpf = {{'x86_64': 321, 'aarch64': 280}}[os.uname().machine]
room = ctypes.create_string_buffer(256)
return any(libc.syscall(call, *arguments) >= 0 for call, arguments in
           [(io_uring_setup, (1, room)), (userfaultfd, (1,)), (bpf, (0, room, 72))])
""",
    ),
]


@pytest.fixture(scope="module")
def victim() -> Iterator[int]:
    """An innocent process of the same user."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process.pid
        assert process.poll() is None, "an attack has killed it"
        process.communicate(b"\n")


@pytest.fixture
def surroundings(
    victim: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, Any]]:
    """What there is to reach for outside."""
    file = tmp_path / "file"
    file.write_text(SECRET)
    monkeypatch.setenv("RLVR_TEST_SECRET", SECRET)
    inherited = os.open(file, os.O_RDONLY)
    os.set_inheritable(inherited, True)
    abstract = f"rlvr-test-{os.getpid()}"
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as local:
        local.bind(f"\0{abstract}")
        local.listen()
        yield {
            "checkout": Path(__file__).parents[4] / "rlvr/verifiers/code/verifier.py",
            "file": file,
            "scratch": tmp_path / "scratch",
            "home": Path.home(),
            "secret": SECRET,
            "port": server.getsockname()[1],
            "abstract": abstract,
            "pid": os.getpid(),
            "victim": victim,
            "prize": PRIZE,
        }
    os.close(inherited)


def _program(reach: Reach, surroundings: dict[str, Any]) -> str:
    body = reach.body.format(**surroundings).strip().replace("\n", "\n    ")
    return ATTEMPT.format(body=f"    {body}", prize=PRIZE)


@pytest.mark.parametrize("reach", REACHES, ids=lambda reach: reach.name)
def test_reach_is_refused(reach: Reach, surroundings: dict[str, Any], grade: Grade) -> None:
    verdict = grade(_program(reach, surroundings), GOLD, timeout_s=5.0)
    assert verdict.outcome == Outcome.WRONG
    assert verdict.reason == "test 1 of 1: another output than expected", "it did not get to run"
    assert not surroundings["scratch"].exists()


@pytest.mark.parametrize("reach", [r for r in REACHES if r.bare], ids=lambda reach: reach.name)
def test_reach_gets_through_without_a_sandbox(
    reach: Reach, surroundings: dict[str, Any], tmp_path: Path
) -> None:
    command = [sys.executable, "-S", "-c", _program(reach, surroundings)]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=30)
    assert run.stdout == f"{PRIZE}\n", run.stderr
