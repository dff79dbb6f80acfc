"""What happens beside the training steps: metrics, markers, signals, the progress bar.

None of them touches the random numbers or the parameters, so a run with them is bit for bit the run
without them.
"""

import json
import logging
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from accelerate import PartialState
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from rlvr.core.progress import Stage
from rlvr.recipes.recipe import Recipe
from rlvr.runs.model_card import write_cards
from rlvr.runs.run_directory import Checkpoint, Run
from rlvr.training.loop.retention import retain
from rlvr.training.loop.together import true_of_any
from rlvr.training.trainers.costs import StepCosts
from rlvr.weights.checkpoint import mark_complete

logger = logging.getLogger(__name__)


_OF_THE_ROLLOUT = (
    "reward",
    "rewards/",
    "frac_reward",
    "completions/",
    "verdicts/",
    "dapo/",
    "sampling/",
    "explained_variance",
)


class MetricsLog(TrainerCallback):
    """Appends every step's metrics to metrics.jsonl, each line flushed: files are the record.

    Where several steps share one rollout, each line carries that rollout's rewards and lengths.
    Each line also has what the step cost (`rlvr.training.trainers.costs`).
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._rollout: dict[str, Any] = {}
        self._costs = StepCosts()

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Start the clock of the first step."""
        self._costs = StepCosts(state.global_step)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Write one line a step; the summary after the last step is not a step."""
        if state.is_world_process_zero and logs and "train_runtime" not in logs:
            # not what an older rollout had and this one has not, as completions of some length
            of_new = {k: v for k, v in logs.items() if k.startswith(_OF_THE_ROLLOUT)}
            self._rollout = of_new or self._rollout
            costs = self._costs.since_last(state.global_step)
            line = json.dumps({"step": state.global_step, **self._rollout, **logs, **costs})
            with self._run.metrics_path.open("a") as file:
                file.write(line + "\n")


class ModelCards(TrainerCallback):
    """Writes the card of each checkpoint; to be added before `CompleteMarker`."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Write the checkpoint's card; called on every process after the trainer saved."""
        if state.is_world_process_zero:
            step = state.global_step
            write_cards(self._run, only=Checkpoint(step, self._run.path / f"checkpoint-{step}"))


class CompleteMarker(TrainerCallback):
    """Marks a checkpoint as whole once every process has written its part."""

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Mark the checkpoint as complete; called on every process after the trainer saved."""
        PartialState().wait_for_everyone()
        if state.is_world_process_zero:
            mark_complete(Path(str(args.output_dir)) / f"checkpoint-{state.global_step}")


class Retention(TrainerCallback):
    """Gives up, after each save, what the recipe does not want to keep of older checkpoints."""

    def __init__(self, run: Run, recipe: Recipe) -> None:
        self._run, self._recipe = run, recipe

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Delete old checkpoints, after `CompleteMarker` has declared the new one complete."""
        if state.is_world_process_zero:
            retain(self._run, self._recipe)
        # whoever looks at the run once a process has gone on finds it as it will stay
        PartialState().wait_for_everyone()


class StopSignal(TrainerCallback):
    """Stops where training can be resumed exactly: on SIGTERM or SIGUSR1, or at the next save.

    Args:
        resume_interval: steps between points at which a checkpoint resumes exactly.
        at_save: stop at the next checkpoint, signal or not.

    Attributes:
        received: a signal came.
        paused: training was stopped at a save, as asked.
    """

    _SIGNALS = (signal.SIGTERM, signal.SIGUSR1)

    def __init__(self, resume_interval: int, *, at_save: bool = False) -> None:
        self._interval = resume_interval
        self._at_save = at_save
        self.received = self.paused = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Listen for the signals that schedulers send before they take the machine away.

        What comes after training in this process answers to them as before. After a signal nothing
        comes: a second one must not change how the process ends.
        """
        before = {number: signal.signal(number, self._note) for number in self._SIGNALS}
        try:
            yield
        finally:
            if not self.received:
                for number, handler in before.items():
                    signal.signal(number, handler)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Decide alike on every process, or one would wait forever for the others."""
        if state.global_step % self._interval == 0 and self._anyone():
            self.received = control.should_save = control.should_training_stop = True

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Stop after the save if that was requested."""
        if self._at_save and state.global_step % self._interval == 0:
            self.paused = control.should_training_stop = True

    def _note(self, number: int, frame: FrameType | None) -> None:
        logger.warning("%s: saving at the next boundary", signal.Signals(number).name)
        self.received = True

    def _anyone(self) -> bool:
        return true_of_any(self.received)


class ProgressBar(TrainerCallback):
    """Moves a stage's bar by one for every optimizer step."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._note = ""

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Show the reward, or the loss where there is none."""
        for key in ("reward", "loss"):
            if logs and key in logs:
                self._note = f"{key} {float(logs[key]):.3f}"
                break

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Show progress, on the first process only."""
        if state.is_world_process_zero:
            self._stage.advance(note=self._note)
