"""What one vLLM engine for all checkpoints saves, and what the sampler costs.

    python tests/benchmarks/vllm_sampler.py [rounds]

Prints, each with its goal:

- checkpoint to first draw, by a swap in the running engine and by a new engine (goal: >= 20 times
  sooner), where a new engine is either one more in a process that has vLLM imported, or a new
  process, which is what evaluating checkpoint after checkpoint without swaps means;
- completions per second of `VLLMSampler.sample` over bare `LLM.generate` on the same engine with
  the same prompts, n and parameters, in rounds that alternate (goal: >= 0.95).

Nothing is asserted: times belong to the machine, and only their ratios are worth quoting.
"""

import shutil
import statistics
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from safetensors.torch import load_file, save_file

from rlvr.samplers.base import SampleRequest, SamplingParams
from rlvr.samplers.vllm.sampler import VLLMSampler
from rlvr.tiny.countdown import problems
from rlvr.tiny.model import BASE

PROMPTS = [problem.question for problem in problems("dev")[:20]]
DRAWS = 256
PARAMS = SamplingParams(temperature=1, top_p=1, max_completion_tokens=24)
FIRST = [SampleRequest("first", PROMPTS[0], 0, 0, 1)]
ONE_DRAW = "--one-draw"


def main() -> None:
    """Measure and print."""
    if sys.argv[1:2] == [ONE_DRAW]:
        _first_draw(VLLMSampler(), Path(sys.argv[2]))
        return
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    sampler = VLLMSampler()
    with TemporaryDirectory() as folder:
        checkpoints = [BASE, _shifted(Path(folder) / "other")]
        sampler.load(checkpoints[0])
        list(sampler.sample(FIRST, PARAMS))
        _print_throughput(sampler, rounds)
        _print_swap(sampler, checkpoints, rounds)
    sampler.close()


def _print_swap(sampler: VLLMSampler, checkpoints: list[Path], rounds: int) -> None:
    swaps, restarts, processes = [], [], []
    for turn in range(rounds):
        checkpoint = checkpoints[(turn + 1) % 2]
        swaps.append(_seconds(partial(_first_draw, sampler, checkpoint)))
        restarts.append(_seconds(partial(_first_draw_of_a_new_engine, sampler, checkpoint)))
        processes.append(_seconds(partial(_first_draw_of_a_process, checkpoint)))
    swap = statistics.median(swaps)
    for name, times in (("new engine", restarts), ("new process", processes)):
        median = statistics.median(times)
        print(
            f"checkpoint to first draw: swap {swap:.3f} s, {name} {median:.2f} s, "
            f"ratio {median / swap:.0f} (goal >= 20; medians of {rounds})"
        )


def _print_throughput(sampler: VLLMSampler, rounds: int) -> None:
    requests = [SampleRequest(text, text, at << 20, 0, DRAWS) for at, text in enumerate(PROMPTS)]
    ours, bare = [], []
    for _ in range(rounds):
        bare.append(_seconds(partial(_bare, sampler)))
        ours.append(_seconds(partial(_drain, sampler, requests)))
    count = DRAWS * len(PROMPTS)
    ratio = statistics.median(b / o for b, o in zip(bare, ours, strict=True))
    print(
        f"completions per second: sampler {count / statistics.median(ours):.0f}, LLM.generate "
        f"{count / statistics.median(bare):.0f}, ratio {ratio:.3f} "
        f"(goal >= 0.95; median of {rounds} alternating rounds of {count})"
    )


def _drain(sampler: VLLMSampler, requests: list[SampleRequest]) -> None:
    deque(sampler.sample(requests, PARAMS), maxlen=0)


def _bare(sampler: VLLMSampler) -> None:
    """The same work by vLLM's own front end; seeds of other problems make no difference to time."""
    from vllm import SamplingParams as EngineParams

    assert sampler._engine is not None
    params = EngineParams(
        n=DRAWS, temperature=1, max_tokens=PARAMS.max_completion_tokens, seed=1 << 20
    )
    sampler._engine._llm.generate(PROMPTS, params, use_tqdm=False)


def _first_draw(sampler: VLLMSampler, checkpoint: Path) -> None:
    sampler.load(checkpoint)
    list(sampler.sample(FIRST, PARAMS))


def _first_draw_of_a_new_engine(sampler: VLLMSampler, checkpoint: Path) -> None:
    sampler.close()
    _first_draw(sampler, checkpoint)


def _first_draw_of_a_process(checkpoint: Path) -> None:
    subprocess.run([sys.executable, __file__, ONE_DRAW, str(checkpoint)], check=True)


def _shifted(folder: Path) -> Path:
    """Another checkpoint of the same model."""
    shutil.copytree(BASE, folder)
    weights = load_file(BASE / "model.safetensors")
    shifted = {name: tensor + 0.01 * torch.randn(tensor.shape) for name, tensor in weights.items()}
    save_file(shifted, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
