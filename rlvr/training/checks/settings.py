"""From a recipe's `trainer:` to an instance of TRL's config class, with every fault named at once.

TRL's fields are read from its class: names, types, and its own cross-checks when it is built; so
are PEFT's. What the run directory decides (where, which seed, how it logs) is ours and cannot be
set twice.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import MISSING, fields
from difflib import get_close_matches
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError, PydanticUndefinedAnnotation

from rlvr.core.errors import Fault, Faults, unknown_key
from rlvr.core.launched import world_size
from rlvr.core.secrets import names_secret
from rlvr.core.section import takes_bool
from rlvr.recipes.recipe import Recipe
from rlvr.recipes.rl_section import METHOD_SECTIONS
from rlvr.runs.run_directory import Run
from rlvr.training.checks import field_ranges, field_words, handed_on, launcher
from rlvr.training.methods.method import Method, Values, by_rules
from rlvr.training.trainers import rollout_engine

_OF_TRLS_EVALUATION = (
    "batch_eval_metrics",
    "bf16_full_eval",
    "do_eval",
    "eval_accumulation_steps",
    "eval_delay",
    "eval_do_concat_batches",
    "eval_on_start",
    "eval_steps",
    "eval_strategy",
    "eval_use_gather_object",
    "fp16_full_eval",
    "greater_is_better",
    "include_for_metrics",
    "load_best_model_at_end",
    "metric_for_best_model",
    "num_generations_eval",
    "per_device_eval_batch_size",
    "prediction_loss_only",
)
_OURS = {
    **dict.fromkeys(
        _OF_TRLS_EVALUATION,
        "training evaluates nothing; write evaluation: what to measure, and evaluate: when",
    ),
    "resume_from_checkpoint": "a run goes on from its last checkpoint by itself",
    "disable_tqdm": "progress is shown by rlvr",
    "output_dir": "it is the run directory; set name=..",
    "seed": "set seed=.. at the top of the recipe",
    "data_seed": "set seed=.. at the top of the recipe",
    "run_name": "it is the run's name; set name=..",
    "report_to": "W&B is switched by WANDB_MODE (online, offline, disabled)",
    "remove_unused_columns": "rewards need every column",
    "save_total_limit": "it would delete what is not evaluated yet; write checkpoints.keep=..",
    "save_only_model": "a run could not be resumed; write checkpoints.full_states=1",
    "logging_steps": "every step is logged",
    "logging_strategy": "every step is logged",
    "logging_nan_inf_filter": "a loss that is not a number stops the run",
    **dict.fromkeys(
        ("log_level", "log_level_replica", "log_on_each_node", "logging_first_step"),
        "rlvr logs every step, by the first process",
    ),
    **dict.fromkeys(("do_train", "do_predict", "local_rank"), "rlvr train alone decides it"),
    "ignore_data_skip": "a resumed run goes on with the data where it stopped",
    "restore_callback_states_from_checkpoint": "a run goes on from its last checkpoint by itself",
    "enable_jit_checkpoint": "a signal makes rlvr save and stop",
    "accelerator_config": "rlvr's own samplers hand out the batches; the launch file says the rest",
    **dict.fromkeys(
        ("deepspeed", "fsdp", "fsdp_config", "parallelism_config"),
        "the launch file says it: accelerate launch --config_file launch/accelerate/..",
    ),
    **dict.fromkeys(
        (
            "use_transformers_continuous_batching",
            "transformers_continuous_batching_config",
            "use_transformers_paged",
        ),
        "rlvr samples in batches of its own; for paged attention write use_vllm: true",
    ),
    "auto_find_batch_size": "the batch is part of the recipe; write one that fits the memory",
}
_OF_PEFT = {
    "inference_mode": "it would freeze the adapter, and nothing would be trained",
    **dict.fromkeys(
        ("auto_mapping", "base_model_name_or_path", "peft_version", "revision"),
        "PEFT writes it itself; the model is model: and revision: at the top of the recipe",
    ),
    **dict.fromkeys(("megatron_config", "megatron_core"), "models are not Megatron's"),
    **dict.fromkeys(
        (
            "alora_invocation_tokens",
            "arrow_config",
            "kasa_config",
            "layer_replication",
            "monteclora_config",
            "runtime_config",
            "use_bdlora",
            "use_qalora",
            "velora_config",
        ),
        "adapters are merged into the base for evaluation, which is proven for plain LoRA alone",
    ),
    **dict.fromkeys(
        ("corda_config", "eva_config", "loftq_config", "lora_ga_config"),
        "it is of an initialization that needs a pass over data, which training does not make",
    ),
}
_WITHOUT_A_POINT = re.compile(r"[-+]?\d+[eE][-+]?\d+")
_UPLOADS = re.compile(r"push_to_hub.*|hub_.*|log_completions_hub_repo")
_UPLOAD = (
    "uploading is a step of its own: hf upload USER/NAME runs/RUN/checkpoint-STEP, which takes the "
    "token from HF_TOKEN or from hf auth login"
)
_SECRET = (
    "it looks like a secret, which would be written to the run directory; pass it by the "
    "environment (HF_TOKEN, WANDB_API_KEY)"
)


def training_arguments(
    recipe: Recipe, method: Method, run: Run, *, source: str, processes: int | None = None
) -> Any:
    """Build the config object for the recipe's method.

    Args:
        processes: that batches are reckoned with; those that the launcher started unless given, as
            where a recipe for a cluster is checked at a desk.

    Raises:
        Faults: naming all wrong keys, types and combinations in `trainer:`.
    """
    values, faults = _read(recipe, method)
    if faults or (faults := _against_method(values, recipe, method, processes)):
        raise Faults(source, faults)
    launcher.prepare(use_cpu=bool(recipe.trainer.get("use_cpu")))
    try:
        args = _built(method, values, recipe, run)
    except Exception as error:  # TRL's class meets the user's values first
        blamed = _blamed(method, values, recipe, run)
        raise Faults(source, [f"{blamed}: {error} ({type(error).__name__})"]) from error
    if faults := handed_on.faults(args, recipe.trainer):
        raise Faults(source, faults)
    return args


def planned_values(recipe: Recipe, method: Method) -> dict[str, Any]:
    """Return TRL's config values as set by the recipe, its method and TRL's defaults.

    Without what is wrong, and without what this machine would decide.
    """
    given, _, _ = _checked(recipe.trainer, method.config_class, "trainer")
    by_trl = {f.name: f.default for f in fields(method.config_class) if f.default is not MISSING}
    return {**by_trl, **method.defaults, **given}


def trainer_faults(recipe: Recipe, method: Method, processes: int | None = None) -> list[str]:
    """Find what is wrong with `trainer:` by TRL's fields and by the method's rules.

    Unless it is meant for another machine's `processes`, also what this machine cannot do.
    A rule that would read a value which is wrong by itself is not applied: it would hold another
    value against a default that nobody wrote.
    """
    values, faults = _read(recipe, method)
    found = faults + _against_method(values, recipe, method, processes)
    if processes is None:
        found += by_rules(rollout_engine.faults)(values, recipe, world_size())
    return found


def section_faults(recipe: Recipe, method: Method) -> list[str]:
    """Find what is wrong with the method's own section of the recipe."""
    try:
        section_of(recipe, method)
    except Faults as error:
        return list(error.faults)
    return []


def section_of(recipe: Recipe, method: Method) -> Any:
    """Return the method's own section of the recipe as the method reads it; None without one.

    Raises:
        Faults: naming every key that is wrong.
    """
    built_in = getattr(recipe, recipe.method, None) if recipe.method in METHOD_SECTIONS else None
    if method.section is None:
        if recipe.method_section is not None:
            raise Faults("", [f"{recipe.method}: the method has no section; remove it"])
        return built_in
    try:
        return method.section.model_validate(recipe.method_section or {})
    except ValidationError as error:
        known = tuple(method.section.model_fields)
        raise Faults(
            "", [_of_section(recipe.method, entry, known) for entry in error.errors()]
        ) from None


def _of_section(method: str, entry: Any, known: Sequence[str]) -> str:
    key = ".".join([method, *map(str, entry["loc"])])
    if entry["type"] == "extra_forbidden":
        return unknown_key(key, known)
    return f"{key}: {entry['msg']}, found {entry['input']!r:.200}"


def peft_faults(recipe: Recipe) -> list[str]:
    """Find what is wrong with `peft:` by the fields of PEFT's LoraConfig and its own checks."""
    from peft import LoraConfig

    if recipe.peft is None:
        return []
    _, _, faults = _checked(recipe.peft, LoraConfig, "peft")
    if faults:
        return faults
    try:
        peft_config(recipe)
    except Exception as error:  # PEFT's class meets the user's values first
        return [f"peft: {error} ({type(error).__name__})"]
    return []


def peft_config(recipe: Recipe) -> Any:
    """Build PEFT's LoraConfig; None where all weights are trained."""
    from peft import LoraConfig, TaskType

    if recipe.peft is None:
        return None
    return LoraConfig(**{"task_type": TaskType.CAUSAL_LM, **recipe.peft})


def _read(recipe: Recipe, method: Method) -> tuple[Values, list[str]]:
    """Return the values to build TRL's config from, and the faults of those left out."""
    given, unreadable, faults = _checked(recipe.trainer, method.config_class, "trainer")
    return Values({**_hardware(given), **method.defaults, **given}, unreadable), faults


def _against_method(
    values: Values, recipe: Recipe, method: Method, processes: int | None
) -> list[str]:
    return list(method.faults(values, recipe, processes or world_size()))


def _checked(
    values: Mapping[str, Any], config_class: type, section: str
) -> tuple[dict[str, Any], set[str], list[str]]:
    """Convert values to their field's type; also return the fields left out and their faults."""
    hints = get_type_hints(config_class)
    known = [field.name for field in fields(config_class) if field.init]
    converted, unreadable = {}, set[str]()
    faults: list[str] = []
    for key, value in values.items():
        if section == "trainer" and key in _OURS:
            faults.append(_reserved(f"trainer.{key}", _OURS[key]))
        elif section == "peft" and key in _OF_PEFT:
            faults.append(_reserved(f"peft.{key}", _OF_PEFT[key]))
        elif section == "trainer" and _UPLOADS.fullmatch(key):
            faults.append(_reserved(f"trainer.{key}", _UPLOAD))
        elif found := next(_secrets(key, value), None):
            faults.append(_reserved(f"{section}.{found}", _SECRET))
        elif key not in known:
            unreadable |= {*get_close_matches(key, known, n=1)} - values.keys()
            faults.append(unknown_key(f"{section}.{key}", known))
        else:
            try:
                read = _convert(value, hints[key])
                wanted = field_ranges.fault(key, read) or field_words.fault(key, read, hints[key])
            except ValidationError as error:
                wanted = error.errors()[0]["msg"]
            if wanted is None:
                converted[key] = read
            else:
                unreadable.add(key)
                faults.append(f"{section}.{key}: {wanted}, found {value!r:.200}")
    return converted, unreadable, faults


def _built(method: Method, values: Mapping[str, Any], recipe: Recipe, run: Run) -> Any:
    return method.config_class(**values, **_fixed(recipe, run))


def _reserved(key: str, because: str) -> Fault:
    return Fault(f"{key} cannot be set: {because}", "reserved-key", key)


def _blamed(method: Method, values: Mapping[str, Any], recipe: Recipe, run: Run) -> str:
    """Name the one key without which TRL accepts the others, otherwise the section."""
    for key in recipe.trainer:
        with suppress(Exception):
            _built(method, {name: values[name] for name in values if name != key}, recipe, run)
            return f"trainer.{key}"
    return "trainer"


def _secrets(key: str, value: Any) -> Iterator[str]:
    """Yield dotted names of secrets: by their name, or addresses with a password."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from (f"{key}.{found}" for found in _secrets(str(name), inner))
    elif isinstance(value, str) and (names_secret(key) or _has_password(value)):
        yield key


def _has_password(value: str) -> bool:
    return re.match(r"[a-z+]+://[^/@]*@", value, re.IGNORECASE) is not None


def _convert(value: Any, hint: Any) -> Any:
    """Convert a string to the field's type where it can be read, as YAML reads 1e-6 as a string."""
    # pydantic would take `yes` for 1
    is_strict = isinstance(value, bool) and not takes_bool(hint)
    try:
        read = TypeAdapter(hint).validate_python(value, strict=is_strict or None)
    except (PydanticSchemaGenerationError, PydanticUndefinedAnnotation):
        return value
    return {k: _number(v) for k, v in read.items()} if isinstance(read, Mapping) else read


def _number(value: Any) -> Any:
    """Read a number also where YAML reads a text, as in {min_lr: 1e-6}."""
    if isinstance(value, str) and _WITHOUT_A_POINT.fullmatch(value):
        return float(value)
    return value


def _hardware(given: Mapping[str, Any]) -> dict[str, Any]:
    """Use float32 where there is no GPU; elsewhere TRL's own default, bfloat16."""
    import torch

    if torch.cuda.is_available() and not given.get("use_cpu"):
        return {}
    return {"use_cpu": True, "bf16": False, "dataloader_pin_memory": False}


def _fixed(recipe: Recipe, run: Run) -> dict[str, Any]:
    return {
        "output_dir": str(run.path),
        "run_name": run.name,
        "seed": recipe.seed,
        "report_to": "none",
        "logging_steps": 1,
        "logging_nan_inf_filter": False,
        "disable_tqdm": True,
    }
