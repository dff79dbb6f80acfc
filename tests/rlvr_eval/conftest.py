"""Fixtures of the tests of evaluation."""

from collections.abc import Iterator

import pytest

from tests import browser as chromium
from tests.needs import skip_or_fail


@pytest.fixture(scope="session")
def browser() -> Iterator[chromium.Browser]:
    """A headless Chromium; without one the tests that need it are skipped, and fail under CI."""
    found = chromium.find()
    if found is None:
        skip_or_fail("no Chromium with chromedriver; apt-get install chromium chromium-driver")
    with chromium.headless(*found) as window:
        yield window
