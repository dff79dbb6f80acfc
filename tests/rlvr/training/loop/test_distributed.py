"""Two real processes under DeepSpeed on CPU: every method trains, and computes what one would.

One launch for ZeRO-2 and one for ZeRO-3, each through its launch file; starting the processes is
what takes the time.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from rlvr.runs.run_directory import Run
from rlvr.weights.model_hash import weights_hash
from tests.rlvr.training.distributed_worker import ADVANTAGES, FORWARDS, PARAMETERS, note_update
from tests.rlvr.training.known_batch import known_trainer, mostly_uniform, ragged, raw_recipe

ROOT = Path(__file__).resolve().parents[4]
METHODS = ("grpo", "ppo", "rloo", "reinforce_pp", "remax", "dapo")
UNDER_ZERO_3 = UNDER_DDP = ("grpo", "ppo")
LORA = {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "v_proj"]}
# 6 + 6 completions on two processes: the middle one of three groups lies on both
PER_PROCESS = 6
# SGD, because Adam would blow the last digit of a tiny gradient up to a whole learning rate
ONE_UPDATE = {"optim": "sgd", "learning_rate": 0.1, "use_cpu": True}
# measured on float32: after one update parameters differ by 1.5e-8, advantages not at all
TOLERANCE = 1e-6


def known_recipe(method: str, per_process: int) -> Any:
    options = {**ONE_UPDATE, "per_device_train_batch_size": per_process}
    if method == "ppo":  # both gradients are clipped, each by its own norm
        options["max_grad_norm"] = 0.05
        return raw_recipe(method, options, ppo={"critic_learning_rate": 0.1})
    return raw_recipe(method, options)


def trained_recipe(method: str, **sections: Any) -> Any:
    options = {
        "max_steps": 4,
        "per_device_train_batch_size": 16,
        "steps_per_generation": 2,
        "save_strategy": "steps",
        "save_steps": 2,
        "use_cpu": True,
    }
    return raw_recipe(method, options, **sections)


def supervised_job(folder: Path) -> dict[str, Any]:
    """Method sft, which distillation ends in; it knows no rollouts and so no known batch."""
    recipe = {
        "name": "sft",
        "model": "embedded:countdown-base",
        "method": "sft",
        "seed": 3,
        "data": {"demonstrations": {"generator": "countdown-chains", "count": 64}},
        "trainer": {
            "max_steps": 4,
            "per_device_train_batch_size": 8,
            "save_steps": 2,
            "max_length": None,
            "use_cpu": True,
        },
    }
    return {"kind": "train", "recipe": recipe, "folder": str(folder / "sft")}


def jobs_of(method: str, folder: Path) -> list[dict[str, Any]]:
    """One update on the known batch, and a run; PPO's also with LoRA."""
    known, trained = known_recipe(method, PER_PROCESS), trained_recipe(method)
    refills = method == "dapo"
    jobs = [
        {"kind": "known", "recipe": known, "folder": f"{method}-known", "refills": refills},
        {"kind": "train", "recipe": trained, "folder": method},
    ]
    if method == "ppo":
        with_adapters = trained_recipe(method, peft=LORA)
        jobs.append({"kind": "train", "recipe": with_adapters, "folder": "ppo-lora"})
    return [{**job, "folder": str(folder / str(job["folder"]))} for job in jobs]


def all_jobs(methods: tuple[str, ...], folder: Path) -> list[dict[str, Any]]:
    """The jobs of all methods, and one of supervised training."""
    return [*(job for method in methods for job in jobs_of(method, folder)), supervised_job(folder)]


def launch(kind: str, listed: list[dict[str, Any]], folder: Path) -> Path:
    """Run these jobs under one launch of two processes."""
    jobs = folder / "jobs.json"
    jobs.write_text(json.dumps(listed))
    worker = ROOT / "tests" / "rlvr" / "training" / "distributed_worker.py"
    config = ROOT / "launch" / "accelerate" / f"{kind}.yaml"
    options = ["--config_file", str(config), "--main_process_port", "0"]
    done = subprocess.run(
        [sys.executable, "-m", "accelerate.commands.launch", *options, str(worker), str(jobs)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "WANDB_MODE": "disabled",
            "PYTHONPATH": str(ROOT),
            "TRANSFORMERS_VERBOSITY": "error",
        },
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-8000:]
    return folder


@pytest.fixture(scope="module")
def zero_2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zero2")
    return launch("cpu-zero2", all_jobs(METHODS, folder), folder)


@pytest.fixture(scope="module")
def zero_3(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("zero3")
    return launch("cpu-zero3", all_jobs(UNDER_ZERO_3, folder), folder)


@pytest.fixture(scope="module")
def averaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Updates alone, under DDP."""
    folder = tmp_path_factory.mktemp("ddp")
    jobs = [jobs_of(method, folder)[0] for method in UNDER_DDP]
    return launch("cpu", jobs, folder)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same update by one process with twice the batch."""
    folder = tmp_path_factory.mktemp("alone")
    for method in METHODS:
        say = mostly_uniform if method == "dapo" else ragged
        trainer = known_trainer(known_recipe(method, 2 * PER_PROCESS), folder, say=say)
        note_update(trainer, folder / f"{method}-known")
    return folder


@pytest.mark.parametrize("method", METHODS)
def test_two_processes_compute_the_advantages_and_the_update_of_one(
    zero_2: Path, alone: Path, method: str
) -> None:
    compare(zero_2 / f"{method}-known", alone / f"{method}-known")


@pytest.mark.parametrize("method", UNDER_ZERO_3)
def test_parameters_split_by_zero_3_are_updated_as_whole_ones(
    zero_3: Path, alone: Path, method: str
) -> None:
    compare(zero_3 / f"{method}-known", alone / f"{method}-known")


@pytest.mark.parametrize("method", UNDER_DDP)
def test_gradients_averaged_over_two_processes_make_the_update_of_one(
    averaged: Path, alone: Path, method: str
) -> None:
    compare(averaged / f"{method}-known", alone / f"{method}-known")


@pytest.mark.parametrize("kind", ["averaged", "zero_2", "zero_3"])
@pytest.mark.parametrize("method", UNDER_ZERO_3)
def test_batch_is_computed_without_padding_in_several_forwards(
    request: pytest.FixtureRequest, kind: str, method: str
) -> None:
    folder = request.getfixturevalue(kind) / f"{method}-known"
    forwards = json.loads((folder / FORWARDS).read_text())
    assert max(forwards) > 1
    if kind == "zero_3":  # which gathers parameters in each: one process would wait for the other
        assert len(set(forwards)) == 1


def compare(together: Path, alone: Path) -> None:
    assert advantages(together).keys() == advantages(alone).keys()
    for completion, expected in advantages(alone).items():
        assert advantages(together)[completion] == pytest.approx(expected, abs=TOLERANCE)
    before = known_trainer(known_recipe("ppo", 2 * PER_PROCESS), alone).model.state_dict()
    after, expected = (torch.load(folder / PARAMETERS) for folder in (together, alone))
    assert after.keys() == expected.keys()
    moved = max((expected[name] - before[name]).abs().max() for name in expected)
    assert moved > 1e-3
    for name, tensor in expected.items():
        assert torch.allclose(after[name], tensor, rtol=0, atol=TOLERANCE), name


def advantages(folder: Path) -> dict[str, Any]:
    """By prompt and completion; those of tokens without what stands at padding."""
    noted = json.loads((folder / ADVANTAGES).read_text())
    return {
        completion: [a for a in advantage if a] if isinstance(advantage, list) else advantage
        for completion, advantage in noted
    }


@pytest.mark.parametrize(
    ("stage", "method"),
    [
        *(("zero_2", method) for method in (*METHODS, "sft")),
        *(("zero_3", method) for method in (*UNDER_ZERO_3, "sft")),
    ],
)
def test_every_checkpoint_is_whole_and_loads_with_plain_from_pretrained(
    request: pytest.FixtureRequest, stage: str, method: str
) -> None:
    from transformers import AutoModelForCausalLM

    run = Run(request.getfixturevalue(stage) / method)
    assert run.manifest()["finished"]
    assert run.manifest()["hardware"]["processes"] == 2
    assert [entry["step"] for entry in run.metrics()] == [1, 2, 3, 4]
    checkpoints = run.checkpoints()
    assert [checkpoint.step for checkpoint in checkpoints] == [2, 4]
    for checkpoint in checkpoints:
        _, info = AutoModelForCausalLM.from_pretrained(checkpoint.path, output_loading_info=True)
        assert not any(
            info[kind] for kind in ("missing_keys", "unexpected_keys", "mismatched_keys")
        )
    assert weights_hash(checkpoints[0].path) != weights_hash(checkpoints[1].path)


@pytest.mark.parametrize("stage", ["zero_2", "zero_3"])
def test_lora_checkpoint_under_zero_is_an_adapter_of_the_base(
    request: pytest.FixtureRequest, stage: str
) -> None:
    from peft import PeftModel
    from safetensors.torch import load_file
    from transformers import AutoModelForCausalLM

    from rlvr.tiny.model import BASE

    folder = request.getfixturevalue(stage) / "ppo-lora" / "checkpoint-4"
    tensors = load_file(folder / "adapter_model.safetensors")
    assert {"lora_A" in name or "lora_B" in name for name in tensors} == {True}
    assert any(tensor.abs().max() > 0 for name, tensor in tensors.items() if "lora_B" in name)
    PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(BASE), str(folder))
    assert (folder / "critic" / "lora.safetensors").is_file()


def test_checkpoint_of_two_processes_is_sampled_like_any_other(zero_3: Path) -> None:
    from rlvr.samplers.base import SampleRequest, SamplingParams
    from rlvr.samplers.hf import HFSampler

    sampler = HFSampler()
    sampler.load(zero_3 / "ppo" / "checkpoint-4")
    request = SampleRequest("countdown/1", "4 7 9 2 -> 54 :", seed=7, start=0, stop=4)
    drawn = list(sampler.sample([request], SamplingParams(temperature=1, max_completion_tokens=24)))
    assert [completion.sample_index for completion in drawn] == [0, 1, 2, 3]
    assert all("=" in completion.text for completion in drawn)
