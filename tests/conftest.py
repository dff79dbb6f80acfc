"""Fixtures that every test may use."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import tiers
from tests.needs import skip_or_fail

# Before torch is imported. Models are tiny and several processes share the cores: with a thread for
# each core in every process, most of the time goes into threads that wait for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")

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


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--quick", action="store_true", help="only tests that start no process and load no model"
    )


def pytest_configure(config: pytest.Config) -> None:
    for name, meaning in tiers.MARKERS.items():
        config.addinivalue_line("markers", f"{name}: {meaning}")
    if config.getoption("--quick"):
        config.pluginmanager.register(Quick(), "quick-tier")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        fixtures = tuple(getattr(item, "fixturenames", ()))
        for name in sorted(tiers.markers_of(item.path, fixtures)):
            item.add_marker(name)


class Quick:
    """The quick tier: leaves out what has a marker, and holds the others to having none."""

    def __init__(self) -> None:
        self._watched = tiers.QuickTier()

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        is_test = collection_path.name.startswith("test_") and collection_path.suffix == ".py"
        return True if is_test and tiers.markers_of(collection_path) else None

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        left_out = [item for item in items if any(map(item.get_closest_marker, tiers.MARKERS))]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self) -> Iterator[None]:
        return self._refusing_what_it_starts((yield))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Iterator[None]:
        return self._refusing_what_it_starts((yield))

    def _refusing_what_it_starts(self, outcome: None) -> None:
        if started := self._watched.take():
            markers = ", ".join(tiers.MARKERS)
            pytest.fail(f"a quick test started {started[0]}: mark it with one of {markers}")
        return outcome
