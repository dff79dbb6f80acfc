"""TRL's trainers that can sample with vLLM, imported without importing vLLM.

Where vLLM is installed, TRL imports it with these trainers whether a run samples with it or not:
400 modules, a third of the time that a training needs to start.
"""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager

from trl import import_utils


@contextmanager
def _as_if_vllm_were_missing() -> Iterator[None]:
    is_available = import_utils.is_vllm_available
    import_utils.is_vllm_available = lambda min_version=None: False
    try:
        yield
    finally:
        import_utils.is_vllm_available = is_available


with _as_if_vllm_were_missing():
    from trl import DistillationTrainer, GRPOTrainer
    from trl.generation import vllm_client, vllm_generation

__all__ = ["DistillationTrainer", "GRPOTrainer", "import_vllm"]


def import_vllm() -> None:
    """Import vLLM into TRL's modules, before a trainer that samples with it is made.

    Reloading fills the modules that the trainers' classes already refer to. Without it TRL refuses
    `use_vllm` as if vLLM were not installed.
    """
    trainers_class = vllm_generation.VLLMGeneration
    importlib.reload(vllm_client)
    importlib.reload(vllm_generation)
    # one class, whoever imported it before
    vllm_generation.VLLMGeneration = trainers_class
