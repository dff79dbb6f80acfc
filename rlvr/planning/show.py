"""A plan as text: one table of memory, then a line for each of the other things."""

from collections.abc import Iterator

from rlvr.core.disk import size
from rlvr.planning.engine import EnginePlan
from rlvr.planning.hardware import Devices
from rlvr.planning.memory import GIB, Phase
from rlvr.planning.plan import TrainingPlan

_NAME, _NUMBER = 26, 10


def training_lines(plan: TrainingPlan, rates: tuple[float, float] | None) -> Iterator[str]:
    """Describe the plan of a training.

    Args:
        rates: tokens sampled and trained per second by all GPUs together; None shows no hours.
    """
    recipe = plan.recipe
    parameters = plan.training.learners[0].shape.parameters if plan.training else None
    sized = f" ({parameters / 1e9:.2f} billion parameters)" if parameters else ""
    yield f"{recipe.name}: {recipe.method} on {recipe.model}{sized}; {described(plan.devices)}"
    if plan.phases:
        yield ""
        yield from memory_table(plan)
    yield ""
    if plan.engine:
        yield f"vLLM      {engine_line(plan.engine)}"
    yield f"prompts   {_prompts(plan)}"
    yield f"work      {_work(plan)}"
    if plan.disk:
        yield f"disk      {_disk(plan)}"
    yield f"hours     {_hours(plan, rates)}"


def summary(plan: TrainingPlan) -> str:
    """Describe the plan in one sentence, for the head of a recipe."""
    where = f"GiB of {plan.devices.memory_gib:g} per GPU" if plan.devices.gpus else "GiB"
    told = [
        ", ".join(f"{phase.name} {phase.size / GIB:.1f}" for phase in plan.phases) + f" {where}"
    ]
    if plan.engine:
        told.append(f"vLLM holds {plan.engine.sequences} whole sequences")
    if plan.work.most_sampled:
        told.append(f"at most {_short(plan.work.most_sampled)} tokens sampled")
    if plan.disk:
        total = plan.disk.total
        of = f"checkpoints of {size(plan.disk.whole)}"
        told.append(of if total is None else f"{of}, {size(total)} at the end")
    return "; ".join(told)


def described(devices: Devices) -> str:
    """Describe the devices in words."""
    if not devices.gpus:
        processes = f"{devices.processes} process(es) on CPU"
        return processes + (f", ZeRO-{devices.zero_stage}" if devices.zero_stage else "")
    memory = f" of {devices.memory_gib:.4g} GiB" if devices.memory_gib else ""
    stage = f"ZeRO-{devices.zero_stage}" if devices.zero_stage else "no ZeRO"
    return f"{devices.gpus} GPU(s){memory}, {stage}"


def memory_table(plan: TrainingPlan) -> Iterator[str]:
    """List parts by phase, in GiB."""
    where = "GPU" if plan.devices.gpus else "process"
    title = f"GiB per {where}"
    yield f"{title:<{_NAME}}" + "".join(f"{phase.name:>{_NUMBER}}" for phase in plan.phases)
    names = dict.fromkeys(part.name for phase in plan.phases for part in phase.parts)
    for name in names:
        yield f"  {name:<{_NAME - 2}}" + "".join(_cell(phase, name) for phase in plan.phases)
    total = "".join(f"{phase.size / GIB:>{_NUMBER}.2f}" for phase in plan.phases)
    yield f"{'total':<{_NAME}}{total}"


def engine_line(engine: EnginePlan) -> str:
    """Describe how much of each GPU one engine of vLLM takes."""
    return (
        f"takes {engine.share_gib:.1f} GiB of each GPU: weights {engine.weights_gib:.1f}, keys and "
        f"values {max(engine.cache_gib, 0):.1f}, which is {engine.sequences} whole sequence(s) of "
        f"{engine.length:,} tokens at a time; tensor_parallel_size {engine.split}"
    )


def _cell(phase: Phase, name: str) -> str:
    sizes = [part.size for part in phase.parts if part.name == name]
    return f"{sum(sizes) / GIB:>{_NUMBER}.2f}" if sizes else f"{'-':>{_NUMBER}}"


def _prompts(plan: TrainingPlan) -> str:
    if plan.is_measured:
        return f"the longest has {plan.prompt_tokens:,} tokens"
    return f"of up to {plan.prompt_tokens:,} tokens are assumed; --prompt-tokens N sets it"


def _work(plan: TrainingPlan) -> str:
    work = plan.work
    if work.steps is None:
        return f"{plan.recipe.trainer.get('num_train_epochs', 'all')} epoch(s) of the data"
    told = f"{work.steps:,} steps"
    if work.rollouts is not None:
        told += f", {work.rollouts:,} rollouts, {work.completions:,} completions"
        told += f", at most {_short(work.most_sampled)} tokens sampled"
    return f"{told}, at most {_short(work.most_tokens)} tokens trained on"


def _disk(plan: TrainingPlan) -> str:
    disk = plan.disk
    assert disk is not None
    told = f"{size(disk.whole)} a checkpoint, {size(disk.weights)} without trainer state"
    if disk.total is None:
        return told
    return f"{told}; {disk.checkpoints} kept at the end: {size(disk.total)}"


def _hours(plan: TrainingPlan, rates: tuple[float, float] | None) -> str:
    work = plan.work
    if rates is None:
        return "not known; rlvr doctor --run measures tokens/s, --tokens-per-second gives them"
    if work.most_tokens is None:
        return "not known: the data decides how many tokens there are"
    sampled, trained = rates
    hours = ((work.most_sampled or 0) / sampled + work.most_tokens / trained) / 3600
    told = f"at most {hours:,.1f}"
    return told + (f", {hours * plan.devices.gpus:,.1f} GPU hours" if plan.devices.gpus else "")


def _short(count: int | None) -> str:
    """Write a large number in words: "12.3 million"."""
    if count is None:
        return "an unknown number of"
    for value, name in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million")):
        if count >= value:
            return f"{count / value:.3g} {name}"
    return f"{count:,}"
