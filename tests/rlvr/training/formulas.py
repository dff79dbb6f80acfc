"""Six methods' formulas, written from their papers in NumPy, by loops over completions and tokens.

They share no code with what they are held against in `test_cross_check.py`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from rlvr.tiny import countdown
from tests.rlvr.training.known_batch import GROUP

Floats = NDArray[np.float64]

BUDGET, BUFFER, PENALTY = 24, 12, 0.3
GAMMA, LAMBDA, KL, BETA = 0.97, 0.9, 0.05, 0.04
LOW, HIGH, DUAL, VALUE_CLIP = 0.2, 0.28, 3.0, 0.5
MICRO_BATCHES = 2


@dataclass
class Scored:
    """What a method's trainer made of the batch, and what the formulas are fed with.

    Attributes:
        correctness, rewards: of completions; NaN where undecided.
        lengths: of completions, in tokens.
        old, reference, values: of tokens: log-probs before the update and of the reference, and
            what the critic says; by forward passes of the test's own.
    """

    trainer: Any
    rollout: dict[str, torch.Tensor]
    correctness: Floats
    rewards: Floats
    lengths: NDArray[np.int64]
    old: Floats
    reference: Floats
    values: Floats

    def grouped(self) -> Floats:
        return self.rewards.reshape(-1, GROUP)

    @property
    def is_decided(self) -> NDArray[np.bool_]:
        return ~np.isnan(self.rewards)


def group_relative(batch: Scored) -> Floats:
    """Shao et al. 2024 (arXiv:2402.03300), section 4.1.2; TRL adds 1e-4 to the deviation.

    Undecided completions are in neither moment; one alone has no deviation and nothing to learn.
    """
    advantages = np.zeros(batch.grouped().shape)
    for group, row in enumerate(batch.grouped()):
        known = row[~np.isnan(row)]
        for i, reward in enumerate(row):
            if not math.isnan(reward) and len(known) > 1:
                advantages[group, i] = (reward - known.mean()) / (known.std(ddof=1) + 1e-4)
    return advantages.ravel()


def leave_one_out(batch: Scored) -> Floats:
    """Ahmadian et al. 2024 (arXiv:2402.14740), section 2.3."""
    advantages = np.zeros(batch.grouped().shape)
    for group, row in enumerate(batch.grouped()):
        for i, reward in enumerate(row):
            others = [r for j, r in enumerate(row) if j != i and not math.isnan(r)]
            if not math.isnan(reward) and others:
                advantages[group, i] = reward - sum(others) / len(others)
    return advantages.ravel()


def against_greedy(batch: Scored) -> Floats:
    """Li et al. 2024 (arXiv:2310.10505), algorithm 1: less the greedy one's reward."""
    tokenizer = batch.trainer.processing_class
    prompts = tokenizer.batch_decode(batch.rollout["prompt_ids"], skip_special_tokens=True)
    baseline = {prompt: _greedy_reward(batch.trainer, prompt) for prompt in set(prompts)}
    return np.nan_to_num(batch.rewards - np.array([baseline[prompt] for prompt in prompts]))


@torch.no_grad()
def _greedy_reward(trainer: Any, prompt: str) -> float:
    """Of the completion whose every token is the likeliest one."""
    tokenizer, new = trainer.processing_class, list[int]()
    asked = tokenizer(prompt).input_ids
    while len(new) < BUDGET and tokenizer.eos_token_id not in new:
        logits = trainer.model(input_ids=torch.tensor([asked + new])).logits
        new.append(int(logits[0, -1].argmax()))
    numbers, _, target = prompt.removesuffix(" :").partition(" -> ")
    right = countdown.solutions(tuple(map(int, numbers.split())), int(target))
    text = tokenizer.decode(new, skip_special_tokens=True).strip()
    is_right = new[-1] == tokenizer.eos_token_id and text in map(countdown.written, right)
    return is_right - PENALTY * min(max((len(new) - (BUDGET - BUFFER)) / BUFFER, 0), 1)


def token_rewards(batch: Scored) -> Floats:
    """Ouyang et al. 2022 (arXiv:2203.02155): -KL at every token, the reward at the last one."""
    rewards = np.zeros(batch.old.shape)
    for row, length in enumerate(batch.lengths):
        for t in range(length):
            rewards[row, t] = -KL * (batch.old[row, t] - batch.reference[row, t])
        if batch.is_decided[row]:
            rewards[row, length - 1] += batch.rewards[row]
    return rewards


def whitened(values: Floats, batch: Scored) -> Floats:
    """Over all tokens of decided completions; the deviation is that of the tokens themselves."""
    tokens = [values[row, : batch.lengths[row]] for row in np.flatnonzero(batch.is_decided)]
    every = np.concatenate(tokens)
    white = np.zeros(values.shape)
    for row in np.flatnonzero(batch.is_decided):
        length = batch.lengths[row]
        white[row, :length] = (values[row, :length] - every.mean()) / every.std()
    return white


def discounted(batch: Scored) -> Floats:
    """Hu 2025 (arXiv:2501.03262), section 3: returns of the penalised rewards, normalised."""
    rewards, returns = token_rewards(batch), np.zeros(batch.old.shape)
    for row, length in enumerate(batch.lengths):
        for t in range(length):
            returns[row, t] = sum(GAMMA ** (s - t) * rewards[row, s] for s in range(t, length))
    return whitened(returns, batch)


def generalized(batch: Scored) -> Floats:
    """Schulman et al. 2016 (arXiv:1506.02438), eq. 16, on values that are 0 after the end."""
    rewards, advantages = token_rewards(batch), np.zeros(batch.old.shape)
    for row, length in enumerate(batch.lengths):
        values = np.append(batch.values[row, :length], 0.0)
        for t in range(length):
            advantages[row, t] = sum(
                (GAMMA * LAMBDA) ** (s - t) * (rewards[row, s] + GAMMA * values[s + 1] - values[s])
                for s in range(t, length)
            )
    return advantages


METHODS: dict[str, Callable[[Scored], Floats]] = {
    "grpo": group_relative,
    "dapo": group_relative,
    "rloo": leave_one_out,
    "remax": against_greedy,
    "reinforce_pp": discounted,
    "ppo": lambda batch: whitened(generalized(batch), batch),
}


def policy_gradient(
    batch: Scored, rows: slice, new: Floats, advantages: Floats, loss_type: str, beta: float
) -> Floats:
    """dL/d log pi of every token of a micro-batch.

    The clipped objective of Schulman et al. 2017 (arXiv:1707.06347), eq. 7, with DAPO's two bounds
    (arXiv:2503.14476, eq. 8) and the dual clip of Ye et al. 2020 (arXiv:1912.09729), eq. 5, which
    VeRL calls clip_ratio_c and TRL delta: where A < 0 the loss is at most -delta A. KL in the loss
    is Shao et al.'s eq. 4, whose derivative is 1 - ref/new.
    """
    lengths = batch.lengths[rows]
    gradient = np.zeros(new.shape)
    of_generation = batch.lengths.sum() / MICRO_BATCHES  # tokens of an optimizer step, on average
    for row, length in enumerate(lengths):
        norm = {
            "dapo": of_generation,
            "grpo": length * len(lengths),
            "dr_grpo": BUDGET * len(lengths),
            "bnpo": lengths.sum(),
        }[loss_type]
        for t in range(length):
            ratio = math.exp(new[row, t] - batch.old[rows][row, t])
            advantage = advantages[rows][row, t]
            is_clipped = ratio > 1 + HIGH if advantage > 0 else ratio < 1 - LOW or ratio > DUAL
            gradient[row, t] = 0 if is_clipped else -ratio * advantage / norm
            if beta:
                drift = math.exp(batch.reference[rows][row, t] - new[row, t])
                gradient[row, t] += beta * (1 - drift) / norm
    return gradient


def value_gradient(batch: Scored, rows: slice, new: Floats, returns: Floats) -> Floats:
    """dL/dV of half the larger squared error, of the value and of the value kept near the old one.

    As VeRL's and OpenAI's implementations clip it; a mean over the tokens of an optimizer step.
    """
    gradient = np.zeros(new.shape)
    norm = batch.lengths.sum() / MICRO_BATCHES
    for row in range(len(new)):
        if not batch.is_decided[rows][row]:
            continue
        for t in range(batch.lengths[rows][row]):
            old, target = batch.values[rows][row, t], returns[rows][row, t]
            near = min(max(new[row, t], old - VALUE_CLIP), old + VALUE_CLIP)
            error, near_error = new[row, t] - target, near - target
            is_inside = near == new[row, t]
            if is_inside or error**2 > near_error**2:
                gradient[row, t] = error / norm
    return gradient
