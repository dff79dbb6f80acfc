"""`rlvr doctor --run`: real trainings and evaluations with random weights, on the CPU."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rlvr.core.errors import UserError
from rlvr.doctor.trial import commands, random_models
from rlvr.doctor.trial.commands import Failed
from rlvr.doctor.trial.measured import measured
from rlvr.doctor.trial.parts import Machine, TrainingPart, training_parts
from rlvr.runs.run_directory import Run
from rlvr.samplers import selection
from tests.needs import skip_or_fail

CPU = Machine((), None)
ONE_GPU = Machine(("GPU",), 80.0)


def doctor(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "rlvr", "doctor", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        timeout=500,
    )


def test_each_part_trains_or_says_why_not_and_a_killed_training_ends_the_same() -> None:
    only = ["sft-lora", "grpo-flash-attention", "ppo-zero3", "sample-hf", "kill-and-resume"]
    found = doctor("--run", "--json", "--only", ",".join(only))
    assert found.returncode == 0, found.stderr + found.stdout
    results = {result["part"]: result for result in json.loads(found.stdout.splitlines()[-1])}
    assert list(results) == only
    assert not any(result["fault"] for result in results.values())
    assert results["grpo-flash-attention"]["skipped"]
    assert results["sft-lora"]["training"]["sampled_tokens_s"] is None
    trained = results["ppo-zero3"]["training"]
    assert min(trained["sampled_tokens_s"], trained["trained_tokens_s"], trained["peak_gib"]) > 0
    assert 0 < trained["utilization"] < 1
    assert results["sample-hf"]["sampling"]["exchanged"]
    assert "bit for bit" in results["kill-and-resume"]["note"]


def test_vllm_samples_and_exchanges_weights() -> None:
    if fault := selection.vllm_fault():
        skip_or_fail(fault)
    found = doctor("--run", "--only", "sample-vllm")
    assert found.returncode == 0, found.stderr + found.stdout
    assert "ok    sample-vllm" in found.stdout
    assert "weight exchange" in found.stdout


@pytest.mark.parametrize(
    ("arguments", "named"),
    [(("--size", "9b"), "9b"), (("--only", "grpo,gpro"), "gpro")],
)
def test_unknown_size_or_part_is_named_with_those_there_are(
    arguments: tuple[str, str], named: str, tmp_path: Path
) -> None:
    found = doctor("--run", *arguments, "--keep", str(tmp_path / "kept"))
    assert not (tmp_path / "kept").exists()
    assert found.returncode == 2
    assert f"'{named}'" in found.stderr
    assert len(found.stderr.splitlines()) == 1


def test_folder_to_keep_must_be_new(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("")
    found = doctor("--run", "--keep", str(tmp_path))
    assert found.returncode == 2
    assert str(tmp_path) in found.stderr


def test_failing_command_is_reported_by_its_last_error(tmp_path: Path) -> None:
    script = "print('start'); raise ValueError('no such kernel')"
    with pytest.raises(Failed, match=r"ValueError: no such kernel .*exit code 1.*log"):
        commands.run([sys.executable, "-c", script], tmp_path / "log", CPU, timeout_s=60)


def test_command_over_its_limit_is_killed_with_its_children(tmp_path: Path) -> None:
    marker = tmp_path / "child"
    command = ["sh", "-c", f"(sleep 4; touch {marker}) & wait"]
    with pytest.raises(Failed, match="not finished after 1 s"):
        commands.run(command, tmp_path / "log", CPU, timeout_s=1)
    time.sleep(5)
    assert not marker.exists()


def test_rates_leave_out_the_first_step_and_separate_sampling_from_training(
    tmp_path: Path,
) -> None:
    run = Run(tmp_path)
    rows = [
        {"step": 1, "num_tokens": 500, "time/step_s": 99.0, "memory/peak_gib": 2.0},
        *(
            {
                "step": step,
                "num_tokens": 500 * step,
                "completions/mean_length": 50,
                "time/step_s": 4.0,
                "time/sampling_s": 2.0,
                "time/verifying_s": 1.0,
                "memory/peak_gib": 3.0,
            }
            for step in (2, 3)
        ),
    ]
    run.metrics_path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = measured(run, completions=8, parameters=10**6, operations_s=6e9)
    assert found is not None
    assert found.sampled_tokens_s == pytest.approx(8 * 50 / 2)
    assert found.trained_tokens_s == pytest.approx(500 / 1)
    assert found.utilization == pytest.approx(6 * 10**6 * 500 / 6e9)
    assert (found.step_s, found.peak_gib) == (4.0, 3.0)


@pytest.mark.parametrize("part", training_parts(), ids=lambda part: part.name)
def test_every_part_has_a_recipe_without_faults(part: TrainingPart) -> None:
    from rlvr.recipes import recipe as recipes
    from rlvr.training.checks.settings import peft_faults, trainer_faults
    from rlvr.training.methods import registry

    raw = part.recipe("embedded:countdown-base", "0.5b", CPU)
    recipe = recipes.parse(raw, source=part.name)
    faults = trainer_faults(recipe, registry.get(recipe.method), processes=2) + peft_faults(recipe)
    # only what the machine lacks may be in the way, and the part has told that by itself
    assert faults == [] or part.obstacle(CPU)


def test_part_says_what_is_missing() -> None:
    part = TrainingPart("x", needs=("no_such_module",), needs_gpus=2)
    assert part.obstacle(ONE_GPU) == "no_such_module not installed"
    assert TrainingPart("x", needs_gpus=2).obstacle(ONE_GPU) == "needs 2 GPU(s), found 1"
    assert TrainingPart("x").obstacle(CPU) is None


def test_random_models_of_two_seeds_differ_and_load(tmp_path: Path) -> None:
    from rlvr.weights.model_hash import weights_hash

    for seed in (0, 1):
        random_models.create("tiny", tmp_path / str(seed), seed=seed, context_tokens=64)
    assert weights_hash(tmp_path / "0") != weights_hash(tmp_path / "1")
    assert (
        random_models.parameters(tmp_path / "0")
        == 110 * 64 + 2 * (4 * 64**2 + 3 * 64 * 128 + 128) + 64
    )
    with pytest.raises(UserError, match="3b"):
        random_models.create("3b", tmp_path / "2", seed=0, context_tokens=64)


@pytest.mark.parametrize(
    ("memory", "shape"), [(None, "tiny"), (8.0, "tiny"), (24.0, "0.5b"), (139.0, "1.5b")]
)
def test_largest_shape_that_fits_is_taken(memory: float | None, shape: str) -> None:
    assert random_models.fitting(memory) == shape
