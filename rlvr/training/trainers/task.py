"""What is trained on: the problems, their prompts, and what a completion of one earns.

The first reward is always correctness; whatever else the recipe's `rewards:` asks for stands beside
it under its own name, so that TRL logs each apart. Undecided verdicts are None here;
`rlvr.training.trainers.verified_grpo` keeps their completions out of every mean.
"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlvr import verifiers
from rlvr.answers.attempts import attempt as attempt_of
from rlvr.answers.attempts import end_ids, ends_of
from rlvr.answers.prompt_tokens import prompt_ids
from rlvr.answers.prompts import ChatText, is_chat, render
from rlvr.core.errors import UserError, concerning
from rlvr.core.records import Attempt, Outcome, Problem, Verdict
from rlvr.samplers.context import context_length
from rlvr.tasks.problem_section import ProblemSource
from rlvr.tasks.problem_sources import benchmark_of, revision_of
from rlvr.tasks.problem_sources import load as load_problems
from rlvr.training.trainers.job import Job
from rlvr.verifiers import rewards
from rlvr.verifiers.own import OwnReward, OwnVerifier

if TYPE_CHECKING:
    from datasets import Dataset

logger = logging.getLogger(__name__)

_THINK = "<think>"

RewardFunction = Callable[..., list[float | None]]


class Task:
    """The training problems and their rewards.

    Attributes:
        problems: as loaded; completions name theirs by its place here.
        functions: TRL reward functions, correctness first; `weights` are theirs, in order.
        verdicts: of the completions that `correctness` was called with last.
        identities: of the problems, by benchmark: a commit, or the hash of a file.
        own_functions: of the user's verifier and rewards: name -> version of its source.
        ends: where completions end; who samples stops there.
        context: tokens that the model takes, prompt and completion together; None if unknown.
        longest_prompt: tokens of the longest prompt that is trained on.
    """

    def __init__(self, job: Job) -> None:
        data, recipe = job.recipe.data, job.recipe
        first = benchmark_of(data.problems[0], verifier=data.verifier)
        template = data.prompt or first.prompt
        with concerning("data.problems"):
            revisions, self.identities = _revisions(job)
            self.problems = _load(data.problems, revisions, data.verifier)
        with concerning("data.prompt"):
            prompts = [render(template, problem, job.tokenizer) for problem in self.problems]
        self._tokenizer, self._is_chat = job.tokenizer, is_chat(template)
        self._prompts = dict(enumerate(prompts))
        lengths = [len(ids) for ids in self.prompt_ids(prompts)]
        self.context = context_length(job.model.config, Path(job.model.config._name_or_path))
        for index in _too_long(lengths, job.args.max_completion_length, self.context):
            del self._prompts[index]
        self.longest_prompt = max((lengths[index] for index in self._prompts), default=0)
        self._verifier = verifiers.get(data.verifier or first.verifier)
        self.own_functions: dict[str, str] = {}
        if isinstance(self._verifier, OwnVerifier):
            self.own_functions[self._verifier.name] = self._verifier.version
        self._timeout_s = recipe.verify_timeout_s
        self.ends = ends_of(template, job.tokenizer, _model_end_ids(job))
        self.verdicts: list[Verdict] = []
        self.functions: list[RewardFunction] = [self.correctness]
        self.weights = [1.0]
        if recipe.rewards.format:
            self._add("format", self._format, recipe.rewards.format.weight)
            self._style = recipe.rewards.format.style
        if recipe.rewards.overlong:
            overlong = recipe.rewards.overlong
            budget = job.args.max_completion_length
            self._add("overlong", _overlong, overlong.weight, budget, overlong.buffer_tokens)
        for own in recipe.rewards.own:
            reward = OwnReward(own.function)
            self._add(own.label, self._own, own.weight, own.label, reward)
            self.own_functions[own.function] = reward.version
        _refuse_changed(job, self.own_functions)

    def dataset(self) -> "Dataset":
        """Build the data set with two columns: prompt, and the problem's index in `problems`."""
        from datasets import Dataset

        return Dataset.from_dict(
            {"prompt": list(self._prompts.values()), "problem": list(self._prompts)}
        )

    def prompt_ids(self, prompts: Sequence[str]) -> list[list[int]]:
        """Tokenize prompts of the data set, whose column does not say what rendered them."""
        rendered = [ChatText(text) for text in prompts] if self._is_chat else prompts
        return prompt_ids(self._tokenizer, rendered)

    def correctness(
        self,
        completions: Sequence[str],
        completion_ids: Sequence[Sequence[int]],
        problem: Sequence[int],
        log_metric: Callable[[str, float], None],
        **_: Any,
    ) -> list[float | None]:
        """Return 1.0 for `correct`, None where the verifier could not decide, otherwise 0.0.

        A TRL reward function: one completion, its tokens and its problem's index each.
        """
        self.verdicts = self._verify(completions, completion_ids, problem)
        outcomes = [verdict.outcome for verdict in self.verdicts]
        for outcome in Outcome:
            log_metric(f"verdicts/{outcome}", outcomes.count(outcome) / len(outcomes))
        return [rewards.correctness(verdict) for verdict in self.verdicts]

    def total(
        self,
        completions: Sequence[str],
        completion_ids: Sequence[Sequence[int]],
        problem: Sequence[int],
    ) -> list[float | None]:
        """Return the weighted sum of all rewards; None where undecided.

        Leaves `verdicts` and the logs alone.
        """
        of_batch = self.verdicts
        self.verdicts = verdicts = self._verify(completions, completion_ids, problem)
        further = [
            function(completions=completions, completion_ids=completion_ids, problem=problem)
            for function in self.functions[1:]
        ]
        self.verdicts = of_batch
        columns = [[rewards.correctness(verdict) for verdict in verdicts], *further]
        return [self._weighted(row) for row in zip(*columns, strict=True)]

    def _weighted(self, row: Sequence[float | None]) -> float | None:
        if None in row:
            return None
        return sum(w * (r or 0.0) for w, r in zip(self.weights, row, strict=True))

    def _verify(
        self,
        completions: Sequence[str],
        completion_ids: Sequence[Sequence[int]],
        problem: Sequence[int],
    ) -> list[Verdict]:
        attempts = self._attempts(completions, completion_ids, problem)
        return self._verifier.verify(attempts, timeout_s=self._timeout_s)

    def _attempts(
        self,
        completions: Sequence[str],
        completion_ids: Sequence[Sequence[int]],
        problem: Sequence[int],
    ) -> list[Attempt]:
        return [
            # a completion without an end was cut off by its budget
            attempt_of(self.problems[at], text, self.ends, ran_out=True, ids=ids)
            for text, ids, at in zip(completions, completion_ids, problem, strict=True)
        ]

    def _format(
        self,
        *,
        completions: Sequence[str],
        completion_ids: Sequence[Sequence[int]],
        problem: Sequence[int],
        **_: Any,
    ) -> list[float | None]:
        """Reward the form of the verified text, not of text that the model invents after it."""
        attempts = self._attempts(completions, completion_ids, problem)
        return [
            rewards.format_reward(self._opened(at) + attempt.completion, self._style)
            for at, attempt in zip(problem, attempts, strict=True)
        ]

    def _own(
        self,
        label: str,
        reward: OwnReward,
        *,
        completions: Sequence[str],
        completion_ids: Sequence[Sequence[int]],
        problem: Sequence[int],
        **_: Any,
    ) -> list[float | None]:
        """Call a user's own reward; a completion that it gives none is undecided."""
        attempts = self._attempts(completions, completion_ids, problem)
        scores = reward.scores(attempts, timeout_s=self._timeout_s)
        for at, score in enumerate(scores):
            if isinstance(score, str):
                reason = f"rewards.own {label}: {score}"
                self.verdicts[at] = Verdict(Outcome.ERROR, reason=reason)
        return [None if isinstance(score, str) else score for score in scores]

    def _opened(self, at: int) -> str:
        """Return the tag that a chat template opens for the model, as templates of R1's kind do."""
        return _THINK if self._prompts[at].rstrip().endswith(_THINK) else ""

    def _add(self, name: str, function: RewardFunction, weight: float, *values: Any) -> None:
        """Add a reward; TRL calls and logs it by its function's name."""

        def named(**columns: Any) -> list[float | None]:
            return function(*values, **columns)

        named.__name__ = name
        self.functions.append(named)
        self.weights.append(weight)


def _refuse_changed(job: Job, functions: Mapping[str, str]) -> None:
    """Refuse to go on with a user's function that is not what the run began with.

    Raises:
        UserError: naming the first that has changed.
    """
    began_with: dict[str, str] = job.run.manifest().get("functions", {})
    for name, version in functions.items():
        if began_with.get(name, version) != version:
            raise UserError(
                f"{name}: its source is not what this run began with; bring that back, or choose "
                "another name=.."
            )


def _load(
    sources: Sequence[ProblemSource], revisions: Sequence[str | None], verifier: str | None
) -> list[Problem]:
    return [
        problem
        for source, revision in zip(sources, revisions, strict=True)
        for problem in load_problems(source, verifier=verifier, revision=revision)
    ]


def _revisions(job: Job) -> tuple[list[str | None], dict[str, str]]:
    """Return the revision to read every source at, and what identifies the problems there.

    On resuming it is that which the run began with, as its manifest tells.

    Raises:
        UserError: if a file, or what generates the problems, is not what it was.
    """
    began_with: dict[str, str] = job.run.manifest().get("problems", {})
    revisions, identities = [], {}
    data = job.recipe.data
    for source in data.problems:
        before = began_with.get(source.name)
        benchmark = benchmark_of(source, verifier=data.verifier)
        revision = source.revision
        if source.path is None and benchmark.hub_id and before not in (None, benchmark.revision):
            revision = before
        now = revision_of(source, revision=revision)
        if before not in (None, now):
            raise UserError(
                f"{source.path or source.name} is not what this run began with "
                f"({before} then, {now} now); bring that back, or choose another name=.."
            )
        revisions.append(revision)
        identities[source.name] = now
    return revisions, identities


def _model_end_ids(job: Job) -> Collection[int]:
    """Return the tokens by which the model itself ends a completion, whatever its template."""
    generation = getattr(job.model, "generation_config", None)
    return end_ids(job.tokenizer, getattr(generation, "eos_token_id", None))


def _overlong(
    max_tokens: int, buffer_tokens: int, *, completion_ids: Sequence[Sequence[int]], **_: Any
) -> list[float | None]:
    return [
        rewards.overlong_penalty(len(ids), max_tokens=max_tokens, buffer_tokens=buffer_tokens)
        for ids in completion_ids
    ]


def _too_long(lengths: Sequence[int], budget: int, context: int | None) -> list[int]:
    """List the prompts that leave no room for a whole completion in the model's context.

    Args:
        lengths: of the prompts, in tokens.

    Raises:
        UserError: if that is all of them.
    """
    if context is None:
        return []
    too_long = [index for index, length in enumerate(lengths) if length + budget > context]
    room = f"{budget} tokens of completion leave {context - budget} of the context of {context}"
    if len(too_long) == len(lengths):
        raise UserError(
            f"trainer.max_completion_length: no prompt fits: {room}, and the shortest of "
            f"{len(lengths)} prompts has {min(lengths)}; lower it or take a model with more context"
        )
    if too_long:
        logger.warning("%d of %d prompts dropped: %s", len(too_long), len(lengths), room)
    return too_long
