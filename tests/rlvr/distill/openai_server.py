"""A real HTTP server on 127.0.0.1 that speaks enough of OpenAI's API, and fails when it is told to.

Its model solves countdown: the answer to (prompt, seed) is always the same plan, so tests can say
which traces must come. Faults are given by the number of the request, from 0.
"""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from rlvr.tiny.countdown import solutions, written

GARBAGE = "garbage"
HANG_UP = "hang up"


@dataclass(frozen=True)
class Fault:
    """An HTTP status, or GARBAGE, or HANG_UP; `message` is the error's text."""

    status: int | str
    headers: Mapping[str, str] = field(default_factory=dict)
    message: str = ""


class OpenAIServer(ThreadingHTTPServer):
    """Counts what it is asked and what it answered.

    Attributes:
        faults: request number -> what goes wrong.
        always: what goes wrong with every other request; None for nothing.
        refuses: a text whose prompts are refused with status 400.
        answered: (prompt, seed) -> how often it was answered in full.
        times: when each request came, monotonic.
        delay_s: before each answer.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.faults: dict[int, Fault] = {}
        self.always: Fault | None = None
        self.refuses: str | None = None
        self.answered: Counter[tuple[str, int]] = Counter()
        self.bodies: list[dict[str, Any]] = []
        self.keys: set[str | None] = set()
        self.times: list[float] = []
        self.delay_s = 0.0
        self.under_way = self.most_under_way = 0
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: OpenAIServer

    def do_POST(self) -> None:
        """One completion, or a fault."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            number = len(self.server.bodies)
            self.server.bodies.append(body)
            self.server.keys.add(self.headers["Authorization"])
            self.server.times.append(time.monotonic())
            self.server.under_way += 1
            self.server.most_under_way = max(self.server.most_under_way, self.server.under_way)
        time.sleep(self.server.delay_s)
        with self.server.lock:
            # before the answer: whoever has it may ask again at once
            self.server.under_way -= 1
        self._answer(number, body)

    def _answer(self, number: int, body: dict[str, Any]) -> None:
        fault = self.server.faults.get(number, self.server.always)
        if fault is not None:
            self._fail(fault)
            return
        is_chat = self.path.endswith("/chat/completions")
        prompt = body["messages"][-1]["content"] if is_chat else body["prompt"]
        if self.server.refuses is not None and self.server.refuses in prompt:
            self._send(400, {"error": {"message": "the prompt is too long"}})
            return
        text = plan(prompt, body["seed"])
        said = {"message": {"role": "assistant", "content": text}} if is_chat else {"text": text}
        with self.server.lock:
            self.server.answered[prompt, body["seed"]] += 1
        self._send(200, {"choices": [{"index": 0, "finish_reason": "stop", **said}]})

    def _fail(self, fault: Fault) -> None:
        if fault.status == HANG_UP:
            self.close_connection = True
        elif fault.status == GARBAGE:
            self._write(200, b"<html>gateway</html>", {})
        else:
            message = fault.message or f"fault {fault.status}"
            content = json.dumps({"error": {"message": message}}).encode()
            self._write(int(fault.status), content, fault.headers)

    def _send(self, status: int, content: Mapping[str, Any]) -> None:
        self._write(status, json.dumps(content).encode(), {})

    def _write(self, status: int, content: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the test's output clean."""


def plan(prompt: str, seed: int) -> str:
    """The answer that belongs to a prompt and a seed."""
    numbers, _, target = prompt.partition(" :")[0].partition(" -> ")
    found = solutions(tuple(map(int, numbers.split())), int(target))
    return f" {written(found[seed % len(found)])}"


@contextmanager
def serving() -> Iterator[OpenAIServer]:
    """A server on a thread, for as long as the block runs."""
    server = OpenAIServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
