"""Completions per second of `rlvr eval`, all of it, over vLLM alone.

    OMP_NUM_THREADS=1 python tests/benchmarks/pipeline.py [rounds [problems [n]]]

One engine in this process, the embedded base on countdown-test, in rounds that alternate:

- `rlvr eval`: what the command does between the engine's start and its report, by the same
  functions (`plan`, `carry_out`): weights put in place, prompts rendered, the store read for what
  is due, sampling, every completion verified and written to a fresh store, the ledger's entry.
- `LLM.generate`: the same prompts, n and sampling parameters in one call, its results dropped.

Left out on both sides: starting Python and the engine. The goal is 0.95 of the bare rate. Beside
wall time stands CPU time of the process, which says the same where other work disturbs the clock;
it counts what overlaps in full, so its ratio is the lower one.
"""

import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from rlvr.answers import prompts
from rlvr.recipes import recipe as recipes
from rlvr.runs.run_directory import Run
from rlvr.samplers.vllm.sampler import VLLMSampler
from rlvr_eval.draw.crew import Crew
from rlvr_eval.draw.drawing import carry_out
from rlvr_eval.plan.evaluation import Evaluation
from rlvr_eval.plan.ledger import Ledger
from rlvr_eval.plan.planning import models_of, plan, store_of

MAX_TOKENS = 24
GOAL = 0.95


class Cost(NamedTuple):
    """What one round took, in seconds per completion."""

    wall: float
    cpu: float


def main() -> None:
    """Measure and print."""
    given = [int(word) for word in sys.argv[1:]]
    rounds, problems, n = given + [5, 200, 64][len(given) :]
    sampler = VLLMSampler()
    with TemporaryDirectory() as folder:
        runs = iter(_new_run(Path(folder), problems, n, at) for at in range(rounds + 1))
        texts = _prompts(first := next(runs))
        _evaluate(sampler, first)  # starts the engine and fills every cache there is
        _bare(sampler, texts, n)
        ours, bare = [], []
        for run in runs:
            bare.append(_cost(partial(_bare, sampler, texts, n)))
            ours.append(_cost(partial(_evaluate, sampler, run)))
    sampler.close()
    _print(ours, bare, rounds, problems * n)


def _print(ours: list[Cost], bare: list[Cost], rounds: int, completions: int) -> None:
    rates = [1 / statistics.median(cost.wall for cost in costs) for costs in (ours, bare)]
    wall, cpu = (
        statistics.median(theirs[at] / mine[at] for theirs, mine in zip(bare, ours, strict=True))
        for at in range(2)
    )
    print(
        f"completions per second: rlvr eval {rates[0]:.0f}, LLM.generate {rates[1]:.0f}, ratio "
        f"{wall:.3f} (goal >= {GOAL}; by CPU time {cpu:.3f}; medians of {rounds} alternating "
        f"rounds of {completions:,})"
    )


def _new_run(folder: Path, problems: int, n: int, at: int) -> Run:
    """A run directory of the embedded base that shares its store with no other."""
    raw = {
        "name": "run",
        "model": "embedded:countdown-base",
        "method": "grpo",
        "data": {"problems": "countdown-train"},
        "evaluation": {
            "benchmarks": [{"name": "countdown-test", "limit": problems}],
            "design": f"fixed:{n}",
            "sampling": {"temperature": 1.0, "top_p": 1.0, "max_completion_tokens": MAX_TOKENS},
            "sampler": "vllm",
            # other draws in every round; only of the same draws would vLLM's work be the same
            "run_seed": at,
        },
    }
    run = Run(folder / str(at) / "run")
    run.start(recipes.parse(raw, source="benchmark"))
    return run


def _evaluate(sampler: VLLMSampler, run: Run) -> int:
    """`rlvr_eval.draw.drawing.evaluate` with an engine that is there already; completions made."""
    carry_out(run, _planned(run), Crew(sampler, VLLMSampler, processes=1))
    (outcomes,) = Ledger(run).outcomes()
    return int(outcomes.counts.n.sum())


def _planned(run: Run) -> list[Evaluation]:
    settings = run.recipe().evaluation
    assert settings is not None
    return plan(models_of(run), settings, store_of(run))


def _prompts(run: Run) -> list[str]:
    (evaluation,) = _planned(run)
    return [prompts.render(evaluation.prompt, each, None) for each in evaluation.problems]


def _bare(sampler: VLLMSampler, texts: list[str], n: int) -> int:
    """The same work by vLLM's own front end; completions made."""
    from vllm import SamplingParams

    assert sampler._engine is not None
    params = SamplingParams(n=n, temperature=1, max_tokens=MAX_TOKENS, seed=1 << 20)
    outputs = sampler._engine._llm.generate(texts, params, use_tqdm=False)
    return sum(len(output.outputs) for output in outputs)


def _cost(work: Callable[[], int]) -> Cost:
    wall, cpu = time.perf_counter(), time.process_time()
    completions = work()
    return Cost(
        (time.perf_counter() - wall) / completions, (time.process_time() - cpu) / completions
    )


if __name__ == "__main__":
    main()
