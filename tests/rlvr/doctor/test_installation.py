"""What `rlvr doctor` finds, here and where something is missing."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rlvr.doctor.installation import State, report

TOPICS = [
    "python",
    "packages",
    "torch",
    "torchvision",
    "sampler",
    "sandbox",
    "deepspeed",
    "wandb",
    "hub",
]
SHOW = """
import json
from rlvr.doctor.installation import report
print(json.dumps({found.topic: [found.state, found.message, found.fix] for found in report()}))
"""


def test_every_topic_is_reported_once_and_every_fault_has_a_fix() -> None:
    findings = report()
    assert [found.topic for found in findings] == TOPICS
    assert all(found.message for found in findings)
    assert all(found.fix for found in findings if found.state is State.FAULT)


@pytest.mark.skipif(os.environ.get("CI") != "true", reason="says what CI's machine must have")
def test_the_machine_that_runs_all_tests_has_no_faults() -> None:
    assert [found for found in report() if found.state is State.FAULT] == []


def test_what_is_missing_or_switched_off_is_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "torchvision.py").write_text(
        "raise RuntimeError('operator torchvision::nms does not exist')"
    )
    found = _report_with(
        PYTHONPATH=str(tmp_path), PATH=str(tmp_path), HF_HUB_OFFLINE="1", WANDB_MODE="disabled"
    )
    assert found["torchvision"][0] == "fault"
    assert found["torchvision"][2].startswith("pip uninstall -y torchvision")
    assert found["sampler"][:1] == ["note"]
    assert found["sampler"][1].startswith("hf: ")
    assert found["sandbox"][0] == "fault"
    assert "apt-get install bubblewrap" in found["sandbox"][2]
    assert found["deepspeed"][0] in ("fault", "note")
    assert "pip install" in found["deepspeed"][2]
    assert found["wandb"][:2] == ["note", "switched off by WANDB_MODE=disabled"]
    assert found["hub"] == [
        "note",
        "HF_HUB_OFFLINE is set: only models and data sets in the local cache are found",
        "unset HF_HUB_OFFLINE to download others",
    ]


def test_a_key_for_wandb_is_seen_and_no_key_means_offline(tmp_path: Path) -> None:
    without = _report_with(HOME=str(tmp_path), WANDB_MODE=None, WANDB_API_KEY=None, NETRC=None)
    assert without["wandb"][0] == "note"
    assert without["wandb"][2] == "wandb login"
    assert _report_with(WANDB_MODE=None, WANDB_API_KEY="k" * 40)["wandb"][0] == "ok"


def _report_with(**changes: str | None) -> dict[str, list[str]]:
    """The report of a fresh process in a changed environment; None removes a variable."""
    environment = {key: value for key, value in os.environ.items() if key not in changes}
    environment |= {key: value for key, value in changes.items() if value is not None}
    python = shutil.which(sys.executable)
    assert python is not None
    done = subprocess.run(
        [python, "-c", SHOW], env=environment, capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout.splitlines()[-1]))
