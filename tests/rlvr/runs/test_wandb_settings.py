"""W&B is offline unless the user is logged in, and what the user set stands."""

from pathlib import Path

import pytest

from rlvr.runs import wandb_settings
from rlvr.runs.run_directory import Run


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder, so that this machine's own login does not matter."""
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def login(home: Path, server: str) -> None:
    netrc = home / ".netrc"
    netrc.write_text(f"machine {server}\n  login user\n  password {'0' * 40}\n")
    netrc.chmod(0o600)


def test_offline_where_nobody_is_logged_in(home: Path) -> None:
    run = Run(home / "runs" / "a")
    assert wandb_settings.variables(run, {}) == {
        "WANDB_PROJECT": "rlvr",
        "WANDB_RUN_GROUP": "a",
        "WANDB_DIR": str(run.path),
        "WANDB_SILENT": "true",
        "WANDB_ERROR_REPORTING": "false",
        "WANDB_MODE": "offline",
    }


def test_logged_in_by_key_or_by_netrc_is_online(home: Path) -> None:
    run = Run(home / "a")
    assert "WANDB_MODE" not in wandb_settings.variables(run, {"WANDB_API_KEY": "0" * 40})
    login(home, "api.wandb.ai")
    assert "WANDB_MODE" not in wandb_settings.variables(run, {})


def test_login_counts_for_its_own_server_only(home: Path) -> None:
    login(home, "api.wandb.ai")
    assert not wandb_settings.logged_in({"WANDB_BASE_URL": "https://wandb.example.org"})
    login(home, "wandb.example.org")
    assert wandb_settings.logged_in({"WANDB_BASE_URL": "https://wandb.example.org"})


def test_what_the_user_set_stands(home: Path) -> None:
    own = {"WANDB_MODE": "online", "WANDB_PROJECT": "p", "WANDB_RUN_GROUP": "g"}
    assert own.items() <= wandb_settings.variables(Run(home / "a"), own).items()


def test_switched_off_means_off() -> None:
    assert not wandb_settings.wanted({"WANDB_MODE": "disabled"})
    assert wandb_settings.wanted({})
