"""POST requests that outlast a server's bad moments: retries, backoff, a limit on their rate.

What may pass is tried again: lost connections, time-outs, replies that are no JSON, and the status
codes that say so (408, 425, 429, 5xx). The wait doubles from try to try, with jitter so that
requests do not come back in step; a server's Retry-After goes before it, and holds back *all*
requests, not only the one that was told. What will not pass ends at once: a request that the server
will never take is `Refused`, a wrong address or key is the user's to correct.
"""

import json
import random
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from rlvr.core.errors import UserError
from rlvr.core.secrets import redacted, redacted_value

_TRY_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_REFUSED = frozenset({400, 413, 422})
_LONGEST_WAIT_S = 120.0
_LONGEST_REPLY, _LONGEST_MESSAGE = 1_000_000, 2_000


class Refused(Exception):
    """The server will never take this request, as it is; others it may."""


class Stopped(Exception):
    """Another request has failed for good, and this one gives up with it."""


class _MayPass(Exception):
    """A failure after which the same request may succeed.

    Attributes:
        wait_s: what the server asked for; None where it did not.
    """

    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to go on; the fields of `rlvr.recipes.distill_section.EndpointTeacher`."""

    attempts: int
    backoff_s: float
    timeout_s: float
    requests_per_minute: float | None = None


class PatientClient:
    """Sends JSON and returns JSON; callable from many threads.

    Args:
        key: sent as a bearer token; None sends none.
    """

    def __init__(self, key: str | None, patience: Patience) -> None:
        authorization = {"Authorization": f"Bearer {key}"} if key else {}
        self._headers = {"Content-Type": "application/json", **authorization}
        self._key = key
        self._patience = patience
        self._opener = urllib.request.build_opener(_NoRedirects)
        self._gate = Gate(patience.requests_per_minute)
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Have every waiting request give up."""
        self._stopped.set()

    def post(self, url: str, body: Mapping[str, Any], *, seed: int = 0) -> dict[str, Any]:
        """Post a request and return the server's reply.

        Args:
            seed: of the jitter.

        Raises:
            Refused: if the server will never take this body.
            Stopped: if `stop` was called while this waited.
            UserError: if address or key are wrong, or no attempt succeeded.
        """
        jitter = random.Random(seed)
        reason = ""
        for attempt in range(self._patience.attempts):
            self._gate.go_through(self._stopped)
            try:
                return self._once(url, body)
            except _MayPass as failure:
                reason = str(failure)
                wait_s = self._backoff(attempt, jitter)
                if failure.wait_s is not None:
                    self._gate.hold(failure.wait_s)
                    wait_s = min(wait_s, failure.wait_s)
            if attempt + 1 < self._patience.attempts and self._stopped.wait(wait_s):
                raise Stopped
        raise UserError(
            f"{url}: {self._patience.attempts} attempts failed, the last one with: {reason}. The "
            "traces that came are kept; run the same command again to go on"
        )

    def _backoff(self, attempt: int, jitter: random.Random) -> float:
        wait_s = float(self._patience.backoff_s * 2**attempt)
        return min(wait_s, _LONGEST_WAIT_S) * jitter.uniform(0.5, 1.0)

    def _once(self, url: str, body: Mapping[str, Any]) -> dict[str, Any]:
        request = urllib.request.Request(url, json.dumps(body).encode(), self._headers)
        try:
            with self._opener.open(request, timeout=self._patience.timeout_s) as reply:
                return dict(redacted_value(json.loads(reply.read().decode()), self._key))
        except urllib.error.HTTPError as error:
            raise _failure(error, url, _message(error, self._key)) from None
        except (OSError, HTTPException) as error:
            raise _MayPass(f"no reply ({redacted(str(error), self._key)})") from None
        except (ValueError, TypeError, RecursionError) as error:
            told = redacted(str(error), self._key)
            raise _MayPass(f"a reply that is not a JSON object ({told})") from None


class Gate:
    """Lets requests start so many a minute, and none while the server wants to be left alone."""

    def __init__(self, per_minute: float | None) -> None:
        self._interval_s = 60.0 / per_minute if per_minute else 0.0
        self._next = time.monotonic()
        self._lock = threading.Lock()

    def hold(self, seconds: float) -> None:
        """Let nothing start for so long."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + min(seconds, _LONGEST_WAIT_S))

    def go_through(self, stopped: threading.Event) -> None:
        """Wait for one's turn.

        Raises:
            Stopped: if that is called off.
        """
        while True:
            with self._lock:
                wait_s = self._next - time.monotonic()
                if wait_s <= 0:
                    self._next = time.monotonic() + self._interval_s
                    return
            if stopped.wait(wait_s):
                raise Stopped


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Leaves a redirect to be an error."""

    def redirect_request(self, *_: Any) -> None:
        """Follow nowhere."""


def _failure(error: urllib.error.HTTPError, url: str, said: str) -> Exception:
    """Return what an HTTP status means for the request; `said` are the server's own words."""
    if 300 <= error.code < 400:
        host = urlsplit(error.headers.get("Location", "")).hostname or "another address"
        return UserError(
            f"{url}: HTTP {error.code}: the server redirects to {host}, and redirects are not "
            "followed, so that the key stays with this address; write the final address as "
            "distill.teacher.url"
        )
    if error.code in _TRY_AGAIN:
        return _MayPass(f"HTTP {error.code} {said}", _retry_after_s(error))
    if error.code in _REFUSED:
        return Refused(f"HTTP {error.code} {said}")
    return UserError(
        f"{url}: HTTP {error.code} {said}; check distill.teacher.url, its model, and the key in "
        "the variable that distill.teacher.key_variable names"
    )


def _message(error: urllib.error.HTTPError, key: str | None) -> str:
    """Extract the server's message, as OpenAI or vLLM write it, without the key."""
    text = error.read(_LONGEST_REPLY).decode(errors="replace")
    try:
        content = json.loads(text)
        inner = content.get("error", content)
        said = str(inner.get("message", text) if isinstance(inner, dict) else inner)
    except (ValueError, AttributeError, RecursionError):
        said = text.strip() or error.reason
    # hidden before it is cut, or the first half of a key would be left
    return redacted(said, key)[:_LONGEST_MESSAGE]


def _retry_after_s(error: urllib.error.HTTPError) -> float | None:
    """Return the seconds to wait, also until a date; None where the reply names neither."""
    value = error.headers.get("Retry-After")
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None
