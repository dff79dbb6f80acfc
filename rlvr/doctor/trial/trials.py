"""Everything that `rlvr doctor --run` tries, one part after the other, each with its result."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from rlvr.doctor.trial import commands, random_models
from rlvr.doctor.trial.commands import Failed
from rlvr.doctor.trial.measured import Measured, matrix_operations_s, measured
from rlvr.doctor.trial.parts import (
    COMPLETIONS,
    CONTEXT_TOKENS,
    SAMPLED_TOKENS,
    Machine,
    TrainingPart,
    training_parts,
)
from rlvr.doctor.trial.resume import kill_and_resume
from rlvr.doctor.trial.sampling import Sampled
from rlvr.runs.run_directory import Run
from rlvr.samplers import selection

_LIMIT_S = 240.0


@dataclass(frozen=True, slots=True)
class Result:
    """How one part went.

    Attributes:
        fault: what failed, with where its output lies; None where nothing did.
        skipped: why the part cannot run on this machine; None where it ran.
    """

    part: str
    fault: str | None = None
    skipped: str | None = None
    training: Measured | None = None
    sampling: Sampled | None = None
    note: str = ""


class Trial:
    """The parts on this machine.

    Args:
        folder: for models, run directories and logs; some GB on a GPU machine.
        shape: of the random model, a key of `models.SHAPES`; None takes the largest that fits.
        only: names of parts; empty for all.
    """

    def __init__(
        self, folder: Path, *, shape: str | None = None, only: tuple[str, ...] = ()
    ) -> None:
        self.machine = Machine.here()
        self.shape = shape or random_models.fitting(self.machine.memory_gib)
        random_models.check(self.shape)
        self._folder, self._only = folder, only

    @property
    def parts(self) -> dict[str, Callable[[], Result]]:
        """Return every part by name, in order."""
        trainings = {part.name: self._training(part) for part in training_parts()}
        samplers = {f"sample-{name}": self._sampling(name) for name in ("hf", "vllm")}
        return {**trainings, **samplers, "kill-and-resume": self._kill_and_resume}

    def results(self) -> Iterator[Result]:
        """Run the parts, each when its result is asked for."""
        for name, part in self.parts.items():
            if self._only and name not in self._only:
                continue
            try:
                yield part()
            except Failed as failure:
                yield Result(name, fault=str(failure))

    def _training(self, part: TrainingPart) -> Callable[[], Result]:
        def result() -> Result:
            if obstacle := part.obstacle(self.machine):
                return Result(part.name, skipped=obstacle)
            recipe = part.recipe(str(self._models[0]), self.shape, self.machine)
            file = self._folder / f"{part.name}.yaml"
            file.write_text(yaml.safe_dump(recipe, sort_keys=False))
            arguments = ("train", str(file), "--runs", str(self._folder / "runs"))
            processes = self.machine.processes if part.zero_stage else 1
            command = (
                commands.launched(arguments, self._launch_file(part.zero_stage))
                if part.zero_stage
                else commands.rlvr(*arguments)
            )
            commands.run(command, self._log(part.name), self.machine, _LIMIT_S)
            found = measured(
                Run(self._folder / "runs" / part.name),
                completions=COMPLETIONS[self.shape] * processes,
                parameters=random_models.parameters(self._models[0]),
                operations_s=self._matrix_rate * (processes if self.machine.gpus else 1),
            )
            return Result(part.name, training=found)

        return result

    def _sampling(self, sampler: str) -> Callable[[], Result]:
        name = f"sample-{sampler}"

        def result() -> Result:
            if sampler == "vllm" and (fault := selection.vllm_fault()):
                return Result(name, skipped=fault)
            values = (COMPLETIONS[self.shape] * 4, SAMPLED_TOKENS[self.shape])
            arguments = (sampler, *map(str, self._models), *map(str, values))
            command = [*commands.rlvr()[:2], "rlvr.doctor.trial.sampling", *arguments]
            log = self._log(name)
            commands.run(command, log, self.machine, _LIMIT_S)
            found = Sampled(**_last_object(log))
            fault = None if found.exchanged else "log-probabilities did not change with the weights"
            return Result(name, fault=fault, sampling=found)

        return result

    def _kill_and_resume(self) -> Result:
        note = kill_and_resume(self._folder, self._log("kill-and-resume"), self.machine, _LIMIT_S)
        return Result("kill-and-resume", note=note)

    def _launch_file(self, zero_stage: int) -> Path:
        file = self._folder / f"zero{zero_stage}-launch.yaml"
        file.write_text(yaml.safe_dump(commands.launch_configuration(self.machine, zero_stage)))
        return file

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    @cached_property
    def _models(self) -> tuple[Path, Path]:
        """Two models of one shape with different weights."""
        folders = (self._folder / "model-1", self._folder / "model-2")
        for seed, folder in enumerate(folders):
            random_models.create(self.shape, folder, seed=seed, context_tokens=CONTEXT_TOKENS)
        return folders

    @cached_property
    def _matrix_rate(self) -> float:
        return matrix_operations_s()


def _last_object(log: Path) -> dict[str, Any]:
    """Return the last line of a log that is a JSON object.

    Raises:
        Failed: if there is none.
    """
    for line in reversed(log.read_text(errors="replace").splitlines()):
        if line.startswith("{"):
            with suppress(json.JSONDecodeError):
                return dict(json.loads(line))
    raise Failed(f"printed no result; its output is in {log}")
