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
from pathlib import Path

import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback, set_seed
from trl import GRPOConfig, GRPOTrainer

from rlvr import recipe as recipes
from rlvr import verifiers
from rlvr.records import Attempt, Outcome, Problem
from rlvr.runs import Run
from rlvr.tiny import RECIPES, countdown
from rlvr.tiny.model import BASE
from rlvr.training.rl import DEFAULTS
from rlvr.training.run import train
from rlvr.verifiers.countdown import CountdownVerifier

PROBLEMS = countdown.problems("train")
STEPS = 24
ROLLOUT = 256  # completions, as in the recipe
ROLLOUT_STEPS = 2  # optimizer steps that share them
PAIRS = 5


def ours(folder: Path) -> float:
    """Seconds of one optimizer step by `rlvr train`, from its own metrics."""
    recipe = recipes.load(
        RECIPES / "grpo.yaml", [f"trainer.max_steps={STEPS}", f"trainer.save_steps={STEPS}"]
    )
    run = Run(folder / "ours")
    train(recipe, run, source="grpo.yaml")
    return _seconds([entry["step_time"] for entry in run.metrics()])


class _Times(TrainerCallback):
    def __init__(self) -> None:
        self.seconds: list[float] = []

    def on_log(self, args: object, state: object, control: object, **values: dict) -> None:
        """Collect TRL's own step time."""
        if "step_time" in values["logs"]:
            self.seconds.append(float(values["logs"]["step_time"]))


def plain(folder: Path) -> float:
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
    times = _Times()
    trainer = GRPOTrainer(
        model=AutoModelForCausalLM.from_pretrained(BASE, dtype=torch.float32),
        reward_funcs=[_reward],
        args=args,
        train_dataset=_dataset(),
        processing_class=AutoTokenizer.from_pretrained(BASE),
        callbacks=[times],
    )
    trainer.train()
    return _seconds(times.seconds)


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


def _seconds(steps: list[float]) -> float:
    """Mean over the steps after the first four, which warm up."""
    return statistics.mean(steps[4:])


def main() -> None:
    """Run the pairs, each in the other order than the one before."""
    torch.set_num_threads(1)
    ratios, steps = [], []
    for pair in range(PAIRS):
        with tempfile.TemporaryDirectory() as name:
            began = time.monotonic()
            runs = [ours, plain] if pair % 2 else [plain, ours]
            seconds = {run.__name__: run(Path(name)) for run in runs}
        ratios.append(seconds["ours"] / seconds["plain"])
        steps.append(seconds["ours"])
        spent = time.monotonic() - began
        print(f"pair {pair + 1}: ours / plain = {ratios[-1]:.3f} ({spent:.0f} s)", flush=True)
    print(f"GRPO step, ours / plain TRL: {statistics.median(ratios):.3f} (median, goal <= 1.03)")
    rollout_s = ROLLOUT_STEPS * statistics.median(steps)
    plan = "9 * 7 = 63 ; 63 - 4 = 59 ; 59 - @ = 57"
    boxed = "So the sum is \\boxed{\\frac{@}{3} + x^2}."
    numbers = {"numbers": [4, 7, 9, 2], "target": 57}
    for name, text, gold in (("countdown", plan, numbers), ("math", boxed, "\\frac{57}{3} + x^2")):
        share = verification_seconds(name, [text] * ROLLOUT, gold) / rollout_s
        print(f"verifying {ROLLOUT} completions by '{name}': {share:.1%} of their two steps")


if __name__ == "__main__":
    main()
