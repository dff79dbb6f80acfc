"""PPO's critic, its advantages by hand, and what an update does."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from rlvr.core.errors import UserError
from rlvr.recipes import recipe as recipes
from rlvr.training.methods import registry
from rlvr.training.methods.ppo import clipped_value_loss
from tests.rlvr.training.known_batch import FailingVerifier, known_trainer, raw_recipe, update

LORA = {"r": 4, "lora_alpha": 8, "target_modules": ["q_proj", "v_proj"]}


def test_value_loss_is_half_the_squared_error_and_the_larger_of_two() -> None:
    loss = clipped_value_loss(
        values=torch.tensor([0.2, 0.9, -0.9, 0.9]),
        old_values=torch.tensor([0.0, 0.0, 0.0, 0.0]),
        returns=torch.tensor([1.0, 1.0, 1.0, 0.0]),
        clip=0.5,
    )
    # within the clip; clipped to 0.5 on the way to 1; away from 1 the value's own error is larger
    assert loss.tolist() == pytest.approx([0.8**2 / 2, 0.5**2 / 2, 1.9**2 / 2, 0.9**2 / 2])


def test_value_that_moved_too_far_towards_its_return_gets_no_gradient() -> None:
    values = torch.tensor([0.9, -0.9], requires_grad=True)
    clipped_value_loss(values, torch.zeros(2), torch.ones(2), 0.5).sum().backward()
    assert values.grad is not None
    assert values.grad.tolist() == pytest.approx([0, -1.9])


def test_new_critic_says_0_so_that_advantages_are_whitened_rewards(tmp_path: Path) -> None:
    made = update(known_trainer(raw_recipe("ppo"), tmp_path, right=1))
    rewards = made.is_right[:, None].float().expand(made.is_token.shape)
    counted = rewards[made.is_token.bool()]
    expected = (rewards - counted.mean()) / counted.std(correction=0) * made.is_token
    assert torch.allclose(made.advantages, expected, atol=1e-5)


def test_advantages_and_returns_come_from_the_critics_values(tmp_path: Path) -> None:
    options = {"gamma": 0.95, "gae_lambda": 0.8, "kl_coefficient": 0.0}
    trainer = known_trainer(raw_recipe("ppo", {"learning_rate": 0.0}, ppo=options), tmp_path)
    speaking = _speaking(trainer.critic)
    trainer.critic.load_state_dict(speaking)
    trainer.train()
    batch = trainer._buffered_inputs[0]

    trainer.critic.load_state_dict(speaking)
    values = _values(trainer.critic, batch)
    assert torch.allclose(batch["old_values"], values, atol=1e-5)
    assert values.abs().max() > 0.01

    is_token, rewards = batch["completion_mask"], _rewards(trainer, batch)
    advantages = torch.zeros_like(values)
    for row, length in enumerate(is_token.sum(1).tolist()):
        for t in range(length):
            for s in range(t, length):
                reward = rewards[row] if s == length - 1 else 0.0
                after = values[row, s + 1] if s < length - 1 else 0.0
                delta = reward + 0.95 * after - values[row, s]
                advantages[row, t] += (0.95 * 0.8) ** (s - t) * delta
    assert torch.allclose(batch["returns"], advantages + values, atol=1e-4)
    counted = advantages[is_token.bool()]
    white = (advantages - counted.mean()) / counted.std(correction=0) * is_token
    assert torch.allclose(batch["advantages"], white, atol=1e-4)


def test_critic_comes_to_say_what_completions_earn(tmp_path: Path) -> None:
    raw = raw_recipe("ppo", {"max_steps": 4}, ppo={"critic_learning_rate": 1e-3})
    trainer = known_trainer(raw, tmp_path, right=4)
    trainer.train()
    losses = [logged["value_loss"] for logged in trainer.state.log_history[:4]]
    assert losses[0] == pytest.approx(0.5)  # it says 0 where everything earns 1
    assert losses == sorted(losses, reverse=True)
    assert losses[3] < 0.45


def test_one_update_makes_right_completions_likelier_and_wrong_ones_less_likely(
    tmp_path: Path,
) -> None:
    made = update(known_trainer(raw_recipe("ppo"), tmp_path, right=2))
    assert bool((made.change[:4] > 0).all())
    assert made.change[4:].mean() < 0


def test_undecided_completion_is_neither_in_the_advantages_nor_in_the_value_loss(
    tmp_path: Path,
) -> None:
    raw = raw_recipe("ppo", rewards={"max_undecided_share": 1.0})
    trainer = known_trainer(raw, tmp_path)
    trainer.task._verifier = FailingVerifier(trainer.task._verifier, lambda attempt: True)
    before = {name: tensor.clone() for name, tensor in trainer.model.state_dict().items()}
    trainer.train()
    assert trainer.state.log_history[0]["value_loss"] == 0
    assert _unchanged(before, trainer.model.state_dict())


def test_value_warm_up_trains_the_critic_and_leaves_the_policy_as_it_is(tmp_path: Path) -> None:
    raw = raw_recipe("ppo", {"max_steps": 2}, ppo={"value_warmup_steps": 2})
    trainer = known_trainer(raw, tmp_path)
    before = {name: tensor.clone() for name, tensor in trainer.model.state_dict().items()}
    trainer.train()
    after = trainer.model.state_dict()
    assert _unchanged(_policy(before), _policy(after))
    assert not _unchanged(_critic(before), _critic(after))
    assert [logged["learning_rate"] for logged in trainer.state.log_history[:2]] == [0, 0]

    longer = raw_recipe("ppo", {"max_steps": 3}, ppo={"value_warmup_steps": 2})
    trainer = known_trainer(longer, tmp_path / "longer")
    trainer.train()
    assert not _unchanged(_policy(before), _policy(trainer.model.state_dict()))


def test_critic_has_its_own_learning_rate_and_no_parameter_is_left_out(tmp_path: Path) -> None:
    raw = raw_recipe("ppo", {"weight_decay": 0.1}, ppo={"critic_learning_rate": 0.5})
    trainer = known_trainer(raw, tmp_path)
    groups = trainer.create_optimizer().param_groups
    critic = {id(parameter) for parameter in trainer.critic.parameters()}
    for group in groups:
        for parameter in group["params"]:
            assert group["lr"] == (0.5 if id(parameter) in critic else 1e-4)
    trained = [parameter for group in groups for parameter in group["params"]]
    assert len(trained) == len(list(trainer.model.parameters()))
    assert {group["weight_decay"] for group in groups} == {0.0, 0.1}


def test_checkpoint_is_the_policy_alone_and_its_critic_can_start_another_run(
    tmp_path: Path,
) -> None:
    from transformers import AutoModelForCausalLM

    raw = raw_recipe("ppo", {"save_strategy": "steps", "save_steps": 1})
    trainer = known_trainer(raw, tmp_path)
    trainer.train()
    checkpoint = tmp_path / "known" / "checkpoint-1"

    assert not any("critic" in name for name in load_file(checkpoint / "model.safetensors"))
    loaded, info = AutoModelForCausalLM.from_pretrained(checkpoint, output_loading_info=True)
    assert not any(info[kind] for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    state = trainer.model.state_dict()
    assert _unchanged(loaded.state_dict(), _policy(state))

    other = raw_recipe("ppo", ppo={"critic": str(checkpoint / "critic")})
    critic = known_trainer(other, tmp_path / "other").critic
    assert _unchanged(critic.state_dict(), trainer.critic.state_dict())


def test_critic_starts_from_the_policy_or_from_the_model_named(tmp_path: Path) -> None:
    from rlvr.tiny.model import BASE

    trainer = known_trainer(raw_recipe("ppo"), tmp_path)
    policy = trainer.model.get_input_embeddings().weight
    assert torch.equal(trainer.critic.get_input_embeddings().weight, policy)
    assert trainer.critic.score.weight.abs().max() == 0
    named = known_trainer(raw_recipe("ppo", ppo={"critic": str(BASE)}), tmp_path / "named")
    assert torch.equal(named.critic.get_input_embeddings().weight, policy)


def test_critic_of_a_policy_with_drawn_weights_is_drawn_too(tmp_path: Path) -> None:
    drawn = known_trainer(raw_recipe("ppo") | {"initialize": "random"}, tmp_path)
    base = known_trainer(raw_recipe("ppo"), tmp_path / "base")
    weights = [trainer.critic.get_input_embeddings().weight for trainer in (drawn, base)]
    assert weights[0].shape == weights[1].shape
    assert not torch.equal(*weights)
    assert drawn.critic.score.weight.abs().max() == 0


def test_model_that_cannot_be_a_critic_is_refused_with_what_to_do(tmp_path: Path) -> None:
    import json

    (tmp_path / "strange").mkdir()
    config = {"model_type": "blip-2", "architectures": ["Blip2ForConditionalGeneration"]}
    (tmp_path / "strange" / "config.json").write_text(json.dumps(config))
    raw = raw_recipe("ppo", ppo={"critic": str(tmp_path / "strange")})
    with pytest.raises(UserError, match=r"needs a value network, .* name another model as ppo.cri"):
        known_trainer(raw, tmp_path)


def test_lora_trains_adapters_of_both_and_saves_them_apart(tmp_path: Path) -> None:
    raw = raw_recipe("ppo", {"save_strategy": "steps", "save_steps": 1}, peft=LORA)
    trainer = known_trainer(raw, tmp_path)
    before = {name: tensor.clone() for name, tensor in trainer.model.state_dict().items()}
    trainer.train()
    after = trainer.model.state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert all("lora_" in name or ("critic" in name and "score" in name) for name in changed)
    assert {name.startswith("critic.") for name in changed} == {True, False}

    checkpoint = tmp_path / "known" / "checkpoint-1"
    adapter = load_file(checkpoint / "adapter_model.safetensors")
    assert adapter.keys()
    assert not any("critic" in name for name in adapter)
    critic = load_file(checkpoint / "critic" / "lora.safetensors")
    assert {"lora_A" in name or "lora_B" in name or "score" in name for name in critic} == {True}


@pytest.mark.parametrize("reentrant", [False, True])
@pytest.mark.parametrize("sections", [{}, {"peft": LORA}], ids=["whole", "lora"])
def test_critic_recomputes_its_activations_where_the_policy_does(
    tmp_path: Path, sections: dict[str, Any], reentrant: bool
) -> None:
    options = {
        "gradient_checkpointing": True,
        "gradient_checkpointing_kwargs": {"use_reentrant": reentrant},
    }
    after = {}
    for name, values in {"plain": {}, "checkpointed": options}.items():
        trainer = known_trainer(raw_recipe("ppo", values, **sections), tmp_path / name)
        trainer.train()
        after[name] = trainer.model.state_dict()
    switches = [
        module.gradient_checkpointing
        for module in trainer.critic.modules()
        if hasattr(module, "gradient_checkpointing")
    ]
    assert len(switches) >= 4
    assert all(switches)
    for name, tensor in after["plain"].items():
        assert torch.allclose(after["checkpointed"][name], tensor, atol=1e-6), name


@pytest.mark.parametrize("initialize", ["pretrained", "random"])
def test_critic_attends_as_the_policy_does(tmp_path: Path, initialize: str) -> None:
    options = {"model_init_kwargs": {"attn_implementation": "eager"}, "disable_dropout": True}
    trainer = known_trainer(raw_recipe("ppo", options) | {"initialize": initialize}, tmp_path)
    assert trainer.model.config._attn_implementation == "eager"
    assert trainer.critic.config._attn_implementation == "eager"


def test_policy_and_critic_are_clipped_each_by_its_own_norm(tmp_path: Path) -> None:
    trainer = known_trainer(raw_recipe("ppo", {"max_grad_norm": 1.0}), tmp_path)
    policy, critic = trainer._parameters_apart()
    _set_gradients(policy, norm=0.5)
    _set_gradients(critic, norm=100.0)
    assert trainer._clip_grad_norm(trainer.model).item() == pytest.approx(100, rel=1e-3)
    assert _gradient_norm(policy) == pytest.approx(0.5, rel=1e-3)
    assert _gradient_norm(critic) == pytest.approx(1, rel=1e-3)
    logged = {name: trainer._metrics["train"][f"grad_norm/{name}"] for name in ("policy", "critic")}
    assert logged["policy"] == [pytest.approx(0.5, rel=1e-3)]
    assert logged["critic"] == [pytest.approx(100, rel=1e-3)]


@pytest.mark.parametrize("max_norm", [0.0, 0.01])
def test_both_norms_are_logged_clipped_or_not(tmp_path: Path, max_norm: float) -> None:
    trainer = known_trainer(raw_recipe("ppo", {"max_grad_norm": max_norm}), tmp_path)
    trainer.train()
    logged = trainer.state.log_history[0]
    norms = [logged["grad_norm/policy"], logged["grad_norm/critic"]]
    assert min(norms) > 0.01
    assert logged["grad_norm"] == pytest.approx(math.hypot(*norms))


@pytest.mark.parametrize("sections", [{}, {"peft": LORA}], ids=["whole", "lora"])
def test_vllm_is_handed_the_policy_and_nothing_of_the_critic_is_gathered_for_it(
    tmp_path: Path, sections: dict[str, Any]
) -> None:
    """TRL's own walk over the parameters; what ZeRO-3 would gather is noted on the way."""
    from trl.generation.vllm_generation import VLLMGeneration

    trainer = known_trainer(raw_recipe("ppo", **sections), tmp_path)
    gathered: list[Any] = []

    @contextmanager
    def noted(parameters: list[Any]) -> Iterator[None]:
        gathered.extend(parameters)
        yield

    sampler = object.__new__(VLLMGeneration)  # its constructor starts an engine
    sampler.model, sampler.accelerator = trainer.model, trainer.accelerator
    sampler._dist = SimpleNamespace(gather_params=noted, is_fsdp=False)
    trainer.vllm_generation = sampler
    trainer._keep_critic_from_sampler()

    names = {name for name, _ in sampler._iter_named_params()}
    assert not any("critic" in name or "score" in name for name in names)
    assert "model.embed_tokens.weight" in names
    of_critic = {id(parameter) for parameter in trainer.critic.parameters()}
    assert gathered
    assert not of_critic & {id(parameter) for parameter in gathered}
    assert trainer.model.critic is trainer.critic  # and back in its place


def test_kl_in_the_reward_and_in_the_loss_at_once_is_a_fault() -> None:
    raw = raw_recipe("ppo", {"beta": 0.1}, ppo={"kl_coefficient": 0.2})
    assert _faults(raw) == [
        "ppo.kl_coefficient: 0.2 puts KL into the reward and trainer.beta: 0.1 into the loss: it "
        "would count twice; remove one"
    ]


def test_schedule_that_cannot_hold_the_policy_back_is_a_fault() -> None:
    options = {"lr_scheduler_type": "reduce_lr_on_plateau"}
    assert (
        "write one of constant"
        in _faults(raw_recipe("ppo", options, ppo={"value_warmup_steps": 5}))[0]
    )
    assert _faults(raw_recipe("ppo", options)) == []


def _faults(raw: Any) -> list[str]:
    recipe = recipes.parse(raw, source="test")
    method = registry.get("ppo")
    return list(method.faults({**method.defaults, **recipe.trainer}, recipe, 1))


def _set_gradients(parameters: list[Any], *, norm: float) -> None:
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    count = sum(parameter.numel() for parameter in trained)
    for parameter in trained:
        parameter.grad = torch.full_like(parameter, norm / count**0.5)


def _gradient_norm(parameters: list[Any]) -> float:
    return float(torch.stack([p.grad.norm() for p in parameters if p.grad is not None]).norm())


def _rewards(trainer: Any, batch: dict[str, Tensor]) -> Tensor:
    """1 for a completion that ends with its prompt's target."""
    decode = trainer.processing_class.batch_decode
    prompts = decode(batch["prompt_ids"], skip_special_tokens=True)
    texts = decode(batch["completion_ids"], skip_special_tokens=True)
    pairs = zip(prompts, texts, strict=True)
    return torch.tensor(
        [float(t.rsplit("=", 1)[1].strip() == p.split("->")[1].strip(" :")) for p, t in pairs]
    )


def _speaking(critic: Any) -> dict[str, Tensor]:
    """The critic's weights with a head that says something."""
    weight = torch.linspace(-0.1, 0.1, critic.score.weight.numel()).view_as(critic.score.weight)
    rest = {name: tensor.clone() for name, tensor in critic.state_dict().items()}
    return {**rest, "score.weight": weight}


@torch.no_grad()
def _values(critic: Any, batch: dict[str, Tensor]) -> Tensor:
    """V of the prompt and the completion so far, before each completion token."""
    ids = torch.cat([batch["prompt_ids"], batch["completion_ids"]], dim=1)
    is_real = torch.cat([batch["prompt_mask"], batch["completion_mask"]], dim=1)
    first = batch["prompt_ids"].shape[1] - 1
    logits = critic(input_ids=ids, attention_mask=is_real).logits[..., 0]
    return logits[:, first:-1] * batch["completion_mask"]


def _policy(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in state.items() if not name.startswith("critic.")}


def _critic(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in state.items() if name.startswith("critic.")}


def _unchanged(before: dict[str, Tensor], after: dict[str, Tensor]) -> bool:
    assert before
    return all(torch.equal(tensor, after[name]) for name, tensor in before.items())
