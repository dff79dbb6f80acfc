"""What runs inside vLLM's worker when the weights of a live engine are exchanged.

vLLM builds its worker class with this one mixed in (`worker_extension_cls`), so `self` is vLLM's
worker. Nothing here is called by us directly; the sampler reaches it through `collective_rpc`.
"""

from collections.abc import Callable
from typing import Any


class WeightSwap:
    """Exchanges a worker's weights in place."""

    # vLLM's own; an extension may use what a worker has, but not define it
    model_runner: Any
    reload_weights: Callable[..., None]

    def swap_weights(self, folder: str) -> None:
        """Load the safetensors of `folder` into the live model."""
        self.reload_weights(weights_path=folder)
        self._tie_head_again()

    def _tie_head_again(self) -> None:
        """Point a tied output head at the new embedding.

        On CPU the head's matrix product is prepared from the embedding when a model is first
        loaded and keeps those numbers through a reload, without a word (vLLM 0.32).
        """
        from vllm.model_executor.layers.vocab_parallel_embedding import (
            ParallelLMHead,
            VocabParallelEmbedding,
        )

        if not self.model_runner.model_config.hf_text_config.tie_word_embeddings:
            return
        modules = list(self.model_runner.get_model().modules())
        heads = [module for module in modules if isinstance(module, ParallelLMHead)]
        embeddings = [
            module
            for module in modules
            if isinstance(module, VocabParallelEmbedding) and not isinstance(module, ParallelLMHead)
        ]
        # no head: the model uses its embedding itself, or the head is on another worker
        for head, embedding in zip(heads, embeddings, strict=False):
            head.weight = embedding.weight
            head.quant_method.process_weights_after_loading(head)
