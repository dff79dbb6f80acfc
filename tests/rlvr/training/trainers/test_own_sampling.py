"""Trainers that sample their own completions draw from the model, and read prompts as it does."""

import json
import logging
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from trl import SFTTrainer

from rlvr.recipes import recipe as recipes
from rlvr.runs.run_directory import Run
from rlvr.training.checks.settings import training_arguments
from rlvr.training.loop.train import build_trainer
from rlvr.training.methods import registry
from tests.rlvr import demanding
from tests.rlvr.demanding import ids

CHAT_IDS = ids("<s> <turn> w3 w4 </s> <turn>")
DRAWS = 4000
FALSE_ALARM = 0.001


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return demanding.save(tmp_path_factory.mktemp("demanding") / "model")


@pytest.fixture
def problems(tmp_path: Path) -> dict[str, str]:
    file = tmp_path / "problems.jsonl"
    file.write_text(json.dumps({"question": "w3 w4", "answer": "#### 7"}) + "\n")
    return {"name": "gsm8k", "path": str(file)}


def trainer(method: str, model: Path, folder: Path, data: dict[str, Any], **settings: Any) -> Any:
    raw = {
        "name": "told",
        "model": str(model),
        "method": method,
        "data": data,
        "trainer": {"max_steps": 1, "save_strategy": "no", "use_cpu": True, **settings},
    }
    recipe = recipes.parse(raw, source="test")
    args = training_arguments(recipe, registry.get(method), run := Run(folder), source="test")
    return build_trainer(recipe, run, args, model)


def completions(built: Any, prompts: list[str]) -> list[list[int]]:
    """As the trainer samples them."""
    tokens, images, fields = built._tokenize_prompts(prompts)
    assert tokens == [CHAT_IDS] * len(prompts)
    further = (1,) if built.args.__class__.__name__ == "GRPOConfig" else ()
    torch.manual_seed(5)
    made = built._generate_single_turn(tokens, images, fields, *further)
    return list(made[0] if further else made)


@pytest.mark.parametrize("method", ["grpo", "on_policy_distillation"])
def test_rollouts_are_distributed_as_the_model_says(
    method: str, model: Path, problems: dict[str, str], tmp_path: Path
) -> None:
    own = {"teacher_model_name_or_path": str(model)} if method != "grpo" else {}
    data = {"problems": problems, "prompt": "chat"}
    built = trainer(method, model, tmp_path / "run", data, max_completion_length=2, **own)
    prompt = built.train_dataset[0]["prompt"]
    counts = Counter(tuple(each) for each in completions(built, [prompt] * DRAWS))
    assert demanding.chance(counts, demanding.logprobs(model, CHAT_IDS)) > FALSE_ALARM
    # what a checkpoint is saved with
    assert built.model.generation_config.repetition_penalty == 1.8


@pytest.mark.parametrize("peft", [False, True])
def test_remax_decodes_the_most_likely_tokens(
    peft: bool, model: Path, problems: dict[str, str], tmp_path: Path
) -> None:
    data = {"problems": problems, "prompt": "chat"}
    built = trainer("remax", model, tmp_path / "run", data, max_completion_length=2)
    if peft:
        from peft import LoraConfig, get_peft_model

        built.model = built.model_wrapped = get_peft_model(
            built.model, LoraConfig(target_modules=["q_proj"], task_type="CAUSAL_LM")
        )
    with built._greedy():
        (found,) = completions(built, [built.train_dataset[0]["prompt"]])
    first = max(_first_tokens(model).items(), key=lambda pair: pair[1])[0]
    best = {pair: p for pair, p in demanding.logprobs(model, CHAT_IDS).items() if pair[0] == first}
    assert tuple(found) == max(best.items(), key=lambda pair: pair[1])[0]


def test_what_the_models_file_asks_for_is_told_once(
    model: Path, problems: dict[str, str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = demanding.save(tmp_path / "model", {"repetition_penalty": 1.05, "temperature": 0.7})
    data = {"problems": problems, "prompt": "chat"}
    with caplog.at_level(logging.WARNING, logger="rlvr"):
        for name in ("a", "b"):
            trainer("grpo", other, tmp_path / name, data, max_completion_length=2, temperature=0.7)
    told = [record.getMessage() for record in caplog.records if str(other) in record.getMessage()]
    assert len(told) == 1
    assert "generation_config.json asks for repetition_penalty 1.05, which is not done" in told[0]


@pytest.mark.parametrize(
    ("prompt", "text", "expected"),
    [
        ("chat", "<s> <turn> w3 <turn>", "<s> <turn> w3 <turn>"),
        ("chat", "<turn> w3 <turn>", "<turn> w3 <turn>"),
        (None, "w3", "<s> w3"),
        (None, "<s> w3", "<s> w3"),
    ],
)
def test_demonstrations_begin_as_their_prompt_does_when_it_is_sampled_from(
    prompt: str | None, text: str, expected: str, model: Path, tmp_path: Path
) -> None:
    file = tmp_path / "demonstrations.jsonl"
    rows = [{"prompt": text, "completion": " w5 w6"}, {"prompt": text, "completion": " w7</s>"}]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    data = {"demonstrations": {"path": str(file)}} | ({"prompt": prompt} if prompt else {})
    built = trainer("sft", model, tmp_path / "run", data)
    assert isinstance(built, SFTTrainer)
    begun = ids(expected)
    for row, answer in zip(built.train_dataset, ("w5 w6 </s>", "w7 </s>"), strict=True):
        assert row["input_ids"] == begun + ids(answer)
        assert row["labels"] == [-100] * len(begun) + ids(answer)


def _first_tokens(model: Path) -> dict[int, float]:
    found: Counter[int] = Counter()
    for pair, value in demanding.logprobs(model, CHAT_IDS).items():
        found[pair[0]] += float(torch.tensor(value).exp())
    return found
