"""Fixtures of the tests of evaluation."""

import os
from collections.abc import Iterator

import pytest

from tests import browser as chromium


@pytest.fixture(scope="session")
def browser() -> Iterator[chromium.Browser]:
    """A headless Chromium; without one the tests that need it are skipped, and fail under CI."""
    found = chromium.find()
    if found is None:
        message = "no Chromium with chromedriver; apt-get install chromium chromium-driver"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    with chromium.headless(*found) as window:
        yield window
