"""What all reinforcement-learning methods share: prompts, the verified reward, batch arithmetic.

A batch is made of groups: `num_generations` completions of one prompt. One generation serves
`steps_per_generation` forward batches, used `num_iterations` times; a checkpoint resumes exactly
only where a generation is used up, because TRL does not save the completions under way.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rlvr import verifiers
from rlvr.problems import get as get_benchmark
from rlvr.problems import load as load_problems
from rlvr.prompts import render
from rlvr.recipe import Recipe
from rlvr.records import Attempt, Outcome, Problem
from rlvr.training.method import Job

if TYPE_CHECKING:
    from datasets import Dataset

DEFAULTS: Mapping[str, Any] = {
    "beta": 0.0,
    "temperature": 1.0,
    "top_p": 1.0,
    "top_k": 0,
    "use_bias_correction_kl": False,
    "gradient_checkpointing": False,
    "save_strategy": "steps",
    "shuffle_dataset": True,
}


def faults(values: Mapping[str, Any], recipe: Recipe, world_size: int) -> list[str]:
    """What is wrong with a reinforcement-learning recipe, each with what to write instead."""
    found = []
    if not recipe.data.problems:
        found.append("missing key 'data.problems'; name a training set, as in countdown-train")
    group = values.get("num_generations", 8)
    batch = values.get("generation_batch_size") or (
        values.get("per_device_train_batch_size", 8) * world_size * _forward_batches(values)
    )
    if batch % group:
        fitting = [size for size in range(2, batch + 1) if batch % size == 0]
        nearest = min(fitting, key=lambda size: abs(size - group), default=2)
        found.append(
            f"trainer.num_generations: {group} does not divide the generation batch of {batch} "
            f"completions; write {nearest}, or a batch that is a multiple of {group}"
        )
    found += _off_boundary(values, world_size)
    return found


def _off_boundary(values: Mapping[str, Any], world_size: int) -> list[str]:
    interval = interval_of(values, world_size)
    save_steps = values.get("save_steps", 500)
    if values.get("save_strategy") != "steps" or save_steps % interval == 0:
        return []
    nearest = max(1, round(save_steps / interval)) * interval
    return [
        f"trainer.save_steps: {save_steps} falls between two generations (one lasts {interval} "
        f"steps), where training cannot be resumed exactly; write {nearest}"
    ]


def _forward_batches(values: Mapping[str, Any]) -> int:
    accumulated = values.get("gradient_accumulation_steps", 1)
    return int(values.get("steps_per_generation") or accumulated)


def interval_of(values: Mapping[str, Any], world_size: int) -> int:
    """Optimizer steps that one generation lasts, at least 1."""
    per_forward = values.get("per_device_train_batch_size", 8) * world_size
    batch = values.get("generation_batch_size")
    forwards = batch // per_forward if batch else _forward_batches(values)
    uses = forwards * values.get("num_iterations", 1)
    return max(1, int(uses) // int(values.get("gradient_accumulation_steps", 1)))


def resume_interval(args: Any) -> int:
    """`interval_of` for a built config."""
    uses = args.steps_per_generation * args.num_iterations
    return max(1, int(uses) // int(args.gradient_accumulation_steps))


class GroupStatistics:
    """For trainers of TRL's family: logs the spread of rewards within groups, over all processes.

    TRL's `reward_std` is that of the whole batch; what GRPO learns from is the spread in a group.
    """

    num_generations: int
    _metrics: Any

    def _calculate_rewards(self, *args: Any, **kwargs: Any) -> Any:
        """Gathered rewards, shape (completions of all processes, reward functions)."""
        rewards = super()._calculate_rewards(*args, **kwargs)  # type: ignore[misc]
        groups = rewards.nansum(dim=1).view(-1, self.num_generations)
        self._metrics["train"]["reward_group_std"].append(groups.std(dim=1).mean().item())
        return rewards


class Task:
    """The training problems, their prompts, and the reward that their verifier gives."""

    def __init__(self, job: Job) -> None:
        data = job.recipe.data
        first = get_benchmark(data.problems[0].name)
        template = data.prompt or first.prompt
        self.problems: list[Problem] = [
            problem
            for source in data.problems
            for problem in load_problems(source.name, path=source.path, limit=source.limit)
        ]
        self._prompts = [render(template, problem, job.tokenizer) for problem in self.problems]
        self._verifier = verifiers.get(data.verifier or first.verifier)
        self._end = {job.tokenizer.eos_token_id, job.tokenizer.pad_token_id}

    def dataset(self) -> "Dataset":
        """Columns: prompt, and the problem's place in `problems`."""
        from datasets import Dataset

        return Dataset.from_dict(
            {"prompt": self._prompts, "problem": list(range(len(self._prompts)))}
        )

    def correctness(
        self,
        completions: Sequence[str],
        completion_ids: Sequence[Sequence[int]],
        problem: Sequence[int],
        log_metric: Callable[[str, float], None],
        **_: Any,
    ) -> list[float | None]:
        """1.0 for `correct`, None where the verifier could not decide, otherwise 0.0.

        A TRL reward function: one completion, its tokens and its problem's index each.
        """
        attempts = [
            Attempt(self.problems[at], text, truncated=ids[-1] not in self._end)
            for text, ids, at in zip(completions, completion_ids, problem, strict=True)
        ]
        outcomes = [verdict.outcome for verdict in self._verifier.verify(attempts)]
        for outcome in Outcome:
            log_metric(f"verdicts/{outcome}", outcomes.count(outcome) / len(outcomes))
        return [None if o.undecided else float(o is Outcome.CORRECT) for o in outcomes]
