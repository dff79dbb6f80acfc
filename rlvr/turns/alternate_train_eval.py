"""Training and evaluation on the same devices, in turns: `evaluate: between` and `evaluate: after`.

`rlvr train` then trains nothing itself. It starts a child that trains until its next checkpoint (or
the end), a child that evaluates, and so on; each has all memory to itself, and training resumes
exactly. Cut off at any moment, the same command goes on with whatever was due.

Under `accelerate launch` every process does so with children of its own, which share the training
and then the evaluation as launched processes always do; `rlvr.turns.launched_processes` keeps them
in step.
"""

from collections.abc import Sequence
from pathlib import Path

from rlvr.core.exit_codes import EXIT_PAUSED, EXIT_REQUEUE
from rlvr.recipes.recipe import Recipe
from rlvr.runs.run_directory import Run
from rlvr.runs.watchers import is_evaluated, mark_evaluated
from rlvr.training.loop.lock import TrainingLock
from rlvr.training.loop.retention import retain
from rlvr.turns.children import Children
from rlvr.turns.launched_processes import Ranks, Stopped

_TRAIN, _EVALUATE, _END = "train", "evaluate", "end"
_GOES_ON = (0, EXIT_PAUSED)


def take_turns(path: Path, overrides: Sequence[str], recipe: Recipe, run: Run) -> int:
    """Train and evaluate a recipe as it asks for; the exit code, that of the child that failed."""
    until = "save" if recipe.evaluate == "between" else "end"
    arguments = [str(path), *overrides, "--runs", str(run.path.parent), "--until", until]
    with Children() as children:
        turns = _Turns(children, arguments, recipe, run)
        try:
            if not turns.ranks.leads:
                return turns.follow()
            # between the turns too; the children train on this process's behalf
            with TrainingLock(run):
                return turns.lead()
        except Stopped:
            return EXIT_REQUEUE


class _Turns:
    """One process's turns at one run."""

    def __init__(self, children: Children, training: list[str], recipe: Recipe, run: Run) -> None:
        self.ranks = Ranks(lambda: children.is_told_to_stop)
        self._children, self._training = children, training
        self._recipe, self._run = recipe, run

    def lead(self) -> int:
        """Say what comes next until all is done, and do it with the others."""
        code = EXIT_PAUSED
        while code == EXIT_PAUSED:
            if self._recipe.evaluate == "between" and self._unevaluated():
                code = self._evaluate_all()
                if code:
                    return code
            code = self._together(_TRAIN)
        if code == 0:
            code = self._evaluate_all()
        if code == 0:
            # what was kept for this evaluation alone
            retain(self._run, self._recipe)
            self.ranks.announce(_END)
        return code

    def follow(self) -> int:
        """Do what the leader says."""
        while (turn := self.ranks.hear()) != _END:
            code = self._do(turn)
            if code not in _GOES_ON:
                return code
            self.ranks.done()
        return 0

    def _evaluate_all(self) -> int:
        unevaluated = self._unevaluated()
        code = self._together(_EVALUATE)
        if code == 0:
            for name in unevaluated:
                mark_evaluated(self._run, name)
        return code

    def _unevaluated(self) -> list[str]:
        names = [checkpoint.path.name for checkpoint in self._run.checkpoints()]
        return [name for name in names if not is_evaluated(self._run, name)]

    def _together(self, turn: str) -> int:
        self.ranks.announce(turn)
        code = self._do(turn)
        if code in _GOES_ON:
            self.ranks.done()
        return code

    def _do(self, turn: str) -> int:
        if turn == _EVALUATE:
            return self._children.run("eval", str(self._run.path))
        return self._children.run("train", *self._training, environment=self.ranks.environment())
