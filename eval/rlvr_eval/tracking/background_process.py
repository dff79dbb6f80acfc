"""Keeps Weights & Biases away from the evaluation: it can neither delay it nor lose any of it.

`rlvr_eval.tracking.wandb_run` runs in a process of its own, which reads summary.json, and which the
kernel ends after a while whatever it is doing. A newer evaluation ends the process of the one
before, since it logs everything again. Only a command with nothing else left to do waits, for a
moment.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

from rlvr.core.damage import Damaged, read_json
from rlvr.core.hashing import hex_digest
from rlvr.core.launched import rank_and_world
from rlvr.runs import wandb_settings
from rlvr.runs.run_directory import Run

LIMIT_S = 300.0
PATIENCE_S = 30.0


def note_of(run: Run) -> Path:
    """Return the path of the note that says how a run's evaluation was last logged."""
    return run.path / "wandb" / "evaluation.json"


def fingerprint(summary: bytes) -> str:
    """Return a value that distinguishes one summary.json from another."""
    return hex_digest(summary, 16)


class TrackedEvaluation:
    """Shows a run's evaluation in W&B while the evaluation goes on.

    Args:
        limit_s: seconds after which an unfinished process ends.
        patience_s: seconds that `outcome` waits for it at most.

    Attributes:
        process: the one that logs, if one was started.
    """

    def __init__(
        self, run: Run, *, limit_s: float = LIMIT_S, patience_s: float = PATIENCE_S
    ) -> None:
        self._run = run
        self._limit_s = limit_s
        self._patience_s = patience_s
        self._is_wanted = wandb_settings.wanted() and rank_and_world()[0] == 0
        self.process: subprocess.Popen[bytes] | None = None

    def refresh(self) -> None:
        """Start logging the summary that lies in the run directory; returns at once.

        Nothing is started where exactly this summary was logged already.
        """
        summary = self._run.path / "summary.json"
        if not self._is_wanted or self._told().get("summary") == fingerprint(summary.read_bytes()):
            return
        self._end()
        self._log.parent.mkdir(exist_ok=True)
        with self._log.open("wb") as stream:
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "rlvr_eval.tracking.wandb_run",
                    str(self._run.path.resolve()),
                    str(self._limit_s),
                ],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                # a session of its own: Ctrl-C is for the evaluation, and all of it can be ended
                start_new_session=True,
            )

    def outcome(self) -> str:
        """Wait for a moment, then say in one line what became of it; "" where nothing was started.

        What is not finished by then goes on by itself and ends with its limit.
        """
        if self.process is None:
            return ""
        try:
            code = self.process.wait(self._patience_s)
        except subprocess.TimeoutExpired:
            return f"W&B: still logging the evaluation; see {self._log}"
        if code:
            return f"W&B: the evaluation was not logged (see {self._log}); everything is on disk"
        told = self._told()
        if told["mode"] == "online":
            return f"W&B: evaluation logged as {told['id']}"
        return f"W&B: logged offline; to send it: {wandb_settings.sync_command(self._run)}"

    def _told(self) -> dict[str, str]:
        """Read how the last logged evaluation was logged."""
        try:
            return read_json(note_of(self._run), dict)
        except (FileNotFoundError, Damaged):
            return {}  # it only spares logging the same evaluation twice

    @property
    def _log(self) -> Path:
        return self._run.path / "wandb" / "evaluation.log"

    def _environment(self) -> dict[str, str]:
        variables = {**os.environ, **wandb_settings.variables(self._run)}
        # training in this process leaves the address of its own W&B service there
        variables.pop("WANDB_SERVICE", None)
        return variables

    def _end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
