"""Keyword arguments as the overrides that the command line takes.

train("grpo.yaml", seed=2, trainer={"max_steps": 100})
rlvr train grpo.yaml seed=2 trainer.max_steps=100
"""

from collections.abc import Iterator, Mapping
from os import PathLike, fspath
from typing import Any

import yaml

from rlvr.core.errors import UserError


def overrides_of(values: Mapping[str, Any], raw: Mapping[str, Any]) -> tuple[str, ...]:
    """Write values as KEY=VALUE; those of a section that `raw` has change only their own keys.

    Args:
        values: key, which may be dotted, -> value of plain types.
        raw: what is overridden.

    Raises:
        UserError: if a value is no plain data.
    """
    return tuple(_written(values, raw, ""))


def _written(values: Mapping[str, Any], raw: Mapping[str, Any], place: str) -> Iterator[str]:
    for key, value in values.items():
        there = raw.get(key)
        if isinstance(value, Mapping) and isinstance(there, Mapping):
            yield from _written(value, there, f"{place}{key}.")
        else:
            yield f"{place}{key}={_as_yaml(f'{place}{key}', value)}"


def _as_yaml(key: str, value: Any) -> str:
    try:
        text = yaml.safe_dump(_plain(value), default_flow_style=True, width=float("inf"))
    except yaml.YAMLError:
        raise UserError(
            f"{key}: cannot be written into a recipe: {value!r:.60}; give text, numbers, lists and "
            "dicts"
        ) from None
    return text.removesuffix("...\n").strip()


def _plain(value: Any) -> Any:
    """Return mappings as dicts, sequences as lists and paths as text."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return fspath(value) if isinstance(value, PathLike) else value
