"""Looks ahead at an evaluation: its draws, tokens and disk, and whether vLLM starts for it."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from rlvr.core.errors import UserError
from rlvr.planning import shape as shapes
from rlvr.planning.engine import DEFAULT_UTILIZATION, EnginePlan
from rlvr.planning.hardware import Devices
from rlvr.planning.prompts import ASSUMED_TOKENS, count, longest_prompt
from rlvr.recipes.evaluation_section import Evaluation as Settings
from rlvr.tasks.problem_sources import benchmark_of
from rlvr_eval.draw.disk_needed import BYTES_PER_TOKEN
from rlvr_eval.estimators import parse_design
from rlvr_eval.estimators.expected_draws import Draws, draws_of, together
from rlvr_eval.plan.planning import design_of

_BYTE_DTYPES = ("fp8", "int8", "w8a8")


@dataclass(frozen=True, slots=True)
class Forecast:
    """An evaluation of several models, before it starts.

    Attributes:
        models: names; more may follow while a run trains.
        problems: by benchmark; None where their number is not known here.
        draws: of one model on all benchmarks whose size is known.
        sequential: the same under a sequential design with the same n; None where it is one, or n
            is too small for one.
        engines: of vLLM, by model.
        faults: why it cannot start.
    """

    settings: Settings
    models: tuple[str, ...]
    problems: dict[str, int | None]
    draws: Draws
    sequential: Draws | None
    prompt_tokens: int
    is_measured: bool
    engines: dict[str, EnginePlan]
    faults: tuple[str, ...]

    @property
    def most_draws(self) -> int:
        """Of all models."""
        return self.draws.most * len(self.models)

    @property
    def most_tokens(self) -> int:
        """Sampled, if every completion is as long as it may be."""
        return self.most_draws * self.settings.sampling.max_completion_tokens

    @property
    def most_bytes(self) -> int:
        """Of the store, before compression."""
        return self.most_tokens * BYTES_PER_TOKEN


def forecast(
    settings: Settings,
    models: Sequence[str],
    devices: Devices,
    *,
    prompt_tokens: int | None = None,
) -> Forecast:
    """Look ahead at an evaluation whose settings have no faults.

    Args:
        models: names, folders or Hub ids; those of runs that have not begun need no shape.
        prompt_tokens: of the longest prompt; None reads it where problems and tokenizer are here.
    """
    found = {source.name: count(source) for source in settings.benchmarks}
    designs = {
        source.name: design_of(settings, benchmark_of(source)) for source in settings.benchmarks
    }
    known = {name: number for name, number in found.items() if number is not None}
    alike = len(set(designs.values())) == 1 and len(next(iter(designs.values())).looks) == 1
    n_max = max(design.n_max for design in designs.values())
    measured = prompt_tokens or longest_prompt(settings.benchmarks, models[0], settings.prompt)
    tokens = measured or ASSUMED_TOKENS
    engines = dict(_engines(settings, models, devices, tokens))
    return Forecast(
        settings=settings,
        models=tuple(models),
        problems=found,
        draws=together([draws_of(designs[name], number) for name, number in known.items()]),
        sequential=_sequential(n_max, sum(known.values())) if alike else None,
        prompt_tokens=tokens,
        is_measured=measured is not None,
        engines=engines,
        faults=tuple(_faults(engines, settings, devices)),
    )


def summary(found: Forecast) -> str:
    """Write the forecast in one sentence, for the head of a file of models."""
    held = dict.fromkeys(
        f"vLLM holds {engine.sequences} whole sequences of {engine.length:,} tokens at a time"
        for engine in found.engines.values()
    )
    return "; ".join([f"{found.draws.most:,} draws a model", *held])


def _sequential(n_max: int, problems: int) -> Draws | None:
    with suppress(UserError):
        return draws_of(parse_design(f"sequential:{n_max}"), problems)
    return None


def _engines(
    settings: Settings, models: Sequence[str], devices: Devices, prompt_tokens: int
) -> Iterator[tuple[str, EnginePlan]]:
    if settings.sampler == "hf" or not devices.gpus or devices.memory_gib is None:
        return
    engine = settings.engine
    for name in models:
        shape = shapes.find(name)
        if shape is None:
            continue
        needed = prompt_tokens + settings.sampling.max_completion_tokens
        yield (
            name,
            EnginePlan(
                shape=shape,
                memory_gib=devices.memory_gib,
                utilization=engine.gpu_memory_utilization or DEFAULT_UTILIZATION,
                length=engine.max_model_len or min(needed, shape.context or needed),
                split=engine.tensor_parallel_size,
                weight_bytes=_value_bytes(engine.quantization),
                kv_value_bytes=_value_bytes(engine.kv_cache_dtype),
            ),
        )


def _value_bytes(name: str | None) -> float:
    """Return the bytes of a value; two for an unknown type, which is not too little."""
    return 1.0 if name and any(part in name for part in _BYTE_DTYPES) else 2.0


def _faults(engines: dict[str, EnginePlan], settings: Settings, devices: Devices) -> Iterator[str]:
    if devices.gpus and settings.engine.tensor_parallel_size > devices.gpus:
        yield (
            f"engine.tensor_parallel_size: {settings.engine.tensor_parallel_size} GPUs for one "
            f"engine, and there are {devices.gpus}; write at most {devices.gpus}"
        )
    for name, engine in engines.items():
        yield from (f"{name}: {fault}" for fault in engine.faults())
