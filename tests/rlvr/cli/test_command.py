"""The command: help is quick and complete, a user's mistake is one message and exit code 2."""

import subprocess
import sys
from pathlib import Path

import pytest

from rlvr import cli
from rlvr.cli.main import main
from rlvr.tiny import RECIPES

HEAVY = ("torch", "transformers", "trl", "vllm", "datasets", "pyarrow", "scipy", "wandb")


@pytest.mark.parametrize("verb", cli.NAMES)
def test_every_verb_explains_itself_with_an_example(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([verb, "--help"])
    assert ended.value.code == 0
    assert f"example:\n  rlvr {verb}" in capsys.readouterr().out


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys\nfrom rlvr.cli.main import build_parser\nbuild_parser().format_help()\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The message of a command that ends with exit code 2."""
    assert main(arguments) == 2
    return capsys.readouterr().err


def test_all_faults_of_a_trainer_section_come_in_one_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    message = refused(
        [
            "train",
            str(RECIPES / "grpo.yaml"),
            "trainer.learning_rat=1e-5",
            "trainer.max_steps=many",
            "trainer.seed=3",
            "--runs",
            str(tmp_path),
        ],
        capsys,
    )
    assert "unknown key 'trainer.learning_rat'; did you mean 'learning_rate'?" in message
    assert "trainer.max_steps: " in message
    assert "'many'" in message
    assert "trainer.seed cannot be set: set seed=.." in message
    assert "Traceback" not in message
    assert len(message.splitlines()) == 3
    assert not list(tmp_path.iterdir())


def test_batch_arithmetic_is_checked_with_what_to_write_instead(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    message = refused(
        [
            "train",
            str(RECIPES / "grpo.yaml"),
            "trainer.num_generations=7",
            "trainer.steps_per_generation=4",
            "trainer.save_steps=50",
            "--runs",
            str(tmp_path),
        ],
        capsys,
    )
    assert "num_generations: 7 does not divide the generation batch of" in message
    assert "write 8" in message
    assert "save_steps: 50 falls between two generations" in message
    assert "write 48" in message


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("model=embedded:nothing", "no embedded model 'nothing'; there are: countdown-base"),
        ("model=./nowhere", "model: ./nowhere: no such folder"),
        ("data.problems=nothing", "data.problems: unknown benchmark 'nothing'; write one of: "),
        ("data.prompt=chat", "grpo.yaml: data.prompt: prompt template 'chat' needs a tokenizer"),
        ("data.prompt=chat", "chat template, and this model has none; write prompt: "),
        (
            "trainer.max_completion_length=64",
            "grpo.yaml: trainer.max_completion_length: no prompt fits: 64 tokens of completion "
            "leave 0 of the context of 64, and",
        ),
    ],
)
def test_what_cannot_be_had_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], override: str, message: str
) -> None:
    arguments = ["train", str(RECIPES / "grpo.yaml"), override, "--runs", str(tmp_path)]
    assert message in refused(arguments, capsys)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("verb", "message"), [("eval", "not a run directory"), ("report", "nothing is evaluated yet")]
)
def test_folder_that_is_no_run_is_refused(
    verb: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert message in refused([verb, str(tmp_path)], capsys)


def test_word_that_is_no_override_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["train", "a.yaml", "--runs", "x", "seed"])
    assert ended.value.code == 2
    assert "seed" in capsys.readouterr().err
