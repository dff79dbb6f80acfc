"""What completions earn, what is dropped, and what stops a run, on the real task."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from transformers import AutoTokenizer, Qwen2Config

from rlvr.core.errors import UserError
from rlvr.recipes import recipe as recipes
from rlvr.runs.run_directory import Run
from rlvr.tasks.datafiles import file_hash
from rlvr.tiny.model import BASE
from rlvr.training.checks.settings import training_arguments
from rlvr.training.loop.train import train
from rlvr.training.methods import registry
from rlvr.training.trainers.job import Job
from rlvr.training.trainers.task import Task
from tests.rlvr.tasks.test_problems import cache_without_a_pin
from tests.rlvr.training.known_batch import END, FailingVerifier, completions, known_trainer
from tests.rlvr.training.known_batch import raw_recipe as raw

ROOT = Path(__file__).resolve().parents[4]
GSM8K_TRAIN = 7473  # rows of openai/gsm8k, split train, by its card
QWEN_CONTEXT = 32768  # tokens, by the config.json of Qwen/Qwen2.5-0.5B


def logged(trainer: Any) -> dict[str, Any]:
    trainer.train()
    return dict(trainer.state.log_history[0])


def test_correctness_format_and_overlong_penalty_are_logged_apart(tmp_path: Path) -> None:
    rewards = {
        "format": {"style": "box", "weight": 0.5},
        "overlong": {"buffer_tokens": 12, "weight": 2.0},
    }

    def one_boxed(prompt: str) -> list[str]:
        return completions(prompt, 1)

    metrics = logged(known_trainer(raw("grpo", rewards=rewards), tmp_path, say=one_boxed))
    # 18 tokens are 6 of the last 12 before the budget of 24
    assert metrics["rewards/correctness/mean"] == pytest.approx(0.25)
    assert metrics["rewards/format/mean"] == 0
    assert metrics["rewards/overlong/mean"] == pytest.approx(-0.5)
    assert metrics["reward"] == pytest.approx(0.25 + 0.5 * 0 + 2 * -0.5)


def train_one_step(recipe: Any, run: Run) -> None:
    train(recipes.parse(recipe, source="test"), run, source="test")


def test_manifest_tells_what_identifies_the_problems(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps({"question": "1 + 1?", "answer": "#### 2"}) + "\n")
    run = Run(tmp_path / "known")
    sources = ["countdown-train", {"name": "gsm8k", "path": str(rows)}]
    train_one_step(raw("grpo") | {"data": {"problems": sources}}, run)
    assert run.manifest()["problems"] == {"countdown-train": "embedded", "gsm8k": file_hash(rows)}


def test_file_that_changed_since_the_run_began_is_refused(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps({"question": "1 + 1?", "answer": "#### 2"}) + "\n")
    recipe = raw("grpo") | {"data": {"problems": {"name": "gsm8k", "path": str(rows)}}}
    train_one_step(recipe, Run(tmp_path / "known"))
    rows.write_text(json.dumps({"question": "1 + 1?", "answer": "#### 3"}) + "\n")
    with pytest.raises(UserError, match=r"rows\.jsonl is not what this run began with"):
        known_trainer(recipe, tmp_path)


def test_set_without_a_pin_is_read_again_at_the_commit_that_the_run_began_with(
    tmp_path: Path,
) -> None:
    """The Hub's cache holds both commits; the newer one is what it calls main."""
    first, second = "1" * 40, "2" * 40
    for commit in (first, second):
        cache_without_a_pin(tmp_path, commit)
    program = (
        "from pathlib import Path; from types import SimpleNamespace as Of\n"
        "from rlvr.recipes.data_section import Data\n"
        "from rlvr.runs.run_directory import Run\n"
        "from rlvr.training.trainers.task import _revisions\n"
        "for began in ({}, {'olympiadbench': sys.argv[1]}):\n"
        "    run = Run(Path(sys.argv[2]))\n"
        "    run.record(problems=began)\n"
        "    data = Data(problems='olympiadbench')\n"
        "    print(_revisions(Of(run=run, recipe=Of(data=data)))[1]['olympiadbench'])\n"
    )
    run = tmp_path / "run"
    run.mkdir()
    found = subprocess.run(
        [sys.executable, "-c", f"import sys; {program}", first, str(run)],
        env=os.environ | {"HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
    )
    assert found.stdout.split() == [second, first], found.stderr


def test_undecided_completion_has_no_reward_of_any_kind(tmp_path: Path) -> None:
    rewards = {"overlong": {"buffer_tokens": 12}, "max_undecided_share": 0.5}
    trainer = known_trainer(raw("grpo", rewards=rewards), tmp_path)
    inner = trainer.task._verifier
    trainer.task._verifier = FailingVerifier(
        inner, lambda attempt: inner.verify([attempt])[0].outcome == "correct"
    )
    metrics = logged(trainer)
    assert metrics["verdicts/timeout"] == pytest.approx(0.25)
    assert metrics["rewards/correctness/mean"] == 0  # of those decided
    assert metrics["reward"] == pytest.approx(-0.5)
    assert trainer.rewards.isnan().sum() == 2
    assert metrics["grad_norm"] == 0  # the decided completions of each group earned the same


def test_verifier_that_fails_on_too_many_stops_the_run_with_its_reason(tmp_path: Path) -> None:
    trainer = known_trainer(raw("grpo"), tmp_path)
    trainer.task._verifier = FailingVerifier(trainer.task._verifier, lambda attempt: True)
    with pytest.raises(UserError, match=r"8 of 8 completions .100%; at most 10% .*no result with"):
        trainer.train()


def test_run_in_which_no_completion_is_better_than_another_is_stopped(tmp_path: Path) -> None:
    rewards = {"max_rollouts_without_signal": 3}
    trainer = known_trainer(raw("grpo", {"max_steps": 9}, rewards=rewards), tmp_path, right=0)
    with pytest.raises(UserError, match=r"nothing to learn: in 3 rollouts .* look at data.prompt"):
        trainer.train()
    assert trainer.state.global_step == 2


@pytest.mark.parametrize(("method", "is_stopped"), [("grpo", True), ("reinforce_pp", False)])
def test_groups_that_differ_only_from_one_another_teach_methods_that_compare_them(
    tmp_path: Path, method: str, is_stopped: bool
) -> None:
    def all_or_nothing(prompt: str) -> list[str]:
        return completions(prompt, 4 * (int(prompt.split()[0]) % 2))

    rewards = {"max_rollouts_without_signal": 1}
    recipe = raw(method, {"per_device_train_batch_size": 32}, rewards=rewards)
    trainer = known_trainer(recipe, tmp_path, say=all_or_nothing)
    if is_stopped:
        with pytest.raises(UserError, match="nothing to learn"):
            trainer.train()
    else:
        assert logged(trainer)["reward"] > 0


def test_prompts_that_leave_no_room_are_counted_and_dropped(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    short, long = "1 2 3", " ".join(["1"] * 40)
    questions = [short, long, short]
    rows = [{"question": question, "answer": "#### 6"} for question in questions]
    file = tmp_path / "problems.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    recipe = raw("grpo", {"max_completion_length": 32})
    recipe["data"] = {"problems": {"name": "gsm8k", "path": str(file)}, "prompt": "plain"}

    with caplog.at_level(logging.WARNING):
        trainer = known_trainer(recipe, tmp_path)

    assert trainer.train_dataset["prompt"][:] == [short, short]
    assert trainer.train_dataset["problem"][:] == [0, 2]
    assert "1 of 3 prompts dropped: 32 tokens of completion leave 32 of the context of 64" in (
        caplog.text
    )


def test_model_whose_context_no_prompt_fits_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no prompt fits: 64 tokens of completion leave 0 of the"):
        known_trainer(raw("grpo", {"max_completion_length": 64}), tmp_path)


def test_completion_that_ends_on_any_end_token_of_the_model_is_not_truncated(
    tmp_path: Path,
) -> None:
    trainer = known_trainer(raw("grpo"), tmp_path)
    end = trainer.processing_class.convert_tokens_to_ids(END.strip())
    assert trainer.task.ends.ids == set(trainer.eos_token_ids) == {end}
    # a budget that ends on padding, which is no end of the model's, has cut off all the same
    (ended, cut_off) = trainer.task._attempts(["", ""], [[9, end], [9, 0]], [0, 0])
    assert not ended.truncated
    assert cut_off.truncated


def test_form_counts_the_tag_that_the_prompt_opens(tmp_path: Path) -> None:
    """Chat templates of reasoning models write `<think>` themselves, so no completion does."""
    rewards = {"format": {"style": "tags", "weight": 0.5}}
    task = known_trainer(raw("grpo", rewards=rewards), tmp_path).task
    texts = ["2 </think><answer>3</answer>", "<think>2</think><answer>3</answer>", "2</think> 3"]

    def earned(prompt: str) -> list[float | None]:
        task._prompts[0] = prompt
        ids: list[list[int]] = [[], [], []]
        return task._format(completions=texts, completion_ids=ids, problem=[0, 0, 0])

    assert earned("<|assistant|><think>\n") == [1, 0, 0]
    assert earned("Think in <think> tags.") == [0, 1, 0]


def test_recipe_of_a_real_model_reads_its_training_set_as_published(
    tmp_path: Path, shared_data: Path
) -> None:
    """All but the weights: the recipe as it is, its problems from a file in place of the Hub."""
    file = shared_data / "benchmarks" / "gsm8k_train.jsonl"
    override = f"data.problems={{name: gsm8k-train, path: '{file}'}}"
    recipe = recipes.load(ROOT / "recipes" / "qwen2.5-0.5b" / "grpo-gsm8k.yaml", [override])
    run = Run(tmp_path / "unused")
    args = training_arguments(recipe, registry.get("grpo"), run, source="test", processes=1)
    model: Any = SimpleNamespace(config=Qwen2Config(max_position_embeddings=QWEN_CONTEXT))
    task = Task(Job(recipe, run, args, model, AutoTokenizer.from_pretrained(BASE)))

    assert len(task.problems) == len(task.dataset()) == GSM8K_TRAIN
    assert task.identities == {"gsm8k-train": file_hash(file)}
    first = task.dataset()[0]["prompt"]
    assert task.problems[0].question in first
    assert first.endswith(
        "put your final answer within \\boxed{}.<|im_end|>\n<|im_start|>assistant\n"
    )
    # "#### 72" is the answer to Natalia's clips; the last token is an end
    ends = [[min(task.ends.ids)]] * 2
    said = ["so \\boxed{72}", "so \\boxed{71}"]
    assert task.total(said, ends, [0, 0]) == [1.0, 0.0]
