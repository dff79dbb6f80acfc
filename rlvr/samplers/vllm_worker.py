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
        model = self.model_runner.get_model()
        model = getattr(model, "language_model", model)
        if not getattr(model.config, "tie_word_embeddings", False):
            return
        head, embedding = model.lm_head, model.model.embed_tokens
        if head is embedding:
            return
        head.weight = embedding.weight
        head.quant_method.process_weights_after_loading(head)
