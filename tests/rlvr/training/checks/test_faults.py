"""A recipe's faults of every kind come in one message, and a refused recipe leaves nothing."""

from pathlib import Path
from typing import Any

import pytest

from rlvr.cli.main import main
from rlvr.core.errors import Faults
from rlvr.runs.run_directory import Run
from rlvr.tiny import RECIPES
from rlvr.training.checks import faults
from rlvr_eval.estimators import parse_design
from tests.rlvr.distill import recipes_for_tests as distillation
from tests.rlvr.training.known_batch import raw_recipe

GRPO = RECIPES / "grpo.yaml"
# one step on two groups
SMALL = [
    "trainer.max_steps=1",
    "trainer.save_steps=2",
    "trainer.per_device_train_batch_size=16",
    "data.problems={name: countdown-train, limit: 16}",
]
# an override, and what the message says of it
OF_EVERY_KIND = {
    "sead=2": "unknown key 'sead'; did you mean 'seed'?",
    "seed=-1": "seed: Input should be greater than or equal to 0, found -1",
    "trainer.learning_rat=1e-5": "unknown key 'trainer.learning_rat'; did you mean 'learning_rate",
    "trainer.max_steps=many": "trainer.max_steps: Input should be a valid integer",
    "trainer.num_generations=7": "trainer.num_generations: 7 does not divide the generation batch",
    "trainer.save_steps=25": "trainer.save_steps: 25 falls between two generations",
    "peft={rank: 8}": "unknown key 'peft.rank'; ",
    "model=embedded:nothing": "model: embedded:nothing: no embedded model 'nothing'; there are: co",
    "evaluation.beside=[./nowhere]": "evaluation.beside: ./nowhere: no such folder; write one",
    "data.problems=[nothing]": "data.problems: unknown benchmark 'nothing'; write one of: gsm8k, ",
    "evaluation.benchmarks={name: gsm8k, path: gone.jsonl}": "evaluation.benchmarks: gone.jsonl: "
    "no such file; check path:",
    "data.prompt=chatt": "data.prompt: unknown prompt template 'chatt'; write one of: plain, ",
    "evaluation.prompt=plane": "evaluation.prompt: unknown prompt template 'plane'; write one of",
    "data.verifier=maths": "data.verifier: unknown verifier 'maths'; write one of: choice, code, ",
    "evaluation.design=fix:12": "evaluation.design: unknown design 'fix:12'; write fixed:N, ",
}


@pytest.fixture(autouse=True)
def _without_wandb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "disabled")


def train(runs: Path, *overrides: str) -> int:
    return main(["train", str(GRPO), *overrides, "--runs", str(runs)])


def found(raw: dict[str, Any]) -> list[str]:
    try:
        faults.check(raw, source="r.yaml", parse_design=parse_design)
    except Faults as error:
        return list(error.faults)
    return []


def test_faults_of_every_kind_come_in_one_message_and_the_corrected_recipe_trains(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(tmp_path, *OF_EVERY_KIND) == 2
    lines = capsys.readouterr().err.removeprefix("rlvr train: ").splitlines()
    for message in OF_EVERY_KIND.values():
        assert any(line.startswith(f"{GRPO}: {message}") for line in lines), (message, lines)
    assert len(lines) == len(OF_EVERY_KIND)
    assert list(tmp_path.iterdir()) == []

    assert train(tmp_path, *SMALL) == 0
    assert Run(tmp_path / "quickstart").manifest()["finished"]


def test_recipe_that_its_tokenizer_refuses_leaves_no_directory_and_trains_once_corrected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(tmp_path, *SMALL, "data.prompt=chat") == 2
    assert f"{GRPO}: data.prompt: prompt template 'chat' needs a" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert train(tmp_path, *SMALL) == 0


def test_distillation_is_checked_whole_before_its_first_stage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    overrides = ["trainer.lerning_rate=1", "distill.select.decontaminate=nothing", "sead=1"]
    recipe = str(RECIPES / "distill.yaml")
    assert main(["distill", recipe, *overrides, "--until", "teacher", "--runs", str(tmp_path)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == len(overrides)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("per_device_train_batch_size", "many"),
        ("per_device_train_batchsize", 16),  # which the value below was written for
    ],
)
def test_no_advice_is_given_on_a_batch_that_could_not_be_read(key: str, value: Any) -> None:
    raw = raw_recipe("dapo", {"num_generations": 16, "loss_type": "grpo"})
    del raw["trainer"]["per_device_train_batch_size"]
    raw["trainer"][key] = value
    of_batch, of_loss = found(raw)
    assert key in of_batch
    assert of_loss.startswith("trainer.loss_type: grpo is not a mean over tokens")


@pytest.mark.parametrize(
    ("raw", "faults_of"),
    [
        (raw_recipe("grpo") | {"data": {"problems": {"nme": "math500"}}}, "data.problems.0.nme"),
        (raw_recipe("grpo") | {"data": "countdown-train"}, "data: "),
        (raw_recipe("grpo") | {"trainer": ["max_steps"]}, "trainer: "),
        (distillation.raw("oracle:x"), "distill.teacher.type: "),
        (distillation.raw({"type": "endpoint", "modell": "m"}), "distill.teacher."),
    ],
    ids=["misspelt", "no-section", "no-mapping", "unknown-teacher", "half-a-teacher"],
)
def test_what_could_not_be_read_is_not_said_to_be_missing_as_well(
    raw: dict[str, Any], faults_of: str
) -> None:
    told = found(raw | {"seed": -1})
    assert any(fault.startswith("seed: ") for fault in told)
    others = [fault for fault in told if not fault.startswith("seed: ")]
    assert others
    for fault in others:
        assert faults_of in fault or "missing key 'data.problems.0.name'" in fault, told


def test_recipe_without_a_method_is_checked_as_far_as_it_goes() -> None:
    raw = raw_recipe("grpp") | {"model": "./nowhere"}
    of_method, of_model = found(raw)
    assert of_method.startswith("method: there is no method 'grpp'")
    assert of_model.startswith("model: ./nowhere: no such folder")


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (raw_recipe("ppo", ppo={"critic": "../gone"}), "ppo.critic: ../gone: no such folder"),
        (
            raw_recipe("on_policy_distillation", {"teacher_model_name_or_path": "embedded:x"}),
            "trainer.teacher_model_name_or_path: embedded:x: no embedded model 'x'",
        ),
        (
            distillation.raw({"type": "model", "model": "./gone"}),
            "distill.teacher.model: ./gone: no such folder",
        ),
        (
            distillation.raw({"type": "model", "model": "a/b", "prompt": "x"}),
            "distill.teacher.prompt: unknown prompt template 'x'",
        ),
        (
            distillation.raw({"type": "traces", "path": "gone.parquet"})
            | {"data": {"prompt": "plain", "verifier": "math"}},
            "distill.teacher.path: gone.parquet: no such file",
        ),
        (
            raw_recipe("sft", {"loss_type": "nll"})
            | {"data": {"demonstrations": {"path": "gone.jsonl"}}},
            "data.demonstrations.path: no such file: gone.jsonl",
        ),
        (
            raw_recipe("grpo") | {"data": {"problems": {"name": "gsm8k", "path": "rows.txt"}}},
            "data.problems: rows.txt: cannot read '.txt'",
        ),
        (
            raw_recipe("grpo") | {"data": {"problems": "reasoning_gym:nothing"}},
            "data.problems: reasoning-gym has no task 'nothing'",
        ),
        (
            raw_recipe("grpo")
            | {"data": {"problems": {"name": "omni-math-train", "revision": "main"}}},
            "data.problems: omni-math-train: revision main cannot be chosen",
        ),
    ],
)
def test_everything_a_recipe_names_is_looked_for(raw: dict[str, Any], fault: str) -> None:
    only = [option for option in found(raw) if not option.startswith("unknown key 'trainer.")]
    assert len(only) == 1
    assert only[0].startswith(fault)
