"""Our GRPO step time over plain TRL's, same model and settings: a ratio from interleaved runs.

    python tests/benchmarks/training.py

Prints the ratio per pair of runs and its median (goal: at most 1.03), and what verifying a rollout
of the step's size takes of it (goal: less than 5 %), by the countdown and the mathematics verifier.
Ours adds guards, group statistics, the metrics file and the markers.
"""

import os

os.environ.update(OMP_NUM_THREADS="1", WANDB_MODE="disabled", TQDM_DISABLE="1")

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import torch
from datasets import Dataset
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PrinterCallback,
    TrainerCallback,
    set_seed,
)
from transformers.trainer import DEFAULT_CALLBACKS
from trl import GRPOConfig, GRPOTrainer

from rlvr import verifiers
from rlvr.core.records import Attempt, Outcome, Problem
from rlvr.recipes import recipe as recipes
from rlvr.runs.run_directory import Run
from rlvr.tiny import RECIPES, countdown
from rlvr.tiny.model import BASE
from rlvr.training.loop.train import train
from rlvr.training.methods.rl import DEFAULTS
from rlvr.verifiers.countdown import CountdownVerifier

PROBLEMS = countdown.problems("train")
STEPS = 24
ROLLOUT = 256  # completions, as in the recipe
ROLLOUT_STEPS = 2  # optimizer steps that share them
PAIRS = 5


class _Clock(TrainerCallback):
    """When each optimizer step began: from one to the next lies all that a step costs.

    TRL's own `step_time` would leave out what callbacks do, which is where most of ours is.
    """

    began: ClassVar[list[tuple[float, float]]] = []

    def on_step_begin(self, args: object, state: object, control: object, **_: object) -> None:
        """Called on every trainer made here, ours and TRL's own."""
        self.began.append((time.perf_counter(), time.process_time()))


def ours(folder: Path) -> None:
    """`rlvr train`, whole."""
    recipe = recipes.load(
        RECIPES / "grpo.yaml", [f"trainer.max_steps={STEPS}", f"trainer.save_steps={STEPS}"]
    )
    train(recipe, Run(folder / "ours"), source="grpo.yaml")


def plain(folder: Path) -> None:
    """The same by TRL's trainer alone, with a reward that costs nothing beyond the verdict."""
    recipe = recipes.load(RECIPES / "grpo.yaml", [f"trainer.max_steps={STEPS}"])
    options = {**DEFAULTS, **recipe.trainer, "max_steps": STEPS, "save_steps": STEPS}
    args = GRPOConfig(
        output_dir=str(folder / "plain"),
        use_cpu=True,
        bf16=False,
        report_to="none",
        logging_steps=1,
        disable_tqdm=True,
        seed=recipe.seed,
        **options,
    )
    set_seed(recipe.seed)
    trainer = GRPOTrainer(
        model=AutoModelForCausalLM.from_pretrained(BASE, dtype=torch.float32),
        reward_funcs=[_reward],
        args=args,
        train_dataset=_dataset(),
        processing_class=AutoTokenizer.from_pretrained(BASE),
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()


def _dataset() -> Dataset:
    return Dataset.from_dict(
        {"prompt": [p.question for p in PROBLEMS], "problem": list(range(len(PROBLEMS)))}
    )


def _reward(completions: list[str], problem: list[int], **_: object) -> list[float]:
    attempts = [Attempt(PROBLEMS[i], text) for i, text in zip(problem, completions, strict=True)]
    verdicts = CountdownVerifier().verify(attempts)
    return [float(verdict.outcome is Outcome.CORRECT) for verdict in verdicts]


def verification_seconds(name: str, completions: list[str], gold: object) -> float:
    """Seconds to verify one rollout, median of five; every completion is new to the verifier."""
    verifier = verifiers.get(name)
    verifier.verify([Attempt(Problem("warm", "", gold), completions[0])])
    spent = []
    for repeat in range(5):
        attempts = [
            Attempt(Problem(f"p/{repeat}/{at}", "", gold), text.replace("@", str(at + repeat)))
            for at, text in enumerate(completions)
        ]
        began = time.perf_counter()
        verifier.verify(attempts)
        spent.append(time.perf_counter() - began)
    return statistics.median(spent)


def step_seconds(run: Callable[[Path], None], folder: Path) -> tuple[float, float]:
    """Mean over whole rollouts after the first two, which warm up: of the clock, of the processor.

    On a machine that does other things as well, the second is the one to look at.
    """
    _Clock.began.clear()
    run(folder)
    timed = _Clock.began[2 * ROLLOUT_STEPS :: ROLLOUT_STEPS]
    steps = ROLLOUT_STEPS * (len(timed) - 1)
    (wall, processor), (wall_after, processor_after) = timed[0], timed[-1]
    return (wall_after - wall) / steps, (processor_after - processor) / steps


def main() -> None:
    """Run the pairs, each in the other order than the one before."""
    torch.set_num_threads(1)
    DEFAULT_CALLBACKS.append(_Clock)
    wall, processor, steps = [], [], []
    for pair in range(PAIRS):
        with tempfile.TemporaryDirectory() as name:
            began = time.monotonic()
            runs = [ours, plain] if pair % 2 else [plain, ours]
            seconds = {run.__name__: step_seconds(run, Path(name)) for run in runs}
        steps.append(seconds["ours"][0])
        wall.append(seconds["ours"][0] / seconds["plain"][0])
        processor.append(seconds["ours"][1] / seconds["plain"][1])
        spent = time.monotonic() - began
        print(
            f"pair {pair + 1}: ours / plain = {wall[-1]:.3f}, of processor time "
            f"{processor[-1]:.3f} ({spent:.0f} s)",
            flush=True,
        )
    print(
        f"GRPO step, ours / plain TRL: {statistics.median(wall):.3f}, of processor time "
        f"{statistics.median(processor):.3f} (medians, goal <= 1.03)"
    )
    rollout_s = ROLLOUT_STEPS * statistics.median(steps)
    plan = "9 * 7 = 63 ; 63 - 4 = 59 ; 59 - @ = 57"
    boxed = "So the sum is \\boxed{\\frac{@}{3} + x^2}."
    numbers = {"numbers": [4, 7, 9, 2], "target": 57}
    for name, text, gold in (("countdown", plan, numbers), ("math", boxed, "\\frac{57}{3} + x^2")):
        share = verification_seconds(name, [text] * ROLLOUT, gold) / rollout_s
        print(f"verifying {ROLLOUT} completions by '{name}': {share:.1%} of their two steps")


if __name__ == "__main__":
    main()
