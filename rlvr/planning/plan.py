"""A training's plan: memory against the GPU, vLLM's share, work, disk, and every fault of these."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rlvr.planning import memory
from rlvr.planning.engine import EnginePlan
from rlvr.planning.hardware import Devices
from rlvr.planning.memory import GIB, Part, Phase, Training
from rlvr.planning.training import engine_of, training_of
from rlvr.planning.work import Disk, Work, disk_of, work_of
from rlvr.recipes.recipe import Recipe

# kernels and context of CUDA take 1 to 2 GB before anything is allocated (Hugging Face
# transformers, "Anatomy of model's memory")
CUDA_GIB = 1.5
# above this share of a GPU a plan is called tight: the estimate may be off by 15 %
TIGHT = 0.85


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """What is known of a training before it starts.

    Attributes:
        prompt_tokens: of the longest prompt; an assumption unless `is_measured`.
        training: None if the model's shape is not known here; then nothing follows from it.
        faults: why it cannot start, each with what to change.
        notes: what is not known or is tight.
    """

    recipe: Recipe
    devices: Devices
    prompt_tokens: int
    is_measured: bool
    training: Training | None
    phases: tuple[Phase, ...]
    engine: EnginePlan | None
    work: Work
    disk: Disk | None
    faults: tuple[str, ...]
    notes: tuple[str, ...]


def plan_training(
    recipe: Recipe,
    values: Mapping[str, Any],
    devices: Devices,
    prompt_tokens: int,
    *,
    is_measured: bool,
) -> TrainingPlan:
    """Plan a recipe whose keys have no faults.

    Args:
        values: as `rlvr.training.checks.settings.planned_values` gives them.
        prompt_tokens: of the longest prompt.
        is_measured: False if that is an assumption.
    """
    training = training_of(recipe, values, devices, prompt_tokens)
    engine = engine_of(recipe, values, devices, prompt_tokens)
    phases = _phases(training, engine, values, devices) if training else ()
    tokens = training.tokens if training else 0
    work = work_of(recipe, values, devices.processes, tokens)
    faults = [*engine_faults(engine, devices), *_memory_faults(training, phases, devices)]
    return TrainingPlan(
        recipe=recipe,
        devices=devices,
        prompt_tokens=prompt_tokens,
        is_measured=is_measured,
        training=training,
        phases=tuple(phases),
        engine=engine,
        work=work,
        disk=disk_of(recipe, values, training, work.steps) if training else None,
        faults=tuple(faults),
        notes=tuple(_notes(recipe, training, phases, devices)),
    )


def engine_faults(engine: EnginePlan | None, devices: Devices) -> Iterator[str]:
    """Say why vLLM cannot start in the training processes."""
    if engine is None:
        return
    yield from engine.faults()
    if devices.processes % engine.split:
        yield (
            f"{engine.key}tensor_parallel_size: {engine.split} does not divide the "
            f"{devices.processes} training processes; write a divisor of {devices.processes}"
        )


def _phases(
    training: Training,
    engine: EnginePlan | None,
    values: Mapping[str, Any],
    devices: Devices,
) -> list[Phase]:
    found = memory.phases(training)
    everywhere = [Part("CUDA and libraries", CUDA_GIB * GIB)] if devices.gpus else []
    if engine is not None:
        claimed = Part("vLLM", engine.share_gib * GIB)
        found.insert(0, Phase("rollout", (*memory.resting(training), claimed)))
        if not values.get("vllm_enable_sleep_mode"):
            found = [
                phase if phase.name == "rollout" else replace(phase, parts=(*phase.parts, claimed))
                for phase in found
            ]
    return [replace(phase, parts=(*phase.parts, *everywhere)) for phase in found]


def _memory_faults(
    training: Training | None, phases: Sequence[Phase], devices: Devices
) -> Iterator[str]:
    if training is None or devices.memory_gib is None:
        return
    largest = memory.largest(phases)
    if largest.size <= devices.memory_gib * GIB:
        return
    what = "each GPU" if devices.gpus else "this machine"
    yield (
        f"memory: {largest.name} needs about {largest.size / GIB:.1f} GiB of {what}, which has "
        f"{devices.memory_gib:.1f}; {_remedy(training, largest, devices)}"
    )


def _remedy(training: Training, largest: Phase, devices: Devices) -> str:
    """Name the first change that makes it fit, or say that no usual change does."""
    assert devices.memory_gib is not None
    if largest.name == "rollout":
        return "lower trainer.vllm_gpu_memory_utilization, or train on more GPUs under ZeRO-3"
    beside = largest.size - sum(p.size for p in _same_phase(training, largest.name).parts)
    for change, changed in _changes(training, devices):
        needed = max(phase.size for phase in memory.phases(changed)) + beside
        if needed <= devices.memory_gib * GIB:
            return f"{change} needs about {needed / GIB:.1f}"
    return "take more GPUs under ZeRO-3, LoRA (peft:), or a smaller model"


def _same_phase(training: Training, name: str) -> Phase:
    return next(phase for phase in memory.phases(training) if phase.name == name)


def _changes(training: Training, devices: Devices) -> Iterator[tuple[str, Training]]:
    checkpointed = replace(training, is_checkpointed=True)
    single = replace(checkpointed, rows=1)
    if not training.is_checkpointed:
        yield "trainer.gradient_checkpointing: true", checkpointed
    if training.rows > 1:
        yield "trainer.per_device_train_batch_size: 1 with gradient_checkpointing", single
    if devices.processes > 1 and training.zero_stage < 3:
        split = replace(checkpointed, zero_stage=3)
        yield "launch/accelerate/zero3.yaml with gradient_checkpointing", split
        yield "the same with per_device_train_batch_size: 1", replace(split, rows=1)


def _notes(
    recipe: Recipe, training: Training | None, phases: Sequence[Phase], devices: Devices
) -> Iterator[str]:
    if training is None:
        yield (
            f"{recipe.model}: memory is not estimated: its config.json is not on this machine "
            f"(hf download {recipe.model} config.json), or is not that of a dense Llama, Mistral, "
            "Qwen2 or Qwen3"
        )
        return
    if devices.memory_gib is None:
        return
    largest = memory.largest(phases)
    if TIGHT * devices.memory_gib * GIB < largest.size <= devices.memory_gib * GIB:
        yield (
            f"tight: {largest.name} takes {largest.size / GIB:.1f} of {devices.memory_gib:g} GiB, "
            "and the estimate may be off by 15 %"
        )
