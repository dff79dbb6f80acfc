"""The client's patience: how it spaces requests, and how a stop reaches those that wait."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from rlvr.distill.teachers.http_retry import Gate, Patience, PatientClient, Stopped
from tests.rlvr.distill.openai_server import Fault, serving


def test_requests_start_no_faster_than_the_limit_from_any_number_of_threads() -> None:
    gate, never = Gate(per_minute=1200), threading.Event()
    began = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: gate.go_through(never), range(9)))
    # a lower bound, which no load of the machine can break
    assert time.monotonic() - began >= 8 * 0.05


def test_stop_ends_a_request_that_waits_for_the_server_to_recover() -> None:
    with serving() as server:
        server.always = Fault(503, {"Retry-After": "100"})
        client = PatientClient(None, Patience(attempts=3, backoff_s=100, timeout_s=10))
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(client.post, f"{server.url}/completions", {"prompt": "p"})
            while not server.bodies:
                time.sleep(0.01)
            client.stop()
            with pytest.raises(Stopped):
                waiting.result()
    assert len(server.bodies) == 1


def test_retry_after_may_be_a_date() -> None:
    with serving() as server:
        past = "Wed, 21 Oct 2015 07:28:00 GMT"
        server.faults = {0: Fault(429, {"Retry-After": past}), 1: Fault(429, {"Retry-After": "?"})}
        client = PatientClient(None, Patience(attempts=3, backoff_s=0.01, timeout_s=10))
        body = {"prompt": "1 2 3 4 -> 10 :", "seed": 0}
        assert client.post(f"{server.url}/completions", body)["choices"]
    assert len(server.bodies) == 3
