"""One rollout that is known in advance, so that advantages and updates can be computed by hand.

Every prompt gets `right` completions that solve it and, for the rest of its group, plans that miss
its target. What a completion says depends on its prompt and on its place in the group alone, so one
process and several see the same batch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rlvr.core.records import Attempt, Outcome, Verdict
from rlvr.recipes import recipe as recipes
from rlvr.runs.run_directory import Run
from rlvr.tiny import countdown
from rlvr.training.checks.settings import training_arguments
from rlvr.training.loop.train import build_trainer
from rlvr.training.methods import registry
from rlvr.weights import models

GROUP = 4
BATCH = 8
END = " <end>"

TRAINER: dict[str, Any] = {
    "max_steps": 1,
    "per_device_train_batch_size": BATCH,
    "num_generations": GROUP,
    "max_completion_length": 24,
    "learning_rate": 1e-4,
    "lr_scheduler_type": "constant",
    "loss_type": "dapo",
    "save_strategy": "no",
}


def raw_recipe(method: str, trainer: dict[str, Any] | None = None, **sections: Any) -> Any:
    """A recipe for one update on two groups of four."""
    return {
        "name": "known",
        "model": "embedded:countdown-base",
        "method": method,
        "seed": 3,
        "data": {"problems": {"name": "countdown-train", "limit": 64}},
        "trainer": TRAINER | (trainer or {}),
        **sections,
    }


def completions(prompt: str, right: int) -> list[str]:
    """`right` plans that reach the prompt's target, then plans that do not; GROUP in all."""
    before, after = prompt.split(" -> ")
    numbers = tuple(int(word) for word in before.split())
    target = int(after.removesuffix(" :"))
    solving = countdown.solutions(numbers, target)
    missing = (plan for plan in countdown.plans(numbers) if plan[-1].result != target)
    chosen = [solving[i % len(solving)] for i in range(right)]
    return [
        f" {countdown.written(plan)}{END}" for plan in [*chosen, *islice(missing, GROUP - right)]
    ]


def ragged(prompt: str) -> list[str]:
    """A right completion, a short one, a long one, and one that is cut off; GROUP in all."""
    right, wrong, *_ = completions(prompt, 1)
    long = wrong.removesuffix(END) * (1 + teaches(prompt)) + wrong
    return [right, f" 1{END}", long, " 7 +"]


def teaches(prompt: str) -> bool:
    """True of some prompts; `mostly_uniform` answers the others all right or all wrong."""
    return sum(prompt.encode()) % 3 == 0


def mostly_uniform(prompt: str) -> list[str]:
    """One right completion where a prompt teaches; all or none of them elsewhere."""
    other = GROUP if sum(prompt.encode()) % 3 == 1 else 0
    return completions(prompt, 1 if teaches(prompt) else other)


def rollout(say: Callable[[str], list[str]]) -> Callable[..., dict[str, Any]]:
    """A TRL rollout function: `say` gives a prompt's GROUP completions."""

    def roll_out(prompts: Sequence[str], trainer: Any) -> dict[str, Any]:
        first = trainer.accelerator.process_index * len(prompts)
        texts = [say(prompt)[(first + at) % GROUP] for at, prompt in enumerate(prompts)]
        tokenize = trainer.processing_class
        return {
            "prompt_ids": tokenize(list(prompts)).input_ids,
            "completion_ids": tokenize(texts).input_ids,
            "logprobs": None,
        }

    return roll_out


def known_trainer(
    raw: Any, folder: Path, *, right: int = 1, say: Callable[[str], list[str]] | None = None
) -> Any:
    """The recipe's real trainer; only what it samples is known: `say`, or `right` of each group."""
    recipe = recipes.parse(raw, source="test")
    run = Run(folder / "known")
    method = registry.get(recipe.method)
    args = training_arguments(recipe, method, run, source="test")
    trainer = build_trainer(recipe, run, args, models.resolve(recipe.model))
    trainer.rollout_func = rollout(say or (lambda prompt: completions(prompt, right)))
    return trainer


@dataclass
class Update:
    """What one update was made from, and what it did.

    Attributes:
        advantages: of each completion, shape (BATCH,) or (BATCH, tokens), right ones first.
        is_token: 1 at the tokens of each completion, shape (BATCH, tokens).
        before, after: log-probability of each completion, shape (BATCH,).
        is_right: of each completion.
    """

    advantages: Tensor
    is_token: Tensor
    is_right: Tensor
    before: Tensor
    after: Tensor

    @property
    def change(self) -> Tensor:
        return self.after - self.before


def update(trainer: Any) -> Update:
    """Train one step on the known batch."""
    before = {name: tensor.clone() for name, tensor in trainer.model.state_dict().items()}
    trainer.train()
    batch = trainer._buffered_inputs[0]
    after_logprobs = _logprobs(trainer, batch)
    trainer.model.load_state_dict(before)
    problems = trainer.processing_class.batch_decode(batch["prompt_ids"], skip_special_tokens=True)
    texts = trainer.processing_class.batch_decode(batch["completion_ids"])
    is_right = torch.tensor([_solves(p, t) for p, t in zip(problems, texts, strict=True)])
    order = is_right.int().argsort(descending=True, stable=True)
    return Update(
        advantages=batch["advantages"][order],
        is_token=batch["completion_mask"][order],
        is_right=is_right[order],
        before=_logprobs(trainer, batch)[order],
        after=after_logprobs[order],
    )


def _solves(prompt: str, completion: str) -> bool:
    return completion.split(END)[0].rsplit("=", 1)[1].strip() == prompt.split("->")[1].strip(" :")


@torch.no_grad()
def _logprobs(trainer: Any, batch: dict[str, Tensor]) -> Tensor:
    ids = torch.cat([batch["prompt_ids"], batch["completion_ids"]], dim=1)
    is_real = torch.cat([batch["prompt_mask"], batch["completion_mask"]], dim=1)
    tokens = batch["completion_ids"].shape[1]
    logits = trainer.model(input_ids=ids, attention_mask=is_real).logits[:, -tokens - 1 : -1]
    chosen = logits.log_softmax(-1).gather(2, batch["completion_ids"][:, :, None]).squeeze(2)
    return (chosen * batch["completion_mask"]).sum(1)


class FailingVerifier:
    """A verifier that cannot decide on some completions, and asks another about the others."""

    name = "failing"
    version = "failing@1"

    def __init__(self, inner: Any, fails_on: Callable[[Attempt], bool]) -> None:
        self._inner, self._fails_on = inner, fails_on

    def verify(self, attempts: Sequence[Attempt], *, timeout_s: float = 2.0) -> list[Verdict]:
        verdicts = self._inner.verify(attempts, timeout_s=timeout_s)
        return [
            Verdict(Outcome.TIMEOUT, reason="no result within 2 s")
            if self._fails_on(attempt)
            else v
            for attempt, v in zip(attempts, verdicts, strict=True)
        ]
