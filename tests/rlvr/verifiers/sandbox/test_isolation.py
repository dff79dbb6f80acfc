"""Who gets a sandbox: root, an ordinary user, and those who go without at their own risk."""

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

from rlvr.verifiers.sandbox import Isolation, Limits, Program, run_program
from tests.needs import skip_or_fail

ROOT = Path(__file__).parents[4]
TRY = """
from rlvr.core.errors import UserError
from rlvr.verifiers.sandbox import FunctionTests, Limits, Program, isolate
from rlvr.verifiers.sandbox import run_function_tests, run_program
try:
    isolation = isolate()
except UserError as error:
    print(error)
    raise SystemExit(2)
limits = Limits(run_s=3.0)
for source in {sources!r}:
    run = run_program(isolation, Program(source), "", limits)
    print(run.output.strip() or run.fault.reason)
tests = FunctionTests("f", "assert f(2) == 4")
print(run_function_tests(isolation, Program("def f(x): return 2 * x"), tests, limits).outcome)
"""
ENDLESS = """
import threading, time
from pathlib import Path
from rlvr.verifiers.sandbox import Limits, Program, isolate, run_program
def run():
    run_program(isolation, Program({source!r}), "", Limits(run_s=600.0))
isolation = isolate()
threading.Thread(target=run).start()
def children(pid):
    return Path(f"/proc/{{pid}}/task/{{pid}}/children").read_text().split()
while True:
    time.sleep(0.05)
    try:
        for thread in Path("/proc/self/task").iterdir():
            for bubblewrap in (thread / "children").read_text().split():
                (first,) = children(bubblewrap)
                (python,) = children(first)
                print(python, flush=True)
                time.sleep(600)
    except (OSError, ValueError):
        pass
"""
PRIVILEGES = """
import ctypes, os
libc = ctypes.CDLL(None)
print(*os.getresuid(), *os.getresgid())
print(os.getgroups())
header, capabilities = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
assert libc.capget(header, capabilities) == 0
# effective and permitted, low and high words; what is merely inheritable has no effect
print(*capabilities[0:2], *capabilities[3:5])
PR_GET_NO_NEW_PRIVS, PR_GET_SECCOMP = 39, 21
print(libc.prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0))
print(libc.prctl(PR_GET_SECCOMP, 0, 0, 0, 0))
print(os.getpid())
"""
SEES = "import os; print(sorted(os.listdir('/')), os.path.exists({file!r}), os.listdir('.'))"
FORKS = "import os; os.fork()"


def _try(
    sources: list[str],
    environment: dict[str, str],
    python: str = sys.executable,
    user: int | None = None,
) -> subprocess.CompletedProcess[str]:
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [python, "-c", TRY.format(sources=sources)]
    groups = None if user is None else ()
    return subprocess.run(
        command,
        env=environment,
        cwd="/",
        user=user,
        group=user,
        extra_groups=groups,
        capture_output=True,
        text=True,
    )


def test_without_bubblewrap_nothing_runs_and_the_message_says_what_to_install() -> None:
    run = _try(["print('ran')"], {"PATH": "/nowhere"})
    assert run.returncode == 2, run.stderr
    assert "apt-get install bubblewrap" in run.stdout
    assert "RLVR_UNSAFE_CODE=1" in run.stdout
    assert "ran" not in run.stdout


def test_bubblewrap_that_does_not_work_is_not_taken_for_one_that_does(tmp_path: Path) -> None:
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: No permissions' >&2\nexit 1\n")
    broken.chmod(0o755)
    run = _try(["print('ran')"], {"PATH": f"{tmp_path}:/usr/bin:/bin"})
    assert run.returncode == 2, run.stderr
    assert "bwrap: No permissions" in run.stdout
    assert "user namespaces" in run.stdout


def test_at_the_users_own_risk_programs_run_under_limits_alone(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    folders = "import os\nfor _ in range(3000):\n  os.mkdir('d')\n  os.chdir('d')\nprint('deep')"
    daemon = "import os, time\nif os.fork() == 0: time.sleep(10**6)\nprint(os.getpgrp())"
    environment = {"PATH": "/usr/bin:/bin", "RLVR_UNSAFE_CODE": "1", "TMPDIR": str(tmp_path)}
    run = _try([f"print({str(file)!r})", folders, "x = b'x' * (1 << 31)", daemon], environment)
    assert run.returncode == 0, run.stderr
    printed, deep, memory, group, outcome = run.stdout.split("\n")[:5]
    assert (printed, deep, memory, outcome) == (
        str(file),
        "deep",
        "MemoryError (line 1)",
        "correct",
    )
    assert _running_in_group(group) == []
    assert list(tmp_path.iterdir()) == [file], "the temporary folders are removed"
    assert "WITHOUT isolation" in run.stderr


def _running_in_group(group: str) -> list[str]:
    """Processes of a group that are not dead yet, by /proc/<pid>/stat."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, its_group, *_ = stat.read_text().rpartition(")")[2].split()
            found += [str(stat)] if its_group == group and state != "Z" else []
    return found


def test_an_ordinary_user_gets_the_same_sandbox(isolation: Isolation, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    python, user = sys.executable, None
    if os.geteuid() == 0:
        # root's own interpreter may lie where nobody else can read
        python, user = _python_for_everyone(), 65534
    sources = [SEES.format(file=str(file)), FORKS, "import os; print(os.getuid())"]
    run = _try(sources, {"PATH": "/usr/bin:/bin"}, python, user)
    assert run.returncode == 0, run.stdout + run.stderr
    sees, forks, uid, outcome = run.stdout.split("\n")[:4]
    assert sees.endswith("False []")
    assert "home" not in sees
    assert "root" not in sees
    assert "not permitted" in forks
    assert (uid, outcome) == ("65534", "correct")


def test_program_has_no_privileges(isolation: Isolation) -> None:
    run = run_program(isolation, Program(PRIVILEGES), "", Limits(run_s=20.0))
    users, groups, capabilities, no_new_privileges, filters, processes = run.output.splitlines()
    assert "0" not in users.split()
    assert groups in ("[]", "[65534]")
    assert set(capabilities.split()) == {"0"}
    assert (no_new_privileges, filters) == ("1", "2"), "man 2 prctl"
    assert int(processes) <= 2, "ids start anew in its own process namespace"


def test_sandbox_dies_with_the_process_that_started_it(isolation: Isolation) -> None:
    endless = "import sys, time\nprint('up', flush=True)\ntime.sleep(10**6)"
    command = [sys.executable, "-c", ENDLESS.format(source=endless)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        inner = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 30
    while Path(f"/proc/{inner}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{inner}").exists()


def _python_for_everyone() -> str:
    """An interpreter that an ordinary user can run, and that is new enough."""
    check = "import sys; sys.exit(sys.version_info < (3, 11))"
    for python in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        try:
            if subprocess.run([python, "-c", check], user=65534, cwd="/").returncode == 0:
                return python
        except OSError:
            continue
    return skip_or_fail("no Python 3.11 here that an ordinary user may run")
