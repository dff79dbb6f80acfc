"""Killable workers, with tasks that do what hostile answers make libraries do."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rlvr.verifiers.workers import pool
from rlvr.verifiers.workers.pool import WorkerPool

pytestmark = pytest.mark.timeout(120)

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def task() -> Iterator[str]:
    sys.path.insert(0, str(HERE))
    yield "pool_tasks:act"
    sys.path.remove(str(HERE))


@pytest.fixture
def workers(task: str) -> Iterator[WorkerPool]:
    opened = WorkerPool(task, workers=2)
    yield opened
    opened.close()


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def _wait_until_gone(pid: int) -> None:
    while _alive(pid):
        time.sleep(0.05)


def test_replies_come_in_the_order_of_the_requests(workers: WorkerPool) -> None:
    requests = [["echo", number] for number in range(200)]
    replies = workers.run(requests, timeout_s=10)
    assert [reply.value for reply in replies] == list(range(200))


def test_a_late_worker_is_killed_and_replaced_even_if_it_ignores_signals(
    workers: WorkerPool,
) -> None:
    spin = ["ignore signals and spin", None]
    replies = workers.run([spin, ["echo", 1], spin, spin, ["echo", 2]], timeout_s=0.5)
    assert [reply.status for reply in replies] == ["timeout", "done", "timeout", "timeout", "done"]


def test_a_late_worker_is_gone_and_its_reply_says_when_it_was_killed(
    workers: WorkerPool, tmp_path: Path
) -> None:
    note = tmp_path / "pid"
    (reply,) = workers.run([["note pid and spin", str(note)]], timeout_s=2.0)
    assert reply.status == "timeout"
    assert reply.killed_after_s is not None
    assert 0 < reply.killed_after_s < 2.0  # so that the reply itself is in time
    _wait_until_gone(int(note.read_text()))


def test_a_late_reply_says_how_long_its_worker_computed(workers: WorkerPool) -> None:
    """Waiting is no computing: who decides by it must not take a busy machine for a slow task."""
    requests = [["ignore signals and spin", 0], ["sleep", 60]]
    spinning, sleeping = workers.run(requests, timeout_s=2.0)
    assert spinning.computed_s is not None
    assert sleeping.computed_s is not None
    assert spinning.computed_s > 0.1
    assert sleeping.computed_s < 0.1


def test_a_second_try_has_only_what_the_first_one_left_of_the_limit(task: str) -> None:
    """Each try dies before the limit, both together after it."""
    single = WorkerPool(task, workers=1)
    try:
        requests = [["echo", 1], ["sleep and die", 1.2]]
        replies = single.run(requests, timeout_s=2.0)
    finally:
        single.close()
    assert [reply.status for reply in replies] == ["done", "timeout"]


def test_a_worker_that_dies_costs_its_own_request_only(workers: WorkerPool) -> None:
    replies = workers.run([["echo", 1], ["die", 3], ["echo", 2]], timeout_s=10)
    assert [reply.status for reply in replies] == ["done", "crashed", "done"]


def test_an_exception_is_a_reply_with_its_text(workers: WorkerPool) -> None:
    (reply,) = workers.run([["raise", "no such thing"]], timeout_s=10)
    assert (reply.status, reply.reason) == ("raised", "ValueError: no such thing")


def test_memory_is_limited(task: str) -> None:
    small = WorkerPool(task, workers=1, memory_bytes=512 << 20)
    try:
        replies = small.run([["fill memory", 4 << 30], ["fill memory", 1 << 20]], timeout_s=10)
    finally:
        small.close()
    assert [reply.status for reply in replies] == ["memory", "done"]


def test_threads_share_the_workers_and_none_waits_for_ever(workers: WorkerPool) -> None:
    def run(number: int) -> list[object]:
        replies = workers.run([["echo", [number, index]] for index in range(50)], timeout_s=10)
        return [reply.value for reply in replies]

    with ThreadPoolExecutor(6) as threads:
        results = list(threads.map(run, range(6)))
    assert results == [[[number, index] for index in range(50)] for number in range(6)]


def test_a_small_request_does_not_wait_for_a_large_one(workers: WorkerPool) -> None:
    finished: list[str] = []
    begun = threading.Event()

    def large() -> None:
        begun.set()
        workers.run([["sleep", 0.1]] * 60, timeout_s=10)
        finished.append("large")

    thread = threading.Thread(target=large)
    thread.start()
    begun.wait()
    time.sleep(0.3)
    workers.run([["echo", 1]], timeout_s=10)
    finished.append("small")
    thread.join()
    assert finished == ["small", "large"]


def test_workers_survive_the_thread_that_started_them(workers: WorkerPool) -> None:
    thread = threading.Thread(target=workers.run, args=([["echo", 1]],), kwargs={"timeout_s": 10})
    thread.start()
    thread.join()
    (reply,) = workers.run([["echo", 2]], timeout_s=10)
    assert reply.value == 2


def test_workers_are_used_again_and_not_forked_for_each_request(workers: WorkerPool) -> None:
    replies = workers.run([["pid", None]] * 40, timeout_s=10)
    assert len({reply.value for reply in replies}) <= 2


def test_closing_ends_every_process(task: str) -> None:
    opened = WorkerPool(task, workers=2)
    pids = {reply.value for reply in opened.run([["pid", None]] * 10, timeout_s=10)}
    opened.close()
    for pid in pids:
        _wait_until_gone(pid)


def test_a_closed_pool_starts_again(workers: WorkerPool) -> None:
    workers.run([["echo", 1]], timeout_s=10)
    workers.close()
    (reply,) = workers.run([["echo", 2]], timeout_s=10)
    assert reply.value == 2


def test_a_pool_whose_forking_process_was_killed_starts_again(workers: WorkerPool) -> None:
    (reply,) = workers.run([["pid", None]], timeout_s=10)
    parent = int(Path(f"/proc/{reply.value}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(parent, signal.SIGKILL)
    _wait_until_gone(parent)
    (reply,) = workers.run([["echo", 2]], timeout_s=10)
    assert reply.value == 2


def test_a_task_that_cannot_be_imported_is_an_error_with_its_reason() -> None:
    with pytest.raises(RuntimeError, match="No module named 'no_such_module'"):
        WorkerPool("no_such_module:act").start()


def test_one_task_has_one_pool_a_process(task: str) -> None:
    assert pool.shared(task) is pool.shared(task)


_PARENT = """
import sys, time
sys.path.insert(0, {here!r})
from rlvr.verifiers.workers import pool
replies = pool.shared("pool_tasks:act").run([["pid", None]] * 8, timeout_s=10)
print(*sorted({{reply.value for reply in replies}}), flush=True)
import threading
threading.Thread(
    target=pool.shared("pool_tasks:act").run,
    args=([["ignore signals and spin", None]],),
    kwargs={{"timeout_s": 600}},
    daemon=True,
).start()
{end}
"""


@pytest.mark.parametrize(
    "end", ["time.sleep(0.5)", "time.sleep(600)"], ids=["parent exits", "parent is killed"]
)
def test_workers_end_with_their_parent_even_in_the_middle_of_a_request(end: str) -> None:
    program = _PARENT.format(here=str(HERE), end=end)
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    if "600" in end:
        parent.kill()
    parent.wait()
    parent.stdout.close()
    assert pids
    for pid in pids:
        _wait_until_gone(pid)


def test_a_process_forked_from_this_one_gets_workers_of_its_own(task: str) -> None:
    mine = {reply.value for reply in pool.shared(task).run([["pid", None]] * 8, timeout_s=10)}
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            replies = pool.shared(task).run([["pid", None]] * 8, timeout_s=10)
            pool.shared(task).close()
            os.write(write_end, " ".join(str(reply.value) for reply in replies).encode())
        finally:
            os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end) as answer:
        theirs = {int(pid) for pid in answer.read().split()}
    os.waitpid(child, 0)
    assert theirs
    assert not mine & theirs
    (reply,) = pool.shared(task).run([["echo", 1]], timeout_s=10)
    assert reply.value == 1
