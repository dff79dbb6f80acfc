"""What vLLM's completions weigh in the loss, by their length.

vLLM's log-probs of the tokens it sampled differ from the trainer's in their last digits, so TRL
multiplies the loss by exp(trainer's - vLLM's). Whatever falls with length in these weights is a
bias towards short completions that no reward asked for: with TRL's own default, which sums the
differences over a completion and drops those beyond a cap, a difference of 0.03 a token leaves
completions of 8,192 tokens a sixth of their weight. Our default truncates token by token
(`rlvr.training.methods.rl`). What the weights are is logged, and told where they collapse.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from accelerate import Accelerator
from torch import Tensor

logger = logging.getLogger(__name__)

# completions of at most so many tokens are not told apart; every further class is twice as wide
_SHORTEST = 256
# below this, half of what was sampled teaches nothing
_COLLAPSED = 0.5


@dataclass(frozen=True)
class LengthClass:
    """The weights of completions of up to `tokens` tokens, and of more than half as many.

    Attributes:
        mean: of the weights; 1 where sampler and trainer agree.
        effective_share: effective sample size (sum w)^2 / sum w^2, as a share of the weights.
    """

    tokens: int
    mean: float
    effective_share: float

    @property
    def has_collapsed(self) -> bool:
        return min(self.mean, self.effective_share) < _COLLAPSED


def by_length(weights: Tensor, is_token: Tensor, accelerator: Accelerator) -> Iterator[LengthClass]:
    """Yield the length classes that have completions over all processes; the same on each.

    Args:
        weights: of tokens, shape (completions, tokens), or of completions, shape (completions, 1).
        is_token: 1 where a token is the completion's own, shape (completions, tokens).
    """
    counted = is_token if weights.shape[1] > 1 else is_token.amax(1, keepdim=True)
    kept = weights.double() * counted
    lengths = is_token.sum(1).clamp(min=1)
    classes = (lengths / _SHORTEST).log2().ceil().clamp(min=0).long()
    moments = torch.stack([counted.sum(1).double(), kept.sum(1), (kept**2).sum(1)], dim=1)
    # a class for every power of two that a length in 32 bits can have
    sums = torch.zeros(32, 3, dtype=torch.double, device=weights.device)
    sums = accelerator.reduce(sums.index_add(0, classes, moments), "sum")
    for at, (count, total, squares) in enumerate(sums.tolist()):
        if count:
            share = total**2 / squares / count if squares else 0.0
            yield LengthClass(_SHORTEST * 2**at, total / count, share)


def told(found: LengthClass, mode: str) -> str:
    """Warn of collapsed weights in words for the user."""
    instead = "" if mode == "token_truncate" else "write token_truncate, or "
    return (
        f"vLLM's completions of up to {found.tokens} tokens weigh {found.mean:.2f} on average in "
        f"the loss, with an effective sample size of {found.effective_share:.0%}: its "
        "log-probs are not the trainer's (see sampling/sampling_logp_difference in the metrics). "
        f"trainer.vllm_importance_sampling_mode is {mode}; {instead}look for what differs: "
        "precision, a sampling option that changes the distribution, or weights that were not "
        "handed over"
    )
