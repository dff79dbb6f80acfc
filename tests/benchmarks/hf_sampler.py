"""What reproducible draws cost: tokens/s of the transformers sampler over plain `generate`.

    python tests/benchmarks/hf_sampler.py [rounds]

Same model, batch size and parameters, one thread, in rounds that alternate (goal: >= 0.8). Prints
tokens per second of both and the ratio of every round, then the median. Nothing is asserted: times
belong to the machine, and only their ratios are worth quoting.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from rlvr.samplers.base import SampleRequest, SamplingParams
from rlvr.samplers.hf import HFSampler
from rlvr.tiny.countdown import problems
from rlvr.tiny.model import BASE

BATCH = 512
MAX_TOKENS = 24
PROBLEMS = problems("dev")[:2]


def main() -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    sampler = HFSampler(batch_size=BATCH)
    sampler.load(BASE)
    model = AutoModelForCausalLM.from_pretrained(BASE)
    tokenizer = AutoTokenizer.from_pretrained(BASE)
    ratios = []
    for _ in range(int(sys.argv[1]) if len(sys.argv) > 1 else 6):
        plain = _speed(lambda: _generate(model, tokenizer))
        ours = _speed(lambda: _sample(sampler))
        ratios.append(ours / plain)
        print(f"generate {plain:,.0f} tokens/s, sampler {ours:,.0f}, ratio {ratios[-1]:.3f}")
    print(f"median ratio {statistics.median(ratios):.3f}")


def _speed(draw: Callable[[], int]) -> float:
    start = time.perf_counter()
    tokens = draw()
    return tokens / (time.perf_counter() - start)


def _generate(model: Any, tokenizer: Any) -> int:
    """Tokens that plain `generate` draws, a batch for each problem."""
    drawn = 0
    for problem in PROBLEMS:
        prompt = tokenizer(problem.question, return_tensors="pt").input_ids.repeat(BATCH, 1)
        found = model.generate(
            prompt,
            attention_mask=torch.ones_like(prompt),
            do_sample=True,
            temperature=1.0,
            top_k=0,
            top_p=1.0,
            max_new_tokens=MAX_TOKENS,
        )
        drawn += int((found[:, prompt.shape[1] :] != tokenizer.pad_token_id).sum())
    return drawn


def _sample(sampler: HFSampler) -> int:
    """Tokens that the sampler draws for the same problems, a batch for each."""
    params = SamplingParams(temperature=1.0, top_p=1.0, max_completion_tokens=MAX_TOKENS)
    requests = [SampleRequest(p.id, p.question, 0, 0, BATCH) for p in PROBLEMS]
    return sum(len(each.token_ids) for each in sampler.sample(requests, params))


if __name__ == "__main__":
    main()
