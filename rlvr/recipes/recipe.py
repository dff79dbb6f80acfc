"""Recipes: YAML and `key=value` overrides in, one frozen `Recipe` out, every fault named at once.

What belongs to us is declared here; what belongs to TRL (`trainer:`) and PEFT (`peft:`) is passed
on and checked against their own classes (`rlvr.training.checks.settings`), so that no field of
theirs is declared a second time. What TRL does not know (a critic, a refill, a second reward) has a
section of its own, named after its method where one method alone reads it. Unknown keys are refused
with the nearest known one. Whether what a recipe names is there is asked in
`rlvr.training.checks.faults`.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    ValidationError,
    model_validator,
)

from rlvr.core import reading
from rlvr.core.errors import Fault, Faults, UserError, missing_key, unknown_key
from rlvr.core.section import Name, Section
from rlvr.recipes import distill_section
from rlvr.recipes.checkpoints_section import Checkpoints
from rlvr.recipes.data_section import Data, Demonstrations
from rlvr.recipes.distill_section import DISTILL_SECTIONS, Distill
from rlvr.recipes.evaluation_section import Evaluation, Seconds
from rlvr.recipes.hardware_section import Hardware
from rlvr.recipes.method_name import MethodName
from rlvr.recipes.rl_section import (
    DAPO,
    METHOD_SECTIONS,
    PPO,
    REWARD_SECTIONS,
    ReinforcePP,
    Rewards,
)
from rlvr.samplers.base import SamplingParams
from rlvr.samplers.engine_options import EngineOptions
from rlvr.tasks.problem_section import Columns, ProblemSource
from rlvr.verifiers import TIMEOUT_S

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+=-]{0,99}")
# what lies beside the run directories
_TAKEN = ("store",)


def checked_name(name: str) -> str:
    """Return a run's name, which is also its folder's.

    Raises:
        ValueError: if the name could lead out of the folder of runs, or is taken.
    """
    if name in _TAKEN:
        raise ValueError(f"'{name}' is the folder of stored completions; take another name")
    if _NAME.fullmatch(name) is None:
        raise ValueError(
            "a run's name begins with a letter or digit and goes on with up to 99 letters, digits "
            "or . _ + = -; give the folder by --runs"
        )
    return name


class Recipe(Section):
    """Describe one training run.

    Attributes:
        name: name of the run, and of its folder.
        model: Hub id, folder, or `embedded:<name>`.
        revision: commit, tag or branch of a model on the Hub.
        initialize: `pretrained` loads the weights; `random` draws them, from `seed`.
        method: grpo, ppo, rloo, reinforce_pp, remax, dapo, sft, on_policy_distillation, or one that
            an installed package registers.
        seed: seed of training; the evaluation has a run seed of its own.
        data: what is trained on.
        verify_timeout_s: time limit of the verifier for one completion, in training, distillation
            and evaluation alike; what takes longer is undecided.
        evaluation: what every checkpoint is measured on.
        hardware: what the recipe was written for; nothing is trained by it.
        evaluate: when the base and the checkpoints are measured:
            `by_hand`, whenever `rlvr eval RUN` is called;
            `after`, by `rlvr train` itself once training has finished;
            `between`, by `rlvr train` at every save, on the devices that training has left;
            `watch`, elsewhere by `rlvr eval RUN --watch`: no checkpoint is deleted before it.
        checkpoints: what stays of them on disk.
        rewards: rewards beside correctness; only reinforcement learning reads them.
        distill: teacher that writes the demonstrations of method sft, unless `data` names them.
        ppo, reinforce_pp, dapo: settings of the method of that name; no other method may have them.
        method_section: settings of any other method, written under the method's name.
        trainer: fields of TRL's configuration class for the method.
        peft: fields of PEFT's LoraConfig; unset, all weights are trained.
    """

    name: Annotated[str, AfterValidator(checked_name)]
    model: Name
    revision: Name | None = None
    initialize: Literal["pretrained", "random"] = "pretrained"
    method: MethodName
    seed: int = Field(default=0, ge=0, lt=2**32)
    data: Data
    verify_timeout_s: Seconds = TIMEOUT_S
    evaluation: Evaluation | None = None
    evaluate: Literal["by_hand", "after", "between", "watch"] = "by_hand"
    checkpoints: Checkpoints = Checkpoints()
    hardware: Hardware | None = None
    rewards: Rewards = Rewards()
    distill: Distill | None = None
    ppo: PPO | None = None
    reinforce_pp: ReinforcePP | None = None
    dapo: DAPO | None = None
    method_section: Mapping[str, Any] | None = None
    trainer: Mapping[str, Any] = Field(default_factory=dict)
    peft: Mapping[str, Any] | None = None

    @model_validator(mode="before")
    @classmethod
    def _with_own_section(cls, raw: Any) -> Any:
        """Add the method's section, with its defaults, where the recipe leaves it out."""
        method = raw.get("method") if isinstance(raw, Mapping) else None
        if not isinstance(method, str):
            return raw
        if method in METHOD_SECTIONS and raw.get(method) is None:
            return {**raw, method: {}}
        if method in raw and method not in cls.model_fields:
            others = {key: value for key, value in raw.items() if key != method}
            return {**others, "method_section": raw[method]}
        return raw


def load(path: Path, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe file and apply `dotted.key=value` overrides, each value parsed as YAML.

    Raises:
        Faults: naming every fault with its file, key, and what to write instead.
        UserError: if the file is missing or is no YAML mapping.
    """
    return parse(read(path, overrides), source=str(path))


def read(path: Path, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """Read a recipe file with overrides applied, without validating it.

    Raises:
        UserError: if the file is missing or is no YAML mapping, or an override is none.
    """
    raw = _read(path)
    for override in overrides:
        _override(raw, override)
    raw.setdefault("name", path.stem)
    return raw


def parse(raw: Mapping[str, Any], *, source: str) -> Recipe:
    """Validate a raw mapping as a Recipe; fault messages begin with `source`."""
    misplaced = _misplaced(raw) + _unmeasured(raw) + distill_section.faults(raw)
    try:
        recipe = Recipe.model_validate(raw)
    except ValidationError as error:
        raise Faults(source, [_fault(entry) for entry in error.errors()] + misplaced) from None
    if misplaced:
        raise Faults(source, misplaced)
    return recipe


def evaluation(raw: Mapping[str, Any], overrides: Sequence[str] = (), *, source: str) -> Evaluation:
    """Read only the evaluation section, with `key=value` overrides of its keys.

    Raises:
        Faults, UserError: as `load`.
    """
    if not isinstance(raw, Mapping):
        raise UserError(f"{source}: evaluation: expected a mapping of keys, found {raw!r:.60}")
    whole = {"evaluation": dict(raw)}
    for override in overrides:
        _override(whole, f"evaluation.{override}")
    try:
        return Evaluation.model_validate(whole["evaluation"])
    except ValidationError as error:
        faults = [{**entry, "loc": ("evaluation", *entry["loc"])} for entry in error.errors()]
        raise Faults(source, [_fault(entry) for entry in faults]) from None


def dump(recipe: Recipe) -> str:
    """Write the resolved recipe, defaults included, as YAML that `load` reads back as equal."""
    return yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise UserError(f"{path}: no such recipe file; see recipes/ for the ones that come along")
    return reading.yaml_mapping(path)


def _override(raw: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    if not equals or not key:
        raise UserError(
            f"'{override}' is not an override; write key=value, as in trainer.max_steps=10"
        )
    *parents, last = key.split(".")
    section = raw
    for parent in parents:
        section = section.setdefault(parent, {})
        if not isinstance(section, dict):
            raise UserError(f"override '{override}': '{parent}' is a value, not a section")
    try:
        section[last] = reading.yaml_value(value)
    except reading.NotReadable as fault:
        raise UserError(f"override '{override}': {fault}") from None


def _fault(entry: Any) -> Fault:
    """Write one pydantic error as one line: key, what is wrong, what to write."""
    location = [str(part) for part in entry["loc"] if not isinstance(part, int)]
    key = ".".join(_without_teachers_type([str(part) for part in entry["loc"]]))
    match entry["type"]:
        case "extra_forbidden":
            known = tuple(_section(location[:-1]).model_fields)
            return unknown_key(key, known)
        case "missing":
            return missing_key(key)
        case "union_tag_invalid":  # of what is found only the type is shown: it may hold a password
            wanted, found = entry["ctx"]["expected_tags"], entry["ctx"]["tag"]
            return Fault(
                f"{key}.type: write one of {wanted}, found {found!r:.60}", key=f"{key}.type"
            )
        case "union_tag_not_found":
            return missing_key(f"{key}.type")
        case "secret":  # the value may hold a key or a password, so it is not repeated
            return Fault(f"{key}: {entry['msg']}")
        case _:
            return Fault(f"{key}: {entry['msg']}, found {entry['input']!r:.200}")


def _without_teachers_type(parts: Sequence[str]) -> list[str]:
    """Remove a union member's type from a key path: pydantic adds it, recipes have none."""
    return [part for at, part in enumerate(parts) if at == 0 or parts[at - 1] != "teacher"]


def _misplaced(raw: Mapping[str, Any]) -> list[str]:
    """List sections for methods other than the recipe's."""
    method = raw.get("method")
    return [
        Fault(
            f"{name}: is read by method {name} alone, and this recipe's method is {method}; "
            "remove it",
            "misplaced-section",
        )
        for name in METHOD_SECTIONS
        if raw.get(name) is not None and isinstance(method, str) and name != method
    ]


def _unmeasured(raw: Mapping[str, Any]) -> list[str]:
    """List evaluations that are requested without saying what to measure."""
    when = raw.get("evaluate")
    if when not in ("after", "between", "watch") or raw.get("evaluation") is not None:
        return []
    return [
        Fault(
            f"evaluate: {when} needs to know what to measure; add an evaluation: section",
            "missing-key",
            "evaluation",
        )
    ]


def _section(location: Sequence[str]) -> type[BaseModel]:
    """Return the section that a path of keys leads to."""
    sections: dict[str, type[BaseModel]] = {
        "data": Data,
        "evaluation": Evaluation,
        "checkpoints": Checkpoints,
        "problems": ProblemSource,
        "benchmarks": ProblemSource,
        "columns": Columns,
        "demonstrations": Demonstrations,
        "sampling": SamplingParams,
        "engine": EngineOptions,
        "hardware": Hardware,
        **REWARD_SECTIONS,
        **METHOD_SECTIONS,
        **DISTILL_SECTIONS,
    }
    return sections[location[-1]] if location else Recipe
