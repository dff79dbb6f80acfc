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
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from rlvr.answers.prompt_key import Prompt
from rlvr.core import reading
from rlvr.core.errors import Faults, UserError
from rlvr.core.section import Name, Section
from rlvr.recipes import distill_section
from rlvr.recipes.distill_section import DISTILL_SECTIONS, Distill
from rlvr.recipes.hardware_section import Hardware
from rlvr.recipes.keep_text import KEEP_TEXT
from rlvr.recipes.method_name import MethodName
from rlvr.recipes.rl_section import (
    DAPO,
    METHOD_SECTIONS,
    PPO,
    REWARD_SECTIONS,
    ReinforcePP,
    Rewards,
)
from rlvr.recipes.sampler_name import SamplerName
from rlvr.samplers.base import SEED_BITS_PER_PROBLEM, SamplingParams
from rlvr.samplers.engine_options import EngineOptions
from rlvr.tasks.problem_section import Columns, ProblemSource, Sources
from rlvr.verifiers import TIMEOUT_S

Seconds = Annotated[float, Field(ge=0.01, le=3600, allow_inf_nan=False)]
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+=-]{0,99}")
# as many draws of a problem have seeds of their own
_MOST_DRAWS = 1 << SEED_BITS_PER_PROBLEM
_ONE_DRAW = re.compile(r"\s*fixed:\s*0*1\s*")
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


class Demonstrations(Section):
    """Give (prompt, completion) pairs for supervised training.

    Exactly one of `generator` (with `count`) and `path` is given.

    Attributes:
        generator: writes pairs of the embedded task.
        count: number of pairs that the generator writes.
        path: file of pairs, with columns prompt and completion.
    """

    generator: Literal["countdown-chains"] | None = None
    count: int | None = Field(default=None, ge=1, le=10_000_000)
    path: Path | None = None


class Data(Section):
    """Say what is trained on: `problems` for reinforcement learning, `demonstrations` for SFT.

    Attributes:
        problems: benchmarks or sets of your own, one or a list.
        demonstrations: pairs for SFT, where no `distill:` section makes them.
        prompt: template, file or text with {question}; unset, each problem set's own.
        verifier: verifier of the answers; unset, each problem set's own.
    """

    problems: Sources = ()
    demonstrations: Demonstrations | None = None
    prompt: Prompt | None = None
    verifier: str | None = None


class Evaluation(Section):
    """Say what every checkpoint is measured on, and with how many completions.

    Attributes:
        benchmarks: benchmarks or sets of your own, one or a list.
        design: completions per problem: fixed:N or sequential (see Sampling designs); unset,
            fixed:N with each benchmark's own N, 1024 for competitions, otherwise 128 or 256.
        looks: numbers of draws after which results are looked at, fixed before the first draw;
            `design` is fixed:N for one of them. What a report claims then holds its level over all
            looks together.
        sampling: how completions are drawn.
        prompt: template for all benchmarks: a name, a file, or text with {question}; unset, each
            benchmark's own.
        run_seed: seed of the draws; another one gives an independent sample.
        sampler: `hf` is transformers; `auto` takes vLLM where it is installed and fits; or one that
            an installed package registers.
        engine: options of the vLLM engine; the transformers sampler has none of them.
        keep_text: whose text is stored: `all`, `correct`, or `sample:N`, the first N draws of each
            problem. The others are counted all the same.
        verify_timeout_s: time limit of the verifier for one completion; unset, the recipe's.
        beside: models to show beside the run's own: names of other runs in the same folder, of
            which the last checkpoint is taken, Hub ids, or folders with a "/" in them.
        keep_merged: keep the copies that checkpoints in parts (verl, DCP, DeepSpeed) are merged
            into; otherwise each is removed when it is evaluated.
    """

    benchmarks: Annotated[Sources, Field(min_length=1)]
    design: str | None = None
    looks: tuple[int, ...] = ()
    sampling: SamplingParams = SamplingParams()
    prompt: Prompt | None = None
    run_seed: int = Field(default=0, ge=0)
    sampler: SamplerName = "auto"
    engine: EngineOptions = EngineOptions()
    keep_text: str = Field(default="all", pattern=KEEP_TEXT)
    verify_timeout_s: Seconds | None = None
    beside: tuple[Name, ...] = ()
    keep_merged: bool = False

    @field_validator("looks", mode="before")
    @classmethod
    def _several_that_increase(cls, looks: Any) -> tuple[int, ...]:
        """Raise one fault, where pydantic would report one for each number."""
        are_numbers = isinstance(looks, list | tuple) and all(type(look) is int for look in looks)
        if (
            not are_numbers
            or len(looks) == 1
            or list(looks) != sorted({look for look in looks if 1 <= look <= _MOST_DRAWS})
        ):
            raise PydanticCustomError(
                "looks",
                "write at least two numbers of draws that increase, such as [64, 256], of at most "
                f"{_MOST_DRAWS}",
            )
        return tuple(looks)

    def contradictions(self) -> list[str]:
        """Say, each with its key, what cannot be measured together.

        No part of reading the section: what was measured under such a one can still be reported.
        """
        found = []
        design = self.design or "each benchmark's own number of draws"
        if self.sampling.temperature == 0 and _ONE_DRAW.fullmatch(design) is None:
            found.append(
                f"sampling.temperature: 0 draws one and the same completion again and again, which "
                f"{design} would count as many; write design: fixed:1, or another temperature"
            )
        if self.looks and self.design not in {f"fixed:{look}" for look in self.looks}:
            planned = ", ".join(f"fixed:{look}" for look in self.looks)
            found.append(
                f"looks: the design is {design}, which is none of the looks planned; write "
                f"design: {planned}, one after another"
            )
        names = [source.name for source in self.benchmarks]
        repeated = dict.fromkeys(name for name in names if names.count(name) > 1)
        found += [f"benchmarks: {name} is there twice; name it once" for name in repeated]
        if self.sampler == "hf" and self.engine != EngineOptions():
            given = ", ".join(self.engine.model_dump(exclude_defaults=True))
            found.append(f"engine: {given} of vLLM, which sampler: hf does not use; remove it")
        return found


class Checkpoints(Section):
    """Say which checkpoints stay on disk; the last one always does, whole.

    Attributes:
        full_states: number of last checkpoints that keep optimizer, schedule, random numbers and
            critic, so that training can resume there; older ones keep weights, tokenizer and
            configuration.
        keep: number of last checkpoints that stay, or `all`; older ones are deleted once nobody
            awaits their evaluation any more.
    """

    full_states: int = Field(default=2, ge=1)
    keep: Literal["all"] | int = "all"

    @field_validator("keep", mode="plain")
    @classmethod
    def _all_or_some(cls, value: Any) -> Any:
        """Raise one fault, where pydantic would report one for each member of the union."""
        if value != "all" and (type(value) is not int or value < 1):
            raise PydanticCustomError("keep", "write all, or how many of the last ones to keep")
        return value


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


def suggestion(key: str, known: Sequence[str]) -> str:
    """Write "; did you mean 'x'?" for a key near a known one, otherwise list the known keys."""
    near = get_close_matches(key, known, n=1)
    return f"did you mean '{near[0]}'?" if near else f"known keys: {', '.join(sorted(known))}"


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


def _fault(entry: Any) -> str:
    """Write one pydantic error as one line: key, what is wrong, what to write."""
    location = [str(part) for part in entry["loc"] if not isinstance(part, int)]
    key = ".".join(_without_teachers_type([str(part) for part in entry["loc"]]))
    match entry["type"]:
        case "extra_forbidden":
            known = tuple(_section(location[:-1]).model_fields)
            return f"unknown key '{key}'; {suggestion(location[-1], known)}"
        case "missing":
            return f"missing key '{key}'"
        case "union_tag_invalid":  # of what is found only the type is shown: it may hold a password
            wanted, found = entry["ctx"]["expected_tags"], entry["ctx"]["tag"]
            return f"{key}.type: write one of {wanted}, found {found!r:.60}"
        case "union_tag_not_found":
            return f"missing key '{key}.type'"
        case "secret":  # the value may hold a key or a password, so it is not repeated
            return f"{key}: {entry['msg']}"
        case _:
            return f"{key}: {entry['msg']}, found {entry['input']!r:.200}"


def _without_teachers_type(parts: Sequence[str]) -> list[str]:
    """Remove a union member's type from a key path: pydantic adds it, recipes have none."""
    return [part for at, part in enumerate(parts) if at == 0 or parts[at - 1] != "teacher"]


def _misplaced(raw: Mapping[str, Any]) -> list[str]:
    """List sections for methods other than the recipe's."""
    method = raw.get("method")
    return [
        f"{name}: is read by method {name} alone, and this recipe's method is {method}; remove it"
        for name in METHOD_SECTIONS
        if raw.get(name) is not None and isinstance(method, str) and name != method
    ]


def _unmeasured(raw: Mapping[str, Any]) -> list[str]:
    """List evaluations that are requested without saying what to measure."""
    when = raw.get("evaluate")
    if when not in ("after", "between", "watch") or raw.get("evaluation") is not None:
        return []
    return [f"evaluate: {when} needs to know what to measure; add an evaluation: section"]


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
