"""The command, run in this process on input that it must refuse.

An exception that is not the user's would leave `main` and fail the test; so would a folder that a
refused command leaves behind.
"""

from pathlib import Path

import pytest

from rlvr.cli.main import main

MOST_LINES = 20


class Command:
    """Runs `rlvr` in an empty folder."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys

    def write(self, name: str, content: str | bytes) -> None:
        data = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
        (self.folder / name).write_bytes(data)

    def refused(self, *arguments: str, code: int = 2) -> str:
        """Run a command that must fail, leave nothing behind and be brief; return what it said."""
        before = sorted(self.folder.rglob("*"))
        try:
            found = main(arguments)
        except SystemExit as ending:  # argparse
            found = int(ending.code or 0)
        said = self._capsys.readouterr().err
        assert found == code, said
        assert "Traceback" not in said
        assert 0 < len(said.splitlines()) <= MOST_LINES, said
        assert max(map(len, said.splitlines())) < 1000
        assert sorted(self.folder.rglob("*")) == before, "the refused command left something"
        return said
