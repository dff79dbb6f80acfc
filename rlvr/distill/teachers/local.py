"""A model on this machine as a teacher, through the same samplers that evaluation uses."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from rlvr.answers import attempts, prompts
from rlvr.core.ranges import ranges
from rlvr.core.records import Completion, Problem
from rlvr.distill.teachers.protocol import (
    Due,
    asked_problems,
    asked_revisions,
    section_of,
    teacher_prompt,
)
from rlvr.recipes.distill_section import ModelTeacher
from rlvr.recipes.recipe import Recipe
from rlvr.samplers import selection
from rlvr.samplers.base import SampleRequest, draw_seed
from rlvr.samplers.versions_apart import versions_apart
from rlvr.weights import models
from rlvr.weights.adapters import full_weights
from rlvr.weights.model_hash import weights_hash


class LocalModel:
    """A `Teacher` that is loaded when the first trace is due, and unloaded after the last."""

    def __init__(self, recipe: Recipe, settings: ModelTeacher) -> None:
        self._recipe, self._settings = recipe, settings
        self._folder: Path = models.resolve(settings.model, settings.revision)
        self._weights = weights_hash(self._folder)
        self._prompt = teacher_prompt(recipe)
        self._run_seed = section_of(recipe).run_seed

    def key(self) -> Mapping[str, Any]:
        """Identify the teacher by its weights, whatever its name."""
        return {
            "teacher": f"model:{self._settings.model}",
            "weights": self._weights,
            "prompt": self._prompt,
            "sampling": self._settings.sampling.model_dump(mode="json"),
            "problems": asked_revisions(self._recipe),
            "run_seed": self._run_seed,
            # only where there are any: without, traces are what they were before
            **({"end_ids": sorted(self._ends.of_template)} if self._ends.of_template else {}),
            **self._versions_apart(),
        }

    def problems(self) -> list[Problem]:
        """Return the problems of `data.problems`."""
        return asked_problems(self._recipe)

    def traces(self, due: Sequence[Due]) -> Iterator[Completion]:
        """Yield draws with seeds from weights, problem and index, so none depends on others."""
        sampler = selection.sampler(self._settings.sampler, self._settings.engine)
        sampler.load(self._folder)
        try:
            sampling = self._settings.sampling.stopped_at(self._ends.of_template)
            yield from sampler.sample(list(self._requests(due)), sampling)
        finally:
            sampler.close()

    @cached_property
    def _ends(self) -> attempts.Ends:
        own = attempts.model_end_ids(full_weights(self._folder), self._tokenizer)
        return attempts.ends_of(self._prompt, self._tokenizer, own)

    @cached_property
    def _tokenizer(self) -> Any:
        from transformers import AutoTokenizer

        return AutoTokenizer.from_pretrained(full_weights(self._folder))

    def _versions_apart(self) -> dict[str, str]:
        asked = [self._rendered(problem) for problem in self.problems()]
        engine = selection.choice(self._settings.sampler).name
        return versions_apart(self._folder, engine, self._settings.sampling, asked)

    def _rendered(self, problem: Problem) -> str:
        return prompts.render(self._prompt, problem, self._tokenizer)

    def _requests(self, due: Sequence[Due]) -> Iterator[SampleRequest]:
        for one in due:
            prompt = self._rendered(one.problem)
            seed = draw_seed(self._run_seed, self._weights, one.problem.id)
            for start, stop in ranges(one.indices):
                yield SampleRequest(one.problem.id, prompt, seed, start, stop, one.problem.images)
