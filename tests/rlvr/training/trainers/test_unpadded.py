"""Training without padding gives TRL's gradients for every loss and method, and says what it saves.

Completions of very different lengths, right and wrong and cut off, on the real trainers. The
reference is TRL's own pass over the padded batch.
"""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from accelerate.utils import DistributedType
from torch import Tensor
from transformers import AutoTokenizer, MixtralConfig, MixtralForCausalLM, TrainerCallback
from trl import GRPOTrainer

from rlvr.runs.run_directory import Run
from rlvr.training.trainers.unpadded import (
    SHARE,
    Forwards,
    GRPOWithoutPadding,
    WithoutPadding,
    forwards_allowed,
    reason_to_pad,
)
from rlvr.weights.models import EMBEDDED
from tests.rlvr.training.known_batch import known_trainer, ragged, raw_recipe
from tests.rlvr.training.methods.test_on_policy_distillation import build, raw, unlike_the_base

# relative, of the whole gradient. With float64 weights, because a trained model's gradient moves by
# 1e-6 in float32 with any other order of sums; layers that compute in float32 leave 2e-8 here
TOLERANCE = 2e-7
EXACT = {"model_init_kwargs": {"dtype": "float64"}}
LOSSES = ("dapo", "dr_grpo", "bnpo", "grpo", "luspo", "cispo", "sapo", "vespo")
OPTIONS: dict[str, dict[str, Any]] = {
    "sequence ratio": {"importance_sampling_level": "sequence", "loss_type": "grpo"},
    "KL": {"beta": 0.05},
    "entropy quantile": {"top_entropy_quantile": 0.5},
    "entropy bonus": {"entropy_coef": 0.01},
    "truncated masked": {"mask_truncated_completions": True},
    "checkpointed": {"gradient_checkpointing": True},
}
METHODS: dict[str, dict[str, Any]] = {
    "rloo": {},
    "reinforce_pp": {"reinforce_pp": {"kl_coefficient": 0.05}},
    "remax": {},
    "dapo": {},
    "ppo": {"ppo": {"kl_coefficient": 0.05}},
}
CASES = [
    *(
        pytest.param(
            "grpo",
            {"loss_type": loss, **({"epsilon_high": 5.0} if loss == "cispo" else {})},
            {},
            id=loss,
        )
        for loss in LOSSES
    ),
    *(pytest.param("grpo", options, {}, id=name) for name, options in OPTIONS.items()),
    *(pytest.param(method, {}, sections, id=method) for method, sections in METHODS.items()),
]


class Gradients(TrainerCallback):
    """Notes the gradient of every optimizer step."""

    def __init__(self) -> None:
        self.steps: list[Tensor] = []

    def on_pre_optimizer_step(self, *_: Any, model: Any = None, **__: Any) -> None:
        found = [p.grad.flatten().double() for p in model.parameters() if p.grad is not None]
        self.steps.append(torch.cat(found))


def trained(
    folder: Path, method: str, options: dict[str, Any], sections: dict[str, Any]
) -> tuple[Any, Tensor]:
    """A trainer after one step of two micro-batches out of four, and the step's gradient."""
    batches = {"gradient_accumulation_steps": 2, "steps_per_generation": 4}
    given = {**batches, "max_grad_norm": 1e9, "use_cpu": True, **EXACT, **options}
    trainer = known_trainer(raw_recipe(method, given, **sections), folder, say=ragged)
    gradients = Gradients()
    trainer.add_callback(gradients)
    trainer.train()
    (gradient,) = gradients.steps
    return trainer, gradient


@contextmanager
def padded() -> Iterator[None]:
    """Trainers run TRL's own pass."""

    def plain(trainer: Any, model: Any, *args: Any, **given: Any) -> Any:
        trainer.last_pass = SimpleNamespace(plan=None)
        return GRPOTrainer._get_per_token_logps_and_entropies(trainer, model, *args, **given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(GRPOWithoutPadding, "_get_per_token_logps_and_entropies", plain)
        yield


@pytest.mark.parametrize(("method", "options", "sections"), CASES)
def test_gradient_is_that_of_the_padded_batch(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    options: dict[str, Any],
    sections: dict[str, Any],
) -> None:
    monkeypatch.setattr(WithoutPadding, "forward_cost", 4)
    ours, gradient = trained(tmp_path, method, options, sections)
    with padded():
        trls, expected = trained(tmp_path, method, options, sections)
    assert expected.norm() > 1e-3
    assert (gradient - expected).norm() <= TOLERANCE * expected.norm()
    assert len(ours.last_pass.plan.pieces) > 1
    logged, wanted = (trainer.state.log_history[0] for trainer in (ours, trls))
    assert logged[SHARE] > 0.9
    for name in ("loss", "entropy", "reward", "completions/mean_length"):
        assert logged[name] == pytest.approx(wanted[name], rel=1e-4, abs=1e-6)


def one_step(trainer: Any) -> Tensor:
    """The gradient of a trainer's first step."""
    gradients = Gradients()
    trainer.add_callback(gradients)
    trainer.train()
    return gradients.steps[0]


def test_supervised_gradient_is_that_of_the_padded_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WithoutPadding, "forward_cost", 4)
    lines = [
        json.dumps({"prompt": "4 7 9 2 -> 57 :", "completion": " 4 + 7 = 11 ;" * count})
        for count in (1, 6, 2, 1)
    ]
    (tmp_path / "pairs.jsonl").write_text("\n".join(lines))
    recipe = {
        "name": "supervised",
        "model": "embedded:countdown-base",
        "method": "sft",
        "data": {"demonstrations": {"path": str(tmp_path / "pairs.jsonl")}},
        "trainer": {
            "per_device_train_batch_size": 4,
            "max_steps": 1,
            "save_strategy": "no",
            "max_grad_norm": 1e9,
            "use_cpu": True,
            **EXACT,
        },
    }
    ours, trls = (build(recipe, Run(tmp_path / name)) for name in ("ours", "trls"))
    gradient = one_step(ours)
    monkeypatch.setattr(WithoutPadding, "unpadded", lambda trainer, model: model)
    expected = one_step(trls)
    assert (gradient - expected).norm() <= TOLERANCE * expected.norm()
    logged, wanted = (trainer.state.log_history[0] for trainer in (ours, trls))
    assert logged[SHARE] > 0.95
    for name in ("loss", "entropy", "mean_token_accuracy", "num_tokens"):
        assert logged[name] == pytest.approx(wanted[name], rel=1e-5)


def test_students_gradient_is_that_of_the_padded_batch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WithoutPadding, "forward_cost", 4)
    teacher = str(unlike_the_base(tmp_path / "teacher"))
    options = {"max_steps": 1, "max_grad_norm": 1e9, "temperature": 2.0, "use_cpu": True}
    recipe = raw(teacher, **options, save_strategy="no", **EXACT)
    del recipe["trainer"]["save_steps"]
    ours = build(recipe, Run(tmp_path / "ours"))
    gradient = one_step(ours)
    monkeypatch.setattr(WithoutPadding, "plan_of", lambda *_, **__: None)
    expected = one_step(build(recipe, Run(tmp_path / "trls")))
    assert (gradient - expected).norm() <= TOLERANCE * expected.norm()
    assert ours.state.log_history[0][SHARE] > 0.9


@pytest.mark.parametrize(
    ("kind", "zero", "options", "expected"),
    [
        (DistributedType.NO, None, {}, Forwards.ANY),
        (DistributedType.MULTI_GPU, None, {}, Forwards.ANY),
        (DistributedType.MULTI_GPU, None, {"ddp_broadcast_buffers": True}, Forwards.AS_OTHERS),
        (DistributedType.DEEPSPEED, 2, {}, Forwards.ANY),
        (DistributedType.DEEPSPEED, 3, {}, Forwards.AS_OTHERS),
        (DistributedType.FSDP, None, {}, Forwards.AS_PADDED),
        (
            DistributedType.DEEPSPEED,
            2,
            {
                "gradient_checkpointing": True,
                "gradient_checkpointing_kwargs": {"use_reentrant": True},
            },
            Forwards.AS_PADDED,
        ),
    ],
)
def test_forwards_are_as_many_as_the_other_processes_allow(
    kind: DistributedType, zero: int | None, options: dict[str, Any], expected: Forwards
) -> None:
    given = {
        "ddp_broadcast_buffers": False,
        "gradient_checkpointing": False,
        "gradient_checkpointing_kwargs": None,
        **options,
    }
    plugin = SimpleNamespace(zero_stage=zero) if zero else None
    state = SimpleNamespace(deepspeed_plugin=plugin)
    accelerator = SimpleNamespace(distributed_type=kind, state=state)
    assert forwards_allowed(accelerator, SimpleNamespace(**given)) is expected


def test_balancing_loss_of_experts_keeps_the_padding_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tokenizer = AutoTokenizer.from_pretrained(EMBEDDED["countdown-base"])
    config = MixtralConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        num_local_experts=2,
        max_position_embeddings=64,
        output_router_logits=True,
        bos_token_id=None,
        eos_token_id=1,
        pad_token_id=0,
    )
    MixtralForCausalLM(config).save_pretrained(tmp_path / "experts")
    tokenizer.save_pretrained(tmp_path / "experts")
    # torch multiplies groups of tokens by their experts in float32 at most
    of_experts = (
        {"model_init_kwargs": {"dtype": "float32"}},
        {"model": str(tmp_path / "experts")},
    )
    with caplog.at_level(logging.WARNING):
        trainer, gradient = trained(tmp_path, "grpo", *of_experts)
    with padded():
        _, expected = trained(tmp_path, "grpo", *of_experts)
    assert torch.equal(gradient, expected)
    assert trainer.state.log_history[0][SHARE] < 0.9
    told = [record for record in caplog.records if "computes padding" in record.message]
    assert ["experts" in record.message for record in told] == [True]


def test_images_keep_the_padding() -> None:
    tokens = {"input_ids": 1, "attention_mask": 1, "labels": 1, "fused_lm_head": True}
    assert reason_to_pad(tokens) is None
    assert "pixel_values" in (reason_to_pad({**tokens, "pixel_values": 1}) or "")
