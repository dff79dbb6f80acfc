"""Training on a ChatML base model whose own end is another token than its template's.

The model says what the table says (`tests.rlvr.chatml`), sampled by TRL itself.
"""

from pathlib import Path
from typing import Any

import pytest

from rlvr.recipes import recipe as recipes
from rlvr.runs.run_directory import Run
from rlvr.training.checks.settings import training_arguments
from rlvr.training.loop.train import build_trainer
from rlvr.training.methods import registry
from rlvr.training.trainers.rollout_engine import stop_at
from tests.rlvr import chatml
from tests.rlvr.chatml import BUDGET, ROWS
from tests.rlvr.training.known_batch import raw_recipe

WORDS = chatml.tokenizer()
END, TURN, TURN_END = WORDS.convert_tokens_to_ids([chatml.END, chatml.TURN, chatml.TURN_END])
PROBLEMS = 4


def share(verdict: str) -> Any:
    return pytest.approx(sum(said.verdict == verdict for said in ROWS[:PROBLEMS]) / PROBLEMS)


def test_trl_stops_at_the_templates_markers_and_rewards_what_evaluation_counts(
    tmp_path: Path,
) -> None:
    """By ReMax, whose greedy completions come by a way of their own."""
    scripted = chatml.scripted(tmp_path)
    of_trainer = {
        "per_device_train_batch_size": 2 * PROBLEMS,
        "num_generations": 2,
        "max_completion_length": BUDGET,
        "mask_truncated_completions": True,
    }
    raw = raw_recipe("remax", of_trainer) | {"model": str(scripted.model)}
    raw["data"] = {"problems": scripted.source | {"limit": PROBLEMS}, "prompt": "qwen-boxed"}
    recipe = recipes.parse(raw, source="test")
    run = Run(tmp_path / "run")
    args = training_arguments(recipe, registry.get("remax"), run, source="test")
    trainer: Any = build_trainer(recipe, run, args, scripted.model)
    trainer.train()

    metrics = trainer.state.log_history[0]
    for verdict in ("correct", "wrong", "no_answer", "truncated"):
        assert metrics[f"verdicts/{verdict}"] == share(verdict) != 0
    assert metrics["reward_greedy"] == share("correct")
    assert metrics["completions/clipped_ratio"] == share("truncated")
    batch = trainer._buffered_inputs[0]
    drawn = [
        ids[: int(mask.sum())].tolist()
        for ids, mask in zip(batch["completion_ids"], batch["completion_mask"], strict=True)
    ]
    seen = [ids for ids in drawn if ids]  # the loss sees no token of what the budget cut off
    assert len(seen) / len(drawn) == 1 - share("truncated").expected
    assert {ids[-1] for ids in seen} == {TURN_END}
    assert not any({END, TURN, TURN_END} & set(ids[:-1]) for ids in seen)
    # the checkpoint's own files are left as they were
    assert trainer.model.generation_config.eos_token_id == END


@pytest.mark.parametrize(
    ("use_vllm", "given", "found"),
    [
        (False, None, {"eos_token_id": [2, 5]}),
        (False, {"eos_token_id": 7, "min_new_tokens": 1}, {"eos_token_id": [2, 5, 7]}),
        (True, None, {"stop_token_ids": [2, 5]}),
        (True, {"stop_token_ids": [3], "stop": ["x"]}, {"stop_token_ids": [2, 3, 5]}),
    ],
)
def test_each_engine_is_told_in_its_own_words_and_keeps_what_the_recipe_says(
    use_vllm: bool, given: dict[str, Any] | None, found: dict[str, Any]
) -> None:
    class Args:
        generation_kwargs = given

    args: Any = Args()
    args.use_vllm = use_vllm
    stop_at(args, {5, 2})
    assert args.generation_kwargs == {**(given or {}), **found}
