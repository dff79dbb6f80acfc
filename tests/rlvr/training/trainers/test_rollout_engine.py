"""Sampling by vLLM during training: by recipe for every method, and refused in one line on CPU.

With a GPU the engine is TRL's own; nothing here runs it.
"""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rlvr.cli.main import main
from rlvr.core.errors import UserError
from rlvr.recipes import recipe as recipes
from rlvr.runs.run_directory import Run
from rlvr.tiny import RECIPES
from rlvr.training.checks.settings import training_arguments
from rlvr.training.methods import registry
from rlvr.training.trainers import rollout_engine
from tests.rlvr.training.known_batch import known_trainer, raw_recipe

SAMPLING = ("grpo", "ppo", "rloo", "reinforce_pp", "remax", "dapo")
COLOCATE = {"use_vllm": True, "vllm_mode": "colocate", "vllm_gpu_memory_utilization": 0.3}
SERVER = {"use_vllm": True, "vllm_mode": "server", "vllm_server_base_url": "http://gpu-1:8000"}


@pytest.mark.parametrize("options", [COLOCATE, SERVER], ids=["colocate", "server"])
@pytest.mark.parametrize("method", SAMPLING)
def test_recipe_of_every_method_may_ask_for_vllm(method: str, options: dict[str, Any]) -> None:
    recipe = recipes.parse(raw_recipe(method, options), source="test")
    args = training_arguments(recipe, registry.get(method), Run(Path("unused")), source="test")
    assert {key: getattr(args, key) for key in options} == options


def test_slip_in_an_option_of_vllm_is_named() -> None:
    recipe = recipes.parse(raw_recipe("grpo", {"vllm_modus": "server"}), source="test")
    with pytest.raises(UserError, match=r"unknown key 'trainer.vllm_modus'; did you mean 'vllm_mo"):
        training_arguments(recipe, registry.get("grpo"), Run(Path("unused")), source="test")


def test_vllm_on_cpu_is_refused_in_one_line_by_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["trainer.use_vllm=true", "trainer.use_cpu=true", "--runs", str(tmp_path)]
    assert main(["train", str(RECIPES / "remax.yaml"), *options]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        f"rlvr train: {RECIPES / 'remax.yaml'}: trainer.use_vllm: vLLM samples for training on "
        "GPUs, and this training is on CPU; trainer.use_vllm=false samples with transformers"
    ]
    # or the same command without vLLM would find another recipe's run
    assert list(tmp_path.iterdir()) == []


def test_training_without_vllm_needs_none() -> None:
    rollout_engine.check(SimpleNamespace(use_vllm=False, use_cpu=True))
    rollout_engine.check(SimpleNamespace(use_cpu=True))  # supervised training has no such option


@pytest.mark.parametrize("method", SAMPLING)
def test_every_completion_comes_through_the_one_method_that_knows_vllm(
    tmp_path: Path, method: str
) -> None:
    """TRL's `_generate_single_turn` hands over new weights and samples, by whichever engine.

    Greedy baselines and refilled batches must not go around it.
    """
    options = {"max_steps": 1}
    trainer = known_trainer(raw_recipe(method, options, **_sections(method)), tmp_path)
    trainer.rollout_func = None
    sampled: list[list[int]] = []
    inner = trainer._generate_single_turn

    def noted(*args: Any, **kwargs: Any) -> Any:
        ids, logprobs = inner(*args, **kwargs)
        sampled.extend(ids)
        return ids, logprobs

    trainer._generate_single_turn = noted
    verified: list[list[int]] = []
    verify = trainer.task._verify

    def noted_verify(texts: Any, ids: Any, problems: Any) -> Any:
        verified.extend(list(each) for each in ids)
        return verify(texts, ids, problems)

    trainer.task._verify = noted_verify
    trainer.train()
    assert sorted(map(list, sampled)) == sorted(verified)
    extra = {"remax": 2}.get(method, 0)  # one greedy completion for each of two prompts
    assert len(verified) >= 8 + extra


def _sections(method: str) -> dict[str, Any]:
    return {"dapo": {"dapo": {"max_rounds": 200}}}.get(method, {})


def colocated(**values: Any) -> SimpleNamespace:
    """Arguments of a training that samples by vLLM."""
    options = {"vllm_max_model_length": None, "max_completion_length": 8192, **COLOCATE, **values}
    return SimpleNamespace(**options)


def test_vllm_makes_room_for_the_longest_prompt_and_the_budget_alone() -> None:
    args = colocated()
    rollout_engine.make_room(args, longest_prompt=700, context=131_072)
    assert args.vllm_max_model_length == 8892
    short = colocated()
    rollout_engine.make_room(short, longest_prompt=700, context=4096)
    assert short.vllm_max_model_length == 4096
    own = colocated(vllm_max_model_length=10_000)
    rollout_engine.make_room(own, longest_prompt=700, context=131_072)
    assert own.vllm_max_model_length == 10_000


def test_a_length_that_would_cut_completions_off_is_refused_with_the_one_to_write() -> None:
    args = colocated(vllm_max_model_length=8192)
    with pytest.raises(UserError, match=r"8192 tokens are less than .* \(8192\); write 8892"):
        rollout_engine.make_room(args, longest_prompt=700, context=131_072)


def test_a_trainer_tells_vllm_how_long_its_prompts_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Built as for vLLM; TRL's engine itself needs a GPU."""
    given: list[int] = []
    monkeypatch.setattr(
        "rlvr.training.trainers.verified_grpo.make_room",
        lambda args, longest, context: given.append(longest),
    )
    trainer = known_trainer(raw_recipe("grpo", {"max_steps": 1}), tmp_path)
    asked = trainer.task.prompt_ids(trainer.task.dataset()["prompt"])
    assert given == [max(map(len, asked))]
