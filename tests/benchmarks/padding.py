"""What training without padding saves: plain TRL and ours take turns in one process.

    python tests/benchmarks/padding.py [ROUNDS]

The same GRPO trainer on a random Llama of 3 layers; completions have log-normal lengths (median 64
tokens, 5 % at the budget of 512), as reasoning has them. Each round, both get the same rollout.
Prints the share of computed tokens that are real (goal: at least 90 %), the time of the training
part (old log-probs, loss, backward, optimizer) over plain TRL's (goal: at most 0.3), and that of a
whole step with sampling by transformers, which stops at each completion's length (goal: at most
0.5). Time is the processor's, so that other work on the machine does not count. The losses of both
are compared too.
"""

import os

os.environ.update(OMP_NUM_THREADS="1", WANDB_MODE="disabled", TQDM_DISABLE="1")

import math
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoTokenizer,
    LlamaConfig,
    LlamaForCausalLM,
    LogitsProcessor,
    LogitsProcessorList,
)
from trl import GRPOTrainer

from rlvr.recipes import recipe as recipes
from rlvr.runs.run_directory import Run
from rlvr.tiny.model import BASE
from rlvr.training.checks.settings import training_arguments
from rlvr.training.loop.train import build_trainer
from rlvr.training.methods import registry

ROUNDS = 4
BUDGET, MEDIAN = 512, 64
# 5 % of the completions reach the budget
SIGMA = math.log(BUDGET / MEDIAN) / 1.645
MICRO_BATCHES = 4


class EndAt(LogitsProcessor):
    """Ends each completion at its length, whatever the model would say."""

    def __init__(self, lengths: torch.Tensor, prompt: int, end: int) -> None:
        self._lengths, self._prompt, self._end = lengths, prompt, end

    def __call__(self, ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Allow the end token at the completion's last place, and only there."""
        is_last = self._lengths <= ids.shape[1] - self._prompt + 1
        scores[is_last] = -torch.inf
        scores[:, self._end] = torch.where(is_last, 0.0, -torch.inf)
        return scores


class Timed:
    """A trainer whose steps are timed, and whose rollouts have lengths drawn in advance."""

    def __init__(self, trainer: Any) -> None:
        self.trainer = trainer
        self.sampling_s = 0.0
        self._draw = torch.Generator()
        self._batches = iter(trainer.get_train_dataloader())
        trainer.create_optimizer()
        trainer.model.train()
        trainer.current_gradient_accumulation_steps = trainer.args.gradient_accumulation_steps
        self._generate = trainer.model.generate
        trainer.model.generate = self._to_length
        trainer._calculate_rewards = self._drawn_rewards

    def step(self, seed: int) -> tuple[float, float, list[float]]:
        """One rollout and its optimizer steps: seconds of training, seconds of all, losses."""
        torch.manual_seed(seed)
        self._draw.manual_seed(seed)
        self.sampling_s, losses = 0.0, []
        batch = next(self._batches)
        began = time.process_time()
        for at in range(MICRO_BATCHES):
            losses.append(self.trainer.training_step(self.trainer.model, batch, None).item())
            if (at + 1) % self.trainer.args.gradient_accumulation_steps == 0:
                self.trainer.optimizer.step()
                self.trainer.model.zero_grad()
        whole = time.process_time() - began
        return whole - self.sampling_s, whole, losses

    def _to_length(self, input_ids: torch.Tensor, **given: Any) -> Any:
        began = time.process_time()
        normal = torch.randn(len(input_ids), generator=self._draw)
        lengths = (math.log(MEDIAN) + SIGMA * normal).exp().long().clamp(1, BUDGET)
        end = self.trainer.processing_class.eos_token_id
        ending = EndAt(lengths, input_ids.shape[1], end)
        found = self._generate(
            input_ids=input_ids, logits_processor=LogitsProcessorList([ending]), **given
        )
        self.sampling_s += time.process_time() - began
        return found

    def _drawn_rewards(self, inputs: list[Any], *_: Any, **__: Any) -> Any:
        drawn = torch.randint(0, 2, (len(inputs), 1), generator=self._draw).float()
        return self.trainer.note(drawn)


def build(folder: Path, weights: Path, *, is_plain: bool) -> Any:
    """The product's GRPO trainer; a plain one runs TRL's own pass over the padded batch."""
    raw = {
        "name": "padding",
        "model": str(weights),
        "method": "grpo",
        "data": {"problems": {"name": "countdown-train", "limit": 512}},
        "rewards": {"max_rollouts_without_signal": 1000},
        "trainer": {
            "max_steps": 1000,
            "per_device_train_batch_size": 16,
            "gradient_accumulation_steps": 2,
            "steps_per_generation": MICRO_BATCHES,
            "num_generations": 8,
            "max_completion_length": BUDGET,
            "learning_rate": 1e-5,
            "lr_scheduler_type": "constant",
            "save_strategy": "no",
            "use_cpu": True,
        },
    }
    recipe = recipes.parse(raw, source="padding")
    run, method = Run(folder / str(is_plain)), registry.get("grpo")
    args = training_arguments(recipe, method, run, source="padding")
    trainer: Any = build_trainer(recipe, run, args, weights)
    if is_plain:

        def plain(model: Any, ids: Any, mask: Any, *given: Any, **further: Any) -> Any:
            trainer.token_count.add(int(mask.sum()), mask.numel())
            pass_ = GRPOTrainer._get_per_token_logps_and_entropies
            return pass_(trainer, model, ids, mask, *given, **further)

        trainer._get_per_token_logps_and_entropies = plain
    return trainer


def model(folder: Path) -> Path:
    """Random weights, with the embedded model's tokenizer."""
    tokenizer = AutoTokenizer.from_pretrained(BASE)
    tokenizer.model_max_length = 2 * BUDGET
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=256,
        intermediate_size=768,
        num_hidden_layers=3,
        num_attention_heads=8,
        num_key_value_heads=8,
        max_position_embeddings=2 * BUDGET,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    torch.manual_seed(0)
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def main() -> None:
    """Let both take the same step, in the other order each round; the first round warms up."""
    torch.set_num_threads(1)
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    with tempfile.TemporaryDirectory() as name:
        weights = model(Path(name) / "model")
        both = [Timed(build(Path(name), weights, is_plain=is_plain)) for is_plain in (True, False)]
        training, whole = [], []
        for number in range(rounds + 1):
            taken = {at: both[at].step(number) for at in ((0, 1) if number % 2 else (1, 0))}
            (plain_s, plain_whole_s, expected), (ours_s, ours_whole_s, losses) = taken[0], taken[1]
            differs = max(abs(a - b) for a, b in zip(losses, expected, strict=True))
            ratios = ours_s / plain_s, ours_whole_s / plain_whole_s
            print(
                f"round {number}: training part {ratios[0]:.3f}, whole step {ratios[1]:.3f} of "
                f"plain TRL's; losses differ by {differs:.0e}",
                flush=True,
            )
            if number:
                training.append(ratios[0])
                whole.append(ratios[1])
        shares = [timed.trainer.token_count.read_share(timed.trainer.accelerator) for timed in both]
    print(f"real tokens: plain TRL {shares[0]:.1%}, ours {shares[1]:.1%} (goal >= 90 %)")
    print(f"training part, ours / plain: {statistics.median(training):.3f} (median, goal <= 0.3)")
    print(f"whole step, ours / plain: {statistics.median(whole):.3f} (median, goal <= 0.5)")


if __name__ == "__main__":
    main()
