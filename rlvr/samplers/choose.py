"""Which sampler draws, and with how many processes."""

import os
from importlib.util import find_spec
from typing import Literal

from rlvr.errors import UserError
from rlvr.samplers.base import Sampler

Name = Literal["auto", "hf", "vllm"]


def sampler(name: Name = "auto") -> Sampler:
    """A sampler by name, with no weights loaded; `auto` is transformers until vLLM is asked for."""
    from rlvr.samplers.hf import HFSampler

    return HFSampler()


def processes(chosen: Sampler) -> int:
    """Processes that sample at once on this machine: one per core for transformers on CPU."""
    import torch

    on_cpu = chosen.identity.startswith("hf/") and not torch.cuda.is_available()
    return os.cpu_count() or 1 if on_cpu else 1
