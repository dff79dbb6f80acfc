"""The sampling trial: tokens per second of a sampler, and how long exchanging weights takes.

    python -m rlvr.doctor.trial.sampling SAMPLER MODEL OTHER_MODEL COMPLETIONS TOKENS

Runs in a process of its own and prints one JSON object as its last line. The log-probabilities of
a fixed completion must differ before and after the exchange: the models have different weights.
"""

import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from rlvr.samplers import selection
from rlvr.samplers.base import Sampler, SampleRequest, SamplingParams

_PROMPT = "4 7 9 2 -> 54 :"
_PROBLEMS = 8


@dataclass(frozen=True, slots=True)
class Sampled:
    """What the sampling trial measured.

    Attributes:
        tokens_s: completion tokens per second, after a short warm-up.
        start_s: until the first weights are in place, the engine's start included.
        exchange_s: until another checkpoint's weights are in their place.
        exchanged: whether the log-probabilities of a completion changed with the weights.
    """

    sampler: str
    tokens_s: float
    start_s: float
    exchange_s: float
    exchanged: bool


def measure(sampler: Sampler, models: tuple[Path, Path], completions: int, tokens: int) -> Sampled:
    """Sample from the first model, exchange the weights for the second's, and compare."""
    start_s = _seconds_to_load(sampler, models[0])
    _sample(sampler, _PROBLEMS, 8)
    before = _score(sampler)
    began = time.perf_counter()
    sampled = _sample(sampler, completions, tokens)
    rate = sampled / (time.perf_counter() - began)
    exchange_s = _seconds_to_load(sampler, models[1])
    return Sampled(sampler.identity, rate, start_s, exchange_s, _score(sampler) != before)


def _seconds_to_load(sampler: Sampler, model: Path) -> float:
    began = time.perf_counter()
    sampler.load(model)
    return time.perf_counter() - began


def _sample(sampler: Sampler, completions: int, tokens: int) -> int:
    """Draw completions and count their tokens."""
    each = -(-completions // _PROBLEMS)
    params = SamplingParams(temperature=1.0, top_p=1.0, max_completion_tokens=tokens)
    requests = [
        SampleRequest(f"trial/{at}", _PROMPT, seed=at << 20, start=0, stop=each)
        for at in range(_PROBLEMS)
    ]
    return sum(len(drawn.token_ids) for drawn in sampler.sample(requests, params))


def _score(sampler: Sampler) -> list[float]:
    return sampler.score([_PROMPT], [[1, 20, 30, 40]])[0]


def main(arguments: list[str]) -> None:
    """Measure by the arguments that the module's docstring names."""
    name, model, other, completions, tokens = arguments
    sampler = selection.sampler("vllm" if name == "vllm" else "hf")
    found = measure(sampler, (Path(model), Path(other)), int(completions), int(tokens))
    sampler.close()
    sys.stdout.write(json.dumps(asdict(found)) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
