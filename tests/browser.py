"""A headless Chromium driven over WebDriver, with nothing but the standard library.

Only what the report's tests need: open a file, run a script, press keys, read the console, take
pictures. The protocol is W3C WebDriver as chromedriver speaks it, plus its log of the console.
"""

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

_FLAGS = (
    "--headless=new",
    "--no-sandbox",  # the tests may run as root, where Chromium's own sandbox cannot
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
)


def find() -> tuple[str, str] | None:
    """Paths of Chromium and chromedriver, or None where one is missing."""
    browser = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chrome")
    driver = shutil.which("chromedriver")
    return (browser, driver) if browser and driver else None


class Browser:
    """One window. Errors of the page do not raise here; read them with `console`."""

    def __init__(self, session_url: str) -> None:
        self._url = session_url

    def open(self, path: Path) -> None:
        """Load a file from disk, as a double click on it would."""
        self._send("POST", "/url", {"url": path.resolve().as_uri()})

    def run(self, script: str, *arguments: Any) -> Any:
        """The value that a script's `return` gives, run in the page."""
        body = {"script": script, "args": list(arguments)}
        return self._send("POST", "/execute/sync", body)

    def click(self, selector: str) -> None:
        """Click the first element that matches, scrolled into view, as a mouse would."""
        self._send("POST", f"/element/{self._element(selector)}/click", {})

    def press(self, selector: str, keys: str) -> None:
        r"""Type into an element; the arrow keys are \ue012 (left) and \\ue014 (right)."""
        self._send("POST", f"/element/{self._element(selector)}/value", {"text": keys})

    def resize(self, width: int, height: int) -> None:
        """Give the page this size, in CSS pixels."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._devtools("Emulation.setDeviceMetricsOverride", metrics)

    def prefer(self, **features: str) -> None:
        """Emulate media features, e.g. prefers_color_scheme="dark"."""
        listed = [{"name": k.replace("_", "-"), "value": v} for k, v in features.items()]
        self._devtools("Emulation.setEmulatedMedia", {"features": listed})

    def console(self) -> list[dict[str, Any]]:
        """What was logged since the last call: errors of scripts, loads and policy among them."""
        logged: list[dict[str, Any]] = self._send("POST", "/se/log", {"type": "browser"})
        return logged

    def picture(self, path: Path) -> None:
        """The whole page as PNG."""
        shot = self._devtools("Page.captureScreenshot", {"captureBeyondViewport": True})
        path.write_bytes(base64.b64decode(shot["data"]))

    def pdf(self) -> bytes:
        """The page as it would be printed on A4."""
        options = {"page": {"width": 21.0, "height": 29.7}, "background": True}
        return base64.b64decode(self._send("POST", "/print", options))

    def _element(self, selector: str) -> str:
        found = self._send("POST", "/element", {"using": "css selector", "value": selector})
        return str(next(iter(found.values())))

    def _devtools(self, command: str, parameters: dict[str, Any]) -> Any:
        return self._send("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def _send(self, method: str, path: str, body: dict[str, Any]) -> Any:
        return _send(method, self._url + path, body)


@contextmanager
def headless(browser: str, driver: str) -> Iterator[Browser]:
    """A browser that ends with the block, whatever happens in it."""
    process = subprocess.Popen([driver, "--port=0"], stdout=subprocess.PIPE, text=True)
    try:
        address = f"http://127.0.0.1:{_port(process)}/session"
        wanted = {
            "goog:chromeOptions": {"binary": browser, "args": list(_FLAGS)},
            "goog:loggingPrefs": {"browser": "ALL"},
        }
        session = _send("POST", address, {"capabilities": {"alwaysMatch": wanted}})
        url = f"{address}/{session['sessionId']}"
        try:
            yield Browser(url)
        finally:
            _send("DELETE", url, None)
    finally:
        process.terminate()
        process.wait(timeout=10)


def _port(process: "subprocess.Popen[str]") -> int:
    """The free port that chromedriver chose, from what it prints when it is ready."""
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"started successfully on port (\d+)", line):
            return int(found[1])
    raise RuntimeError("chromedriver ended before it was ready")


def _send(method: str, url: str, body: dict[str, Any] | None) -> Any:
    content = None if body is None else json.dumps(body).encode()
    request = Request(url, content, {"Content-Type": "application/json"}, method=method)
    with urlopen(request, timeout=60) as answer:
        return json.load(answer)["value"]
