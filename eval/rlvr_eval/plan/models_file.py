"""A comparison of given models as a file: which models, and how they are measured.

    hardware: {gpus: 1, gpu_memory_gib: 79}   # for `rlvr plan`; may be left out
    base: Qwen/Qwen2.5-Math-7B            # may be left out
    models: [Qwen/Qwen2.5-Math-7B-Instruct]
    evaluation: {benchmarks: minerva, design: fixed:128}

`rlvr eval FILE` reads one; nothing is trained.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from rlvr.core import reading
from rlvr.core.errors import Faults, UserError, unknown_key
from rlvr.recipes import recipe as recipes
from rlvr.recipes.hardware_section import Hardware
from rlvr_eval.plan.named_models_folder import Given


class _Models(BaseModel):
    """The part of the file that is not an evaluation section."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base: str | None = None
    models: tuple[str, ...]
    hardware: Hardware | None = None


def read(path: Path, overrides: Sequence[str] = ()) -> Given:
    """Read models and settings of a file; `overrides` are key=value of its evaluation section.

    Raises:
        UserError: if it is missing, no such file, or wrong, with every fault named.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file; see recipes/evaluations/figure-7.yaml for one")
    raw = reading.yaml_mapping(path)
    if "models" not in raw or "evaluation" not in raw:
        raise UserError(
            f"{path}: expected the keys models and evaluation, and perhaps base; a training recipe "
            "is evaluated by its run directory: rlvr eval runs/NAME"
        )
    written = raw.pop("evaluation")
    settings = recipes.evaluation({} if written is None else written, overrides, source=str(path))
    named = _models(raw, path)
    return Given(named.base, named.models, settings)


def hardware(path: Path) -> Hardware | None:
    """Read the hardware that a file of models was written for.

    Raises:
        UserError: as `read`.
    """
    raw = reading.yaml_mapping(path)
    raw.pop("evaluation", None)
    return _models(raw, path).hardware


def _models(raw: dict[str, Any], path: Path) -> _Models:
    try:
        return _Models.model_validate(raw)
    except ValidationError as error:
        raise Faults(str(path), [_fault(entry) for entry in error.errors()]) from None


def _fault(entry: Any) -> str:
    key = ".".join(map(str, entry["loc"]))
    if entry["type"] == "extra_forbidden":
        known = ("base", "evaluation", "hardware", "models")
        return unknown_key(key, known)
    return f"{key}: {entry['msg']}, found {entry['input']!r}"
