"""Fixtures that every test may use."""

from pathlib import Path

import pytest

from tests.needs import skip_or_fail

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder with the real benchmark files and completions, which lies beside the checkout."""
    if not SHARED_DATA.is_dir():
        skip_or_fail(f"the benchmark files are not at {SHARED_DATA}")
    return SHARED_DATA
