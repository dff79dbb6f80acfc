"""Options of TRL's that a recipe sets and its method never reads, or reads as something else.

TRL has one config class for many algorithms, and an option of one is silently ignored by another: a
recipe would say what is not done. Each such option is a fault here, with the reason. What one
method ignores is said in its own module, by `never_reads`; what none of them reads, what depends on
another option, and what vLLM turns into something else is said below.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from rlvr.answers.prompts import is_chat
from rlvr.recipes.recipe import Recipe
from rlvr.recipes.rl_section import Rewards
from rlvr.training.methods.method import Rule, by_rules

_CLIPPED = ("grpo", "dr_grpo", "dapo", "bnpo", "luspo")
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "loss_type": (*_CLIPPED, "cispo", "sapo", "vespo"),
    "scale_rewards": ("group", "batch", "none"),
    "multi_objective_aggregation": ("sum_then_normalize", "normalize_then_sum"),
    "importance_sampling_level": ("token", "sequence"),
    "vllm_mode": ("colocate", "server"),
    "vllm_importance_sampling_mode": (
        "token_truncate",
        "token_mask",
        "sequence_truncate",
        "sequence_mask",
    ),
}
_NEVER: Mapping[str, str] = {
    "chat_template_kwargs": "data.prompt renders the prompts, and TRL applies no chat template",
    "max_tool_calling_iterations": "there are no tools to call",
    "trust_remote_code": "models and tokenizers are loaded without code from the Hub",
    "label_smoothing_factor": "it smooths the labels of supervised training",
    "train_sampling_strategy": "a rollout takes whole groups in the order of the epoch",
    "length_column_name": "a rollout takes whole groups in the order of the epoch",
}
# which loss types read an option
_BY_LOSS: Mapping[str, tuple[str, ...]] = {
    "epsilon": (*_CLIPPED, "cispo"),
    "epsilon_high": (*_CLIPPED, "cispo"),
    "delta": _CLIPPED,
    "importance_sampling_level": (*_CLIPPED, "cispo", "sapo"),
    "sapo_temperature_neg": ("sapo",),
    "sapo_temperature_pos": ("sapo",),
    "vespo_k_pos": ("vespo",),
    "vespo_k_neg": ("vespo",),
    "vespo_lambda_pos": ("vespo",),
    "vespo_lambda_neg": ("vespo",),
}
# an option that only another one, switched on, makes TRL read
_ONLY_WITH: Mapping[str, str] = {
    "use_bias_correction_kl": "beta",
    "ref_model_mixup_alpha": "sync_ref_model",
    "ref_model_sync_steps": "sync_ref_model",
    "entropy_coef_min": "use_adaptive_entropy",
    "entropy_coef_max": "use_adaptive_entropy",
    "entropy_coef_delta": "use_adaptive_entropy",
    "entropy_target": "use_adaptive_entropy",
}
# sampling options that leave the whole distribution of the model, and the values that do
_WHOLE: Mapping[str, tuple[Any, ...]] = {
    "top_p": (1.0,),
    "top_k": (0, -1),
    "min_p": (None, 0.0),
    "repetition_penalty": (1.0,),
    "vllm_structured_outputs_regex": (None,),
}
# what `generation_kwargs` may hand to vLLM that changes the distribution
_CHANGING = (
    "allowed_token_ids",
    "bad_words",
    "frequency_penalty",
    "logit_bias",
    "min_p",
    "min_tokens",
    "presence_penalty",
    "repetition_penalty",
    "structured_outputs",
    "temperature",
    "top_k",
    "top_p",
)


def never_reads(*keys: str, because: str) -> Rule:
    """Build a rule that refuses options which change nothing of what the method does."""

    def unread(values: Mapping[str, Any], recipe: Recipe, world_size: int) -> list[str]:
        return [
            f"trainer.{key} is never read by method {recipe.method}: {because}; remove it"
            for key in keys
            if key in recipe.trainer
        ]

    return unread


def own_advantages(how: str) -> Rule:
    """Build the rule of methods with their own advantages: TRL's scaling options are unread.

    Args:
        how: they do it, as a sentence.
    """
    return never_reads("scale_rewards", "multi_objective_aggregation", because=how)


def one_advantage_each(values: Mapping[str, Any], recipe: Recipe, world_size: int) -> list[str]:
    """Check a method whose tokens each have their own advantage."""
    if values.get("loss_type") != "vespo":
        return []
    return [
        "trainer.loss_type: vespo weighs a whole completion by the sign of its one advantage, and "
        f"with method {recipe.method} every token has its own; write dapo"
    ]


def _unknown_choices(values: Mapping[str, Any], recipe: Recipe, world_size: int) -> list[str]:
    """Find names that TRL would reject only during training."""
    found = []
    for key, choices in _CHOICES.items():
        value = recipe.trainer.get(key)
        if isinstance(value, str) and value not in choices:
            near = get_close_matches(value, choices, n=1)
            instead = f"did you mean '{near[0]}'?" if near else f"write one of {', '.join(choices)}"
            found.append(f"trainer.{key}: there is no '{value}'; {instead}")
    return found


def no_rewards(values: Mapping[str, Any], recipe: Recipe, world_size: int) -> list[str]:
    """Check a method that earns no rewards."""
    if recipe.rewards == Rewards():
        return []
    return [f"rewards: is never read by method {recipe.method}, which earns none; remove it"]


def no_demonstrations(values: Mapping[str, Any], recipe: Recipe, world_size: int) -> list[str]:
    """Check a method that samples its own completions."""
    if recipe.data.demonstrations is None:
        return []
    return [
        f"data.demonstrations is never read by method {recipe.method}, which samples its own "
        "completions; remove it, or write method: sft"
    ]


def no_sampling(values: Mapping[str, Any], recipe: Recipe, world_size: int) -> list[str]:
    """Check training on existing demonstrations: nothing is sampled or verified."""
    data = {key: getattr(recipe.data, key) for key in ("problems", "prompt", "verifier")}
    if recipe.distill is not None or recipe.data.demonstrations is None:
        return []
    if recipe.data.demonstrations.path and data["prompt"] and is_chat(data["prompt"]):
        # the file's prompts hold their special tokens (`rlvr.training.methods.sft`)
        del data["prompt"]
    return [
        f"data.{key} is never read: the demonstrations bring their own prompts and completions; "
        "remove it"
        for key, value in data.items()
        if value
    ]


def _never_read(values: Mapping[str, Any], recipe: Recipe, world_size: int) -> list[str]:
    return [
        f"trainer.{key} is never read: {why}; remove it"
        for key, why in _NEVER.items()
        if key in recipe.trainer
    ]


def _unread_by_loss(values: Mapping[str, Any], recipe: Recipe, world_size: int) -> list[str]:
    loss_type = values.get("loss_type", "dapo")
    if loss_type not in _CHOICES["loss_type"]:
        return []
    found = [
        f"trainer.{key} is never read with loss_type: {loss_type}, but with "
        f"{', '.join(losses)}; remove it"
        for key, losses in _BY_LOSS.items()
        if key in recipe.trainer and loss_type not in losses
    ]
    if loss_type == "cispo" and "epsilon_high" not in recipe.trainer:
        found.append(
            "trainer.loss_type: cispo bounds the ratio itself by epsilon_high, which would be "
            f"{values.get('epsilon_high', values.get('epsilon', 0.2))} here; write "
            "trainer.epsilon_high: 5.0, as in arXiv:2510.13786"
        )
    return found


def _useless_dual_clip(values: Mapping[str, Any], recipe: Recipe, world_size: int) -> list[str]:
    """Refuse a bound on bad tokens' ratios that is not beyond that of good ones."""
    delta, low = values.get("delta"), values.get("epsilon", 0.2)
    high = values.get("epsilon_high")
    upper = 1 + (low if high is None else high)
    is_read = values.get("loss_type", "dapo") in _CLIPPED
    if delta is None or delta > upper or not is_read:
        return []
    return [
        f"trainer.delta: {delta:g} is not beyond the upper clip of {upper:g}, where it would bound "
        "the ratios of good tokens; write 3.0, as VeRL's clip_ratio_c, or remove it"
    ]


def _unread_without(values: Mapping[str, Any], recipe: Recipe, world_size: int) -> list[str]:
    found = [
        f"trainer.{key} is read only with trainer.{switch}, which is off; set that or remove it"
        for key, switch in _ONLY_WITH.items()
        if key in recipe.trainer and not values.get(switch)
    ]
    if (
        values.get("multi_objective_aggregation") == "normalize_then_sum"
        and "scale_rewards" in recipe.trainer
    ):
        found.append(
            "trainer.scale_rewards is never read with multi_objective_aggregation: "
            "normalize_then_sum, which scales every reward by itself; remove one"
        )
    return found


def _partial_under_vllm(values: Mapping[str, Any], recipe: Recipe, world_size: int) -> list[str]:
    """Refuse partial sampling under vLLM, whose log-probs differ from the trainer's.

    Between them lies the share of the model that sampling leaves out, which the importance weights
    then take for a difference of the two engines.
    """
    if not values.get("use_vllm") or not values.get("vllm_importance_sampling_correction", True):
        return []
    options = values.get("generation_kwargs") or {}
    handed_on = [key for key in _CHANGING if isinstance(options, Mapping) and key in options]
    found = [
        (f"{key}: {values.get(key)}", "" if whole[0] is None else f" {key}: {whole[0]:g}")
        for key, whole in _WHOLE.items()
        if key in values and values.get(key) not in whole
    ]
    found += [(f"generation_kwargs.{key}: {options[key]}", "") for key in handed_on]
    return [
        f"trainer.{given} under vLLM: its log-probs are of the changed distribution and the "
        "trainer's of the whole one, so that the importance weights are no correction any more; "
        f"{f'write{whole}' if whole else 'remove it'}, or "
        "vllm_importance_sampling_correction: false"
        for given, whole in found
    ]


faults = by_rules(
    _unknown_choices,
    _never_read,
    _unread_by_loss,
    _useless_dual_clip,
    _unread_without,
    _partial_under_vllm,
)
