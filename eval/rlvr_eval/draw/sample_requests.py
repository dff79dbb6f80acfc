"""What an evaluation asks a sampler for: its prompt, and the seeds of its draws."""

from functools import cached_property
from typing import Any

from rlvr.answers import prompts
from rlvr.core.records import Problem
from rlvr.samplers.base import SampleRequest, draw_seed
from rlvr_eval.plan.evaluation import Evaluation


class Requests:
    """Requests for draws of an evaluation's problems."""

    def __init__(self, evaluation: Evaluation) -> None:
        self._evaluation = evaluation

    def draws(self, problem: Problem, start: int, stop: int) -> SampleRequest:
        """Request draws [start, stop) of a problem."""
        evaluation = self._evaluation
        seed = draw_seed(evaluation.run_seed, evaluation.model.weights, problem.id)
        prompt = prompts.render(evaluation.prompt, problem, self._tokenizer)
        return SampleRequest(problem.id, prompt, seed, start, stop, problem.images)

    @cached_property
    def _tokenizer(self) -> Any:
        return self._evaluation.tokenizer
