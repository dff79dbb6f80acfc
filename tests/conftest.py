"""Fixtures that every test may use."""

import signal
from pathlib import Path

import pytest

from tests.needs import skip_or_fail

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # so a script's shell starts what runs in its background, and commands under test inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder with the real benchmark files and completions, which lies beside the checkout."""
    if not SHARED_DATA.is_dir():
        skip_or_fail(f"the benchmark files are not at {SHARED_DATA}")
    return SHARED_DATA
