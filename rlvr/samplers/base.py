"""What every sampler promises, and the seeds that make a draw the same wherever it is drawn.

Draw i of a problem uses seed `draw_seed(..) + i`, so [0, 64) followed by [64, 256) equals one
request of 256, and any shard may draw any range. Samplers differ in their random streams: draws of
two samplers agree in distribution, not token by token.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Protocol

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from rlvr.core.hashing import hash_number
from rlvr.core.records import Completion
from rlvr.core.section import Section


class SamplingParams(Section):
    """Say how completions are drawn.

    Part of the draw key: draws under other values are never pooled.

    Attributes:
        temperature: 0 is greedy decoding.
        top_p: share of probability that nucleus sampling keeps.
        top_k: number of tokens to choose from; 0 for all.
        min_p: least probability, relative to the likeliest token's; 0 for none.
        repetition_penalty: above 1 makes repeated tokens less likely.
        max_completion_tokens: token budget of one completion.
        stop: strings that end a completion.
        stop_token_ids: tokens that end a completion, besides the model's own end.
    """

    temperature: float = Field(default=0.6, ge=0, le=100)
    top_p: float = Field(default=0.95, ge=1e-6, le=1)
    top_k: int = Field(default=0, ge=0)
    min_p: float = Field(default=0.0, ge=0, lt=1)
    repetition_penalty: float = Field(default=1.0, ge=0.01, le=100)
    max_completion_tokens: int = Field(default=16_384, ge=1, le=10_000_000)
    stop: tuple[str, ...] = ()
    stop_token_ids: tuple[Annotated[int, Field(ge=0, lt=2**31)], ...] = ()

    @field_validator("temperature")
    @classmethod
    def _engines_can_divide_by_it(cls, value: float) -> float:
        """Refuse what vLLM would raise to 0.01, and transformers make infinite."""
        if 0 < value < 0.01:
            raise PydanticCustomError("temperature", "write 0 to be greedy, otherwise 0.01 or more")
        return value

    def stopped_at(self, token_ids: Collection[int]) -> "SamplingParams":
        """Return the same parameters with these tokens as further ends."""
        stops = tuple(sorted({*self.stop_token_ids, *token_ids}))
        return self.model_copy(update={"stop_token_ids": stops}) if token_ids else self


@dataclass(frozen=True, slots=True)
class SampleRequest:
    """Draws [start, stop) of one problem; draw i uses seed + i.

    Attributes:
        prompt: as `rlvr.answers.prompts.render` gives it; its type says whether special tokens are
        added.
    """

    problem_id: str
    prompt: str
    seed: int
    start: int
    stop: int
    images: tuple[str, ...] = ()


class Sampler(Protocol):
    """Turns requests into completions with one set of weights loaded at a time.

    Attributes:
        identity: "<engine>/<version>", part of the draw key.
        dtype: of the weights as sampled from, e.g. "float32"; part of the draw key.
    """

    identity: str
    dtype: str

    def load(self, checkpoint: Path) -> None:
        """Put the checkpoint's weights in place.

        Raises:
            UserError: naming the tensors, if they do not fit; what was loaded before stays intact.
        """
        ...

    def sample(
        self, requests: Sequence[SampleRequest], params: SamplingParams, *, logprobs: bool = False
    ) -> Iterator[Completion]:
        """Yield every requested draw, in any order; each carries its sample index.

        Completions follow `params` alone, whatever the model's own files ask for, and end with
        "length" where the model's context does.

        Raises:
            UserError: if a prompt leaves no room for a completion.
        """
        ...

    def score(
        self, prompts: Sequence[str], token_ids: Sequence[Sequence[int]]
    ) -> list[list[float]]:
        """Compute log-probabilities (natural, untempered) of completion tokens after their prompts.

        Raises:
            UserError: if prompt and completion are longer than the model's context.
        """
        ...

    def close(self) -> None:
        """Free the device memory; the sampler cannot be used afterwards."""
        ...


SEED_BITS_PER_PROBLEM = 20


def draw_seed(run_seed: int, weights_hash: str, problem_id: str) -> int:
    """Compute the seed of draw 0 of a problem, in [0, 2**60), a multiple of 2**20.

    The weights take part so that base and checkpoint are independent samples: every product and
    paired test of the analysis relies on it. Bases are 2**20 apart, so draws of two problems share
    a seed only when all 40 hashed bits agree.
    """
    return hash_number(f"{run_seed}|{weights_hash}|{problem_id}", 5) << SEED_BITS_PER_PROBLEM
