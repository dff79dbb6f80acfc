"""`rlvr plan`: what a recipe needs, and what would keep it from starting, before it starts."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlvr.cli.options.argument_types import folder, positive, whole

if TYPE_CHECKING:
    from rlvr.planning.hardware import Devices
    from rlvr.planning.plan import TrainingPlan
    from rlvr.recipes.evaluation_section import Evaluation
    from rlvr.recipes.hardware_section import Hardware
    from rlvr.recipes.recipe import Recipe

HELP = "Say what a recipe needs (memory, tokens, disk) and what would keep it from starting."
EXAMPLE = (
    "rlvr plan recipes/qwen2.5-7b/grpo-omni-math.yaml\n"
    "  rlvr plan recipes/qwen2.5-7b/grpo-omni-math.yaml --gpus 4 --gpu-memory 139"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the recipe, its overrides, and the machine to plan for."""
    parser.add_argument("recipe", type=Path, help="training recipe, or file of models to evaluate")
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE", help="replace values in it")
    parser.add_argument(
        "--runs",
        type=folder,
        default=Path("runs"),
        help="folder of run directories (default: runs)",
    )
    parser.add_argument(
        "--gpus", type=whole(1, 100_000), metavar="N", help="GPUs of all machines together"
    )
    parser.add_argument(
        "--gpu-memory",
        type=positive(1e6, "GiB above 0, as in 79"),
        metavar="GIB",
        help="memory of one GPU as torch shows it (79 for a GPU sold with 80 GB)",
    )
    parser.add_argument(
        "--launch", type=Path, metavar="FILE", help="accelerate configuration to plan for"
    )
    parser.add_argument(
        "--prompt-tokens",
        type=whole(1, 10_000_000),
        metavar="N",
        help="tokens of the longest prompt, if problems or tokenizer are not on this machine",
    )
    parser.add_argument(
        "--tokens-per-second",
        type=_rates,
        metavar="S,T",
        help="tokens that all GPUs together sample and train on per second, as `rlvr doctor --run` "
        "prints them; shows the hours",
    )


def run(options: argparse.Namespace) -> int:
    """Print the plan; exit code 1 if the recipe cannot start."""
    from rlvr.core import reading
    from rlvr.core.errors import UserError

    if not options.recipe.is_file():
        raise UserError(f"{options.recipe}: no such recipe file; see recipes/")
    request = Request(
        gpus=options.gpus,
        memory_gib=options.gpu_memory,
        launch=options.launch,
        prompt_tokens=options.prompt_tokens,
        rates=options.tokens_per_second,
    )
    if "models" in reading.yaml_mapping(options.recipe):
        return plan_models(options.recipe, options.overrides, request)
    return plan_recipe(options.recipe, options.overrides, options.runs, request)


@dataclass(frozen=True, slots=True)
class Request:
    """What to plan for; None leaves it to the recipe's `hardware:` or to this machine.

    Attributes:
        is_here: True to plan for this machine alone, whatever the recipe was written for.
        rates: tokens sampled and trained per second.
    """

    gpus: int | None = None
    memory_gib: float | None = None
    launch: Path | None = None
    prompt_tokens: int | None = None
    rates: tuple[float, float] | None = None
    is_here: bool = False


def plan_recipe(path: Path, overrides: Sequence[str], runs: Path, request: Request) -> int:
    """Print the plan of a training; returns the exit code."""
    from rlvr.recipes import partial_recipe
    from rlvr.recipes import recipe as recipes

    raw = recipes.read(path, overrides)
    draft = partial_recipe.read(raw)
    devices, is_elsewhere = _devices(draft.recipe.hardware, request)
    faults = list(_recipe_faults(raw, path, devices if is_elsewhere else None))
    lines: list[str] = []
    if not draft.faults:
        plan = _plan(draft.recipe, devices, request)
        faults += plan.faults
        faults += _unreadable(draft.recipe)
        if not is_elsewhere:
            faults += _faults_of_place(plan, runs)
        lines += _training_lines(plan, request)
        if draft.recipe.evaluation and not draft.recipe.evaluation.contradictions():
            lines += _evaluation_of(draft.recipe, plan, devices, request, faults)
    return _tell(lines, faults)


def plan_models(path: Path, overrides: Sequence[str], request: Request) -> int:
    """Print the plan of an evaluation that a file describes; returns the exit code."""
    from rlvr_eval.plan import models_file

    given = models_file.read(path, overrides)
    hardware = models_file.hardware(path)
    names = [*([given.base] if given.base else []), *given.models]
    return plan_evaluation(path.stem, given.settings, names, hardware, request)


def plan_evaluation(
    title: str,
    settings: "Evaluation",
    models: Sequence[str],
    hardware: "Hardware | None",
    request: Request,
) -> int:
    """Print the plan of an evaluation; returns the exit code."""
    from rlvr.planning.show import described
    from rlvr_eval.draw.forecast import forecast
    from rlvr_eval.draw.forecast_text import evaluation_lines
    from rlvr_eval.plan.named_models_folder import refuse_faulty

    refuse_faulty(settings)
    devices, _ = _devices(hardware, request)
    found = forecast(settings, models, devices, prompt_tokens=request.prompt_tokens)
    lines = [f"{title}: {len(models)} model(s); {described(devices)}", ""]
    return _tell([*lines, *evaluation_lines(found, request.rates)], list(found.faults))


def _devices(hardware: "Hardware | None", request: Request) -> "tuple[Devices, bool]":
    """Return the devices to plan for, and whether they are another machine's."""
    from rlvr.planning.hardware import Devices, read_launch

    asked = (request.gpus, request.memory_gib, request.launch)
    if request.is_here or (hardware is None and asked == (None, None, None)):
        return Devices.here(), False
    devices = Devices.of(hardware) if hardware else Devices.here()
    if request.launch:
        devices = devices.launched_by(read_launch(request.launch))
    if request.gpus:
        devices = replace(devices, gpus=request.gpus, processes=request.gpus)
    if request.memory_gib:
        devices = replace(devices, memory_gib=request.memory_gib)
    return devices, True


def _recipe_faults(raw: dict[str, Any], path: Path, devices: "Devices | None") -> Iterator[str]:
    from rlvr.core.errors import Faults
    from rlvr.training.checks import faults
    from rlvr_eval.estimators import parse_design

    processes = devices.processes if devices else None
    try:
        faults.check(raw, source=str(path), parse_design=parse_design, processes=processes)
    except Faults as found:
        yield from found.faults


def _unreadable(recipe: "Recipe") -> list[str]:
    from rlvr.planning.prompts import unreadable

    faults = [
        f"data.problems: {each}" for each in unreadable(recipe.data.problems, recipe.data.verifier)
    ]
    if recipe.evaluation:
        benchmarks = unreadable(recipe.evaluation.benchmarks, None)
        faults += [f"evaluation.benchmarks: {fault}" for fault in benchmarks]
    return faults


def _plan(recipe: "Recipe", devices: "Devices", request: Request) -> "TrainingPlan":
    from rlvr.planning.plan import plan_training
    from rlvr.planning.prompts import ASSUMED_TOKENS, longest_prompt
    from rlvr.training.checks.settings import planned_values
    from rlvr.training.methods import registry

    data = recipe.data
    measured = request.prompt_tokens or longest_prompt(
        data.problems, recipe.model, data.prompt, verifier=data.verifier
    )
    return plan_training(
        recipe,
        planned_values(recipe, registry.get(recipe.method)),
        devices,
        measured or ASSUMED_TOKENS,
        is_measured=measured is not None,
    )


def _training_lines(plan: "TrainingPlan", request: Request) -> list[str]:
    from rlvr.planning.show import training_lines

    return [*training_lines(plan, request.rates), *(f"note      {note}" for note in plan.notes)]


def _faults_of_place(plan: "TrainingPlan", runs: Path) -> Iterator[str]:
    """Find faults of the run's place: another recipe's run, or too little space."""
    from rlvr.core import disk
    from rlvr.core.errors import UserError
    from rlvr.runs.run_directory import Run

    run = Run(runs / plan.recipe.name)
    try:
        run.refuse_another(plan.recipe)
    except UserError as error:
        yield str(error)
    needed, free = plan.disk.total if plan.disk else None, disk.free(runs)
    if needed and needed > free:
        yield (
            f"disk: checkpoints take {disk.size(needed)}, and {runs} has {disk.size(free)} free; "
            "write checkpoints.keep: N, or name another folder with --runs"
        )


def _evaluation_of(
    recipe: "Recipe",
    plan: "TrainingPlan",
    devices: "Devices",
    request: Request,
    faults: list[str],
) -> list[str]:
    """Describe a recipe's own evaluation, whose models are its base and its checkpoints."""
    from rlvr.core.errors import UserError
    from rlvr_eval.draw.forecast import forecast
    from rlvr_eval.draw.forecast_text import evaluation_lines
    from rlvr_eval.plan.named_models_folder import refuse_faulty

    assert recipe.evaluation is not None
    checkpoints = plan.disk.checkpoints if plan.disk and plan.disk.checkpoints else 1
    base = [recipe.model] if recipe.initialize == "pretrained" else []
    models = [*base, *[recipe.model] * checkpoints]
    try:
        refuse_faulty(recipe.evaluation)
    except UserError:  # told as a fault of the recipe
        return []
    found = forecast(recipe.evaluation, models, devices, prompt_tokens=request.prompt_tokens)
    faults += [f"evaluation: {fault}" for fault in found.faults]
    return ["", *evaluation_lines(found, request.rates)]


def _tell(lines: Sequence[str], faults: Sequence[str]) -> int:
    from rlvr.core.errors import without_logins

    for line in lines:
        print(line)
    if lines:
        print()
    for fault in dict.fromkeys(faults):
        print(f"fault: {without_logins(fault)}")
    print("it cannot start as it is" if faults else "no fault found")
    return int(bool(faults))


def _rates(written: str) -> tuple[float, float]:
    rate = positive(1e12, "tokens per second above 0")
    parts = [rate(part) for part in written.split(",")]
    if len(parts) != 2:
        raise argparse.ArgumentTypeError(f"{written!r:.60}: write two rates, as in 20000,15000")
    return parts[0], parts[1]
