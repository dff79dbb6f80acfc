"""What `rlvr doctor` reports: what this installation can do, and how to mend what it cannot.

Every finding is tried where trying is cheap (a sandboxed program is run, torchvision imported), and
read from what is installed where it is not. Nothing is changed, and the network is not used.
"""

import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec

from rlvr.core import extras
from rlvr.core.errors import UserError


class State(StrEnum):
    """OK works; NOTE is worth knowing, or an option not installed; FAULT stops something."""

    OK = "ok"
    NOTE = "note"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. `fix` is what to type or to set, where there is something to fix."""

    topic: str
    state: State
    message: str
    fix: str | None = None


def report() -> list[Finding]:
    """Collect all findings, in the order shown. Takes a few seconds because it imports torch."""
    return [check() for check in _CHECKS]


def _python() -> Finding:
    text = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    if (3, 11) <= sys.version_info[:2] < (3, 14):
        return Finding("python", State.OK, text)
    return Finding("python", State.FAULT, text, "make an environment with Python 3.11 to 3.13")


def _packages() -> Finding:
    """Check TRL and transformers; training overrides code that changes between their releases."""
    if wrong := extras.unfit():
        fix = f"install rlvr again in this environment: {extras.install_command('train')}"
        return Finding("packages", State.FAULT, f"expected {', '.join(wrong)}", fix)
    for extra, purpose in (("hf", "sample"), ("train", "train")):
        if missing := extras.missing(extra):
            text = f"{', '.join(missing)} not installed: nothing can {purpose} here"
            return Finding("packages", State.NOTE, text, extras.install_command("train"))
    return Finding("packages", State.OK, "every required package has a version that was tested")


def _torch() -> Finding:
    if find_spec("torch") is None:
        return Finding("torch", State.NOTE, "not installed: no model can be loaded")
    import torch

    if not torch.cuda.is_available():
        built = f"built for CUDA {torch.version.cuda}" if torch.version.cuda else "built for CPU"
        text = f"torch {torch.__version__}, {built}; no GPU, so everything runs on the CPU"
        return Finding("torch", State.OK, text)
    names = [torch.cuda.get_device_name(at) for at in range(torch.cuda.device_count())]
    text = f"torch {torch.__version__}, CUDA {torch.version.cuda}, {len(names)} GPUs: "
    return Finding("torch", State.OK, text + ", ".join(names))


def _torchvision() -> Finding:
    from rlvr.samplers.selection import REMOVE_TORCHVISION, torchvision_fault

    if torchvision_fault() is None:
        there = "works" if find_spec("torchvision") else "is not installed, and not needed"
        return Finding("torchvision", State.OK, f"torchvision {there}")
    text = "torchvision cannot be imported beside this torch, and without it nor can TRL and vLLM"
    return Finding("torchvision", State.FAULT, text, REMOVE_TORCHVISION)


def _sampler() -> Finding:
    if find_spec("torch") is None:
        return Finding("sampler", State.NOTE, "none: every sampler needs torch")
    from rlvr.samplers.selection import choice

    chosen = choice("auto")
    state = State.OK if chosen.name == "vllm" else State.NOTE
    return Finding("sampler", state, f"{chosen.name}: {chosen.reason}")


def _sandbox() -> Finding:
    from rlvr.verifiers.sandbox import isolate

    try:
        isolation = isolate()
    except UserError as error:
        fault, _, fix = str(error).partition("; ")
        return Finding("sandbox", State.FAULT, f"{fault}: no code can be verified", fix)
    if not isolation.is_safe:
        text = "RLVR_UNSAFE_CODE=1: generated programs run with your rights"
        return Finding("sandbox", State.FAULT, text, "install bubblewrap and unset the variable")
    return Finding("sandbox", State.OK, "bubblewrap isolates generated programs")


def _deepspeed() -> Finding:
    found = extras.installed_version("deepspeed")
    if found is None:
        fix = extras.install_command("deepspeed")
        return Finding("deepspeed", State.NOTE, "not installed: no ZeRO-2 or ZeRO-3", fix)
    tools = ("ninja", os.environ.get("CXX", "c++"))
    missing = [tool for tool in tools if shutil.which(tool) is None]
    if missing:
        text = f"deepspeed {found} compiles what it needs and does not find {', '.join(missing)}"
        fix = "pip install ninja; apt-get install g++ (or your system's C++ compiler)"
        return Finding("deepspeed", State.FAULT, text, fix)
    return Finding("deepspeed", State.OK, f"deepspeed {found}, with ninja and a C++ compiler")


def _wandb() -> Finding:
    if find_spec("wandb") is None:
        return Finding("wandb", State.NOTE, "not installed: metrics stay in files")
    mode = os.environ.get("WANDB_MODE")
    if mode == "disabled":
        return Finding("wandb", State.NOTE, "switched off by WANDB_MODE=disabled", "unset it")
    from rlvr.runs.wandb_settings import logged_in

    if mode == "offline" or not logged_in():
        why = "WANDB_MODE=offline" if mode == "offline" else "not logged in"
        text = f"{why}: runs are kept in their folder, and can be sent later with `wandb sync`"
        return Finding("wandb", State.NOTE, text, "wandb login" if mode is None else None)
    return Finding("wandb", State.OK, "logged in: metrics are sent while a run goes on")


def _hub() -> Finding:
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        text = "HF_HUB_OFFLINE is set: only models and data sets in the local cache are found"
        return Finding("hub", State.NOTE, text, "unset HF_HUB_OFFLINE to download others")
    return Finding("hub", State.OK, "models and data sets are downloaded where not in the cache")


_CHECKS: tuple[Callable[[], Finding], ...] = (
    _python,
    _packages,
    _torch,
    _torchvision,
    _sampler,
    _sandbox,
    _deepspeed,
    _wandb,
    _hub,
)
