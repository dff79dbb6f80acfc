"""Six methods beside their papers: advantages, returns and loss gradients, to 1e-6.

Every method's real trainer scores one ragged batch: right, wrong and truncated completions of many
lengths, groups in which all earn the same, in which nothing was decided, or one completion alone,
and rewards that a length penalty makes fractions. What it makes of them is compared with the papers
(`formulas.py`). The policy has moved away from its reference, and the ratios are so far from 1 that
every branch of every clip is taken.
"""

import math
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.rlvr.training.formulas import (
    BETA,
    BUDGET,
    BUFFER,
    DUAL,
    GAMMA,
    HIGH,
    KL,
    LAMBDA,
    LOW,
    METHODS,
    MICRO_BATCHES,
    PENALTY,
    VALUE_CLIP,
    Floats,
    Scored,
    generalized,
    policy_gradient,
    value_gradient,
)
from tests.rlvr.training.known_batch import (
    END,
    GROUP,
    FailingVerifier,
    completions,
    known_trainer,
    raw_recipe,
)

TOLERANCE = 1e-6
KINDS = ("mixed", "right", "wrong", "undecided", "alone")
GROUPS = ("mixed", "right", "mixed", "wrong", "undecided", "mixed", "alone", "mixed")

OPTIONS: dict[str, Any] = {
    "per_device_train_batch_size": GROUP * len(GROUPS) // MICRO_BATCHES,
    "steps_per_generation": MICRO_BATCHES,
    "num_generations": GROUP,
    "max_completion_length": BUDGET,
    "epsilon": LOW,
    "epsilon_high": HIGH,
    "delta": DUAL,
}
SECTIONS: dict[str, Any] = {
    "rewards": {
        "overlong": {"buffer_tokens": BUFFER, "weight": PENALTY},
        "max_undecided_share": 1.0,
    },
    "ppo": {
        "gamma": GAMMA,
        "gae_lambda": LAMBDA,
        "kl_coefficient": KL,
        "value_clip": VALUE_CLIP,
    },
    "reinforce_pp": {"gamma": GAMMA, "kl_coefficient": KL},
    "dapo": {"max_rounds": 100},
}


def kind_of(prompt: str) -> str:
    return KINDS[zlib.crc32(prompt.encode()) % len(KINDS)]


VALUES = {
    "mixed": (1.0, 0.0, 0.0, math.nan),
    "right": (1.0,) * GROUP,
    "wrong": (0.0,) * GROUP,
    "undecided": (math.nan,) * GROUP,
    "alone": (math.nan, math.nan, 1.0, math.nan),
}


class World:
    """Completions whose correctness is known: 1 right, 0 wrong or truncated, NaN undecided."""

    def __init__(self) -> None:
        self.correctness: dict[tuple[str, str], float] = {}

    def say(self, prompt: str) -> list[str]:
        """A group of the prompt's kind, the same whenever it is asked for."""
        rng = np.random.default_rng(zlib.crc32(prompt.encode()))
        right, said = completions(prompt, GROUP), []
        for at, value in enumerate(VALUES[kind_of(prompt)]):
            text = right[at] if value == 1 else self._cut(prompt, said, rng)
            said.append(text)
            self.correctness[prompt, _plain(text)] = value
        return said

    def _cut(self, prompt: str, said: list[str], rng: np.random.Generator) -> str:
        """Words of a plan that misses, up to a random one; every other one is cut off there."""
        while True:
            plan = completions(prompt, 0)[int(rng.integers(GROUP))].removesuffix(END).split(" ")
            words = plan[: int(rng.integers(2, len(plan)))]
            text = " ".join(words) + (END if len(said) % 2 else "")
            if _plain(text) not in map(_plain, said):
                return text


def _plain(text: str) -> str:
    return text.removesuffix(END).strip()


def scored(method: str, folder: Path, **trainer: Any) -> Scored:
    """The method's trainer on the batch, up to and with its advantages."""
    own = {key: SECTIONS[key] for key in ("rewards", method) if key in SECTIONS}
    world = World()
    made = known_trainer(raw_recipe(method, OPTIONS | trainer, **own), folder, say=world.say)
    made.task._verifier = FailingVerifier(
        made.task._verifier,
        lambda attempt: math.isnan(
            world.correctness.get((attempt.problem.question, attempt.completion.strip()), 0.0)
        ),
    )
    _move(made)
    made.model.train()
    made.current_gradient_accumulation_steps = 1
    rollout = made._generate_and_score_completions(_rows(made))
    prompts, texts = (
        made.processing_class.batch_decode(rollout[name], skip_special_tokens=True)
        for name in ("prompt_ids", "completion_ids")
    )
    lengths = rollout["completion_mask"].sum(1).numpy()
    correctness = np.array(
        [world.correctness[pair] for pair in zip(prompts, map(str.strip, texts), strict=True)]
    )
    # arXiv:2503.14476, eq. 13
    penalty = -np.clip((lengths - (BUDGET - BUFFER)) / BUFFER, 0, 1)
    old = _logprobs(made.model, rollout)
    return Scored(
        trainer=made,
        rollout=rollout,
        correctness=correctness,
        rewards=correctness + PENALTY * penalty,
        lengths=lengths,
        old=old,
        reference=_logprobs(made.ref_model or made.model, rollout),
        values=_values(made.critic, rollout) if hasattr(made, "critic") else 0 * old,
    )


@torch.no_grad()
def _move(trainer: Any) -> None:
    """The policy away from its reference, and a critic that says something."""
    draw = torch.Generator().manual_seed(5)
    for name, parameter in trainer.model.named_parameters():
        if not name.startswith("critic."):
            parameter += 0.02 * torch.randn(parameter.shape, generator=draw)
    if hasattr(trainer, "critic"):
        head = trainer.critic.score.weight
        head += 0.05 * torch.randn(head.shape, generator=draw)


def _rows(trainer: Any) -> list[dict[str, Any]]:
    """Whole groups of prompts of the kinds wanted, each prompt once."""
    rows = list(trainer.train_dataset)
    chosen = []
    for kind in GROUPS:
        found = next(row for row in rows if kind_of(row["prompt"]) == kind)
        rows.remove(found)
        chosen += [found] * GROUP
    return chosen


def _inputs(rollout: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {
        "input_ids": torch.cat([rollout["prompt_ids"], rollout["completion_ids"]], 1),
        "attention_mask": torch.cat([rollout["prompt_mask"], rollout["completion_mask"]], 1),
    }


@torch.no_grad()
def _logprobs(model: Any, rollout: dict[str, torch.Tensor]) -> Floats:
    ids = rollout["completion_ids"]
    logits = model(**_inputs(rollout)).logits[:, -ids.shape[1] - 1 : -1].double()
    chosen: Floats = logits.log_softmax(-1).gather(2, ids[:, :, None])[:, :, 0].numpy()
    return chosen


@torch.no_grad()
def _values(critic: Any, rollout: dict[str, torch.Tensor]) -> Floats:
    tokens = rollout["completion_ids"].shape[1]
    values: Floats = critic(**_inputs(rollout)).logits[:, -tokens - 1 : -1, 0].double().numpy()
    return values


@pytest.mark.parametrize(
    ("method", "loss_type", "beta"),
    [
        *((method, "dapo", 0.0) for method in METHODS),
        ("grpo", "grpo", 0.0),
        ("rloo", "dr_grpo", 0.0),
        ("grpo", "bnpo", BETA),
    ],
)
def test_method_computes_what_its_paper_says(
    tmp_path: Path, method: str, loss_type: str, beta: float
) -> None:
    batch = scored(method, tmp_path, loss_type=loss_type, beta=beta)
    _assert_ragged(batch, method)
    tokens = batch.rollout["completion_mask"].numpy()
    expected = METHODS[method](batch)
    by_token = (expected if expected.ndim == 2 else expected[:, None]) * tokens
    found = batch.rollout["advantages"].double().numpy()
    _assert_close(found, expected)
    assert np.abs(by_token).max() > 0.5

    returns = np.zeros(tokens.shape)
    if method == "ppo":
        returns = (generalized(batch) + batch.values) * tokens
        _assert_close(batch.rollout["returns"].double().numpy(), returns)

    size = OPTIONS["per_device_train_batch_size"]
    draw = np.random.default_rng(1)
    for rows in (slice(0, size), slice(size, None)):
        new = batch.old[rows] + draw.normal(0, 0.8, tokens[rows].shape)
        valued = batch.values[rows] + draw.normal(0, 0.5, tokens[rows].shape)
        of_policy, of_values = _loss_gradients(batch, rows, new, valued)
        wanted = policy_gradient(batch, rows, new, by_token, loss_type, beta)
        _assert_close(of_policy, wanted)
        assert np.abs(wanted).max() > 1e-3
        if method == "ppo":
            wanted = value_gradient(batch, rows, valued, returns)
            _assert_close(of_values, wanted)
            assert np.abs(wanted).max() > 1e-3


def test_without_the_dual_clip_far_ratios_of_bad_tokens_are_not_bounded(tmp_path: Path) -> None:
    """What the recipes from VeRL would lack without `delta`."""
    batch = scored("grpo", tmp_path)
    draw = np.random.default_rng(1)
    rows = slice(0, OPTIONS["per_device_train_batch_size"])
    new = batch.old[rows] + draw.normal(0, 0.8, batch.old[rows].shape)
    bounded, _ = _loss_gradients(batch, rows, new, new)
    batch.trainer.args.delta = None
    unbounded, _ = _loss_gradients(batch, rows, new, new)
    differs = bounded != unbounded
    assert differs.any()
    assert (np.exp(new - batch.old[rows])[differs] > DUAL).all()
    assert (bounded[differs] == 0).all()


def _loss_gradients(
    batch: Scored, rows: slice, new: Floats, values: Floats
) -> tuple[Floats, Floats]:
    """Of the trainer's own loss, by the log-probs and values that its forward pass would give."""
    trainer = batch.trainer
    inputs = {
        name: tensor[rows] if tensor.dim() else tensor for name, tensor in batch.rollout.items()
    }
    logprobs = torch.tensor(new, requires_grad=True)
    valued = torch.tensor(values, requires_grad=True)
    trainer._get_per_token_logps_and_entropies = lambda *_, **__: (
        logprobs,
        torch.zeros_like(logprobs),
        None,
    )
    if hasattr(trainer, "critic"):  # which values every position, the last of which nobody asks for
        trainer._ActorCriticTrainer__values = [
            torch.cat([valued, torch.zeros(len(valued), 1)], dim=1)
        ]
    trainer._compute_loss(trainer.model, inputs).backward()
    assert logprobs.grad is not None
    of_values = np.zeros(values.shape) if valued.grad is None else valued.grad.numpy()
    return logprobs.grad.numpy(), of_values


def _assert_close(found: Floats, expected: Floats) -> None:
    np.testing.assert_allclose(found, expected, rtol=TOLERANCE, atol=TOLERANCE)


def _assert_ragged(batch: Scored, method: str) -> None:
    """The batch is as hard as the file's first lines say."""
    is_truncated = (
        batch.rollout["completion_ids"].gather(1, torch.tensor(batch.lengths - 1)[:, None])[:, 0]
        != batch.trainer.processing_class.eos_token_id
    )
    assert is_truncated.sum() >= 4
    assert len(set(batch.lengths.tolist())) >= 6
    assert np.isnan(batch.rewards).sum() >= 4
    groups = batch.correctness.reshape(-1, GROUP)
    assert len(groups) == len(GROUPS)
    if method == "dapo":  # which keeps none of the others
        assert all(1 in group and 0 in group for group in groups)
    else:
        assert any(np.isnan(group).all() for group in groups)
        assert any(len(set(group)) == 1 for group in groups)
        assert any(np.isnan(group).sum() == GROUP - 1 for group in groups)
