"""Says under what draws were made, for the foot of every table, figure and summary.

pass@k belongs to a temperature, a token budget, a prompt and a sampler as much as to a model. What
a record lacks, as imported counts do, is told as not recorded: it is never filled in by a default.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from rlvr.answers import prompt_spec

# what is told only where it differs from doing nothing
_NEUTRAL = {
    "top_k": 0,
    "min_p": 0.0,
    "repetition_penalty": 1.0,
}
_FILTERS = {"top_k": "top_k", "min_p": "min_p", "repetition_penalty": "repetition penalty"}
_TOLD = ("temperature", "top_p", "max_completion_tokens", "prompt", "sampler", "dtype")


def drawn_under(draw_key: Mapping[str, Any]) -> str:
    """Write temperature, top_p, token budget, prompt, sampler and dtype as one line."""
    if not any(name in draw_key for name in _TOLD if name != "sampler"):
        return f"conditions that are not recorded (sampler {_of(draw_key, 'sampler')})"
    told = [
        f"temperature {_of(draw_key, 'temperature')}",
        f"top_p {_of(draw_key, 'top_p')}",
        *(
            f"{name} {draw_key[field]:g}"
            for field, name in _FILTERS.items()
            if draw_key.get(field, _NEUTRAL[field]) != _NEUTRAL[field]
        ),
        f"token budget {_of(draw_key, 'max_completion_tokens')}",
        f"prompt {prompt_spec.shown(_of(draw_key, 'prompt'))}",
        f"sampler {_of(draw_key, 'sampler')}",
        f"dtype {_of(draw_key, 'dtype')}",
    ]
    return ", ".join(told)


def drawn_line(told: Iterable[tuple[str, str]]) -> str:
    """Write the conditions of several models, pairs of name and `drawn_under`, as one line."""
    names: dict[str, list[str]] = {}
    for name, conditions in told:
        names.setdefault(conditions, []).append(name)
    if len(names) == 1:
        return f"drawn under {next(iter(names))}"
    return "; ".join(
        f"{', '.join(dict.fromkeys(who))} drawn under {how}" for how, who in names.items()
    )


def _of(draw_key: Mapping[str, Any], field: str) -> str:
    value = draw_key.get(field)
    if value is None:
        return "not recorded"
    return f"{value:g}" if isinstance(value, float) else str(value)
