"""Where Weights & Biases is to put a run, decided once for training and evaluation.

Offline unless the user is logged in; one project, and one group for everything that belongs to a
run directory. Whatever the user has set in the environment stands. W&B itself is not imported.
"""

import netrc
import os
from collections.abc import Mapping
from importlib.util import find_spec
from urllib.parse import urlsplit

from rlvr.runs.run_directory import Run

PROJECT = "rlvr"
_DEFAULT_SERVER = "https://api.wandb.ai"


def wanted(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether W&B is installed and switched on."""
    return find_spec("wandb") is not None and environment.get("WANDB_MODE") != "disabled"


def logged_in(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether W&B would find an API key without asking."""
    if environment.get("WANDB_API_KEY"):
        return True
    server = urlsplit(environment.get("WANDB_BASE_URL", _DEFAULT_SERVER)).hostname
    try:
        return netrc.netrc().authenticators(str(server)) is not None
    except (OSError, netrc.NetrcParseError):
        return False


def variables(run: Run, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return W&B's environment variables for this run; variables already set keep their values."""
    defaults = {
        "WANDB_PROJECT": PROJECT,
        "WANDB_RUN_GROUP": run.name,
        "WANDB_DIR": str(run.path.resolve()),
        "WANDB_SILENT": "true",
        # its reports about itself wait for the server at the end of a process, half a minute long
        "WANDB_ERROR_REPORTING": "false",
    }
    if not logged_in(environment):
        defaults["WANDB_MODE"] = "offline"
    return {name: environment.get(name, value) for name, value in defaults.items()}


def sync_command(run: Run) -> str:
    """Return the command that sends everything logged offline to W&B."""
    return f"wandb sync {run.path}/wandb/offline-run-*"
