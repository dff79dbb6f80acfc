"""What completions earn, what is dropped, and what stops a run, on the real task."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rlvr.datafiles import file_hash
from rlvr.errors import UserError
from rlvr.runs import Run
from tests.rlvr.test_problems import cache_without_a_pin
from tests.rlvr.training.known_batch import END, FailingVerifier, completions, known_trainer
from tests.rlvr.training.known_batch import raw_recipe as raw


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


def test_manifest_tells_what_identifies_the_problems(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps({"question": "1 + 1?", "answer": "#### 2"}) + "\n")
    run = Run(tmp_path / "known")
    run.path.mkdir()
    sources = ["countdown-train", {"name": "gsm8k", "path": str(rows)}]
    known_trainer(raw("grpo") | {"data": {"problems": sources}}, tmp_path)
    assert run.manifest()["problems"] == {"countdown-train": "embedded", "gsm8k": file_hash(rows)}


def test_file_that_changed_since_the_run_began_is_refused(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps({"question": "1 + 1?", "answer": "#### 2"}) + "\n")
    Run(tmp_path / "known").path.mkdir()
    recipe = raw("grpo") | {"data": {"problems": {"name": "gsm8k", "path": str(rows)}}}
    known_trainer(recipe, tmp_path)
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
        "from rlvr.recipe import Data\n"
        "from rlvr.runs import Run\n"
        "from rlvr.training.task import _revisions\n"
        "for began in ({}, {'olympiadbench': sys.argv[1]}):\n"
        "    run = Run(Path(sys.argv[2]))\n"
        "    run.record(problems=began)\n"
        "    data = Data(problems='olympiadbench')\n"
        "    _revisions(Of(run=run, recipe=Of(data=data), args=Of(process_index=0)))\n"
        "    print(run.manifest()['problems']['olympiadbench'])\n"
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
    assert trainer.task.end_ids >= {end, trainer.processing_class.pad_token_id}
