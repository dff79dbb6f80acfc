"""Fixtures for everything that runs programs in a sandbox."""

import os

import pytest

from rlvr.errors import UserError
from rlvr.verifiers.code import CodeVerifier
from rlvr.verifiers.sandbox import Isolation, isolate


@pytest.fixture(scope="session")
def isolation() -> Isolation:
    """The real sandbox. Without it the test is skipped, and under CI it fails."""
    try:
        isolation = isolate()
    except UserError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(str(error))
    assert isolation.is_safe, "these tests must not run with RLVR_UNSAFE_CODE=1"
    return isolation


@pytest.fixture(scope="session")
def code_verifier(isolation: Isolation) -> CodeVerifier:
    return CodeVerifier(isolation)
