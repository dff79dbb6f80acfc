"""The dimensions of a model, from its config.json alone, and what follows from them.

Models that the shipped recipes name are in a table, so that a recipe can be planned where there is
neither a network nor a cache. Its values are those of the models' config.json on the Hub.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rlvr.core import reading
from rlvr.core.errors import UserError
from rlvr.weights import models

# decoder-only transformers with SwiGLU and grouped-query attention: one arithmetic for all of them
_WITH_BIAS = ("qwen2",)
_WITH_HEAD_NORMS = ("qwen3",)
_DENSE = ("llama", "mistral", "qwen2", "qwen3")


@dataclass(frozen=True, slots=True)
class ModelShape:
    """A dense decoder-only transformer.

    Attributes:
        context: tokens that it takes; None where its files do not say.
        is_tied: True if embedding and output head are one matrix.
        has_bias: True if the projections to queries, keys and values have biases.
        has_head_norms: True if queries and keys are normalized in every head.
    """

    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_size: int
    intermediate: int
    vocabulary: int
    context: int | None = None
    is_tied: bool = False
    has_bias: bool = False
    has_head_norms: bool = False

    @property
    def queries(self) -> int:
        """Width of all queries together."""
        return self.heads * self.head_size

    @property
    def keys(self) -> int:
        """Width of all keys together, and of all values."""
        return self.kv_heads * self.head_size

    @property
    def matrices(self) -> dict[str, tuple[int, int]]:
        """Inputs and outputs of each linear layer of a block, by its name."""
        return {
            "q_proj": (self.hidden, self.queries),
            "k_proj": (self.hidden, self.keys),
            "v_proj": (self.hidden, self.keys),
            "o_proj": (self.queries, self.hidden),
            "gate_proj": (self.hidden, self.intermediate),
            "up_proj": (self.hidden, self.intermediate),
            "down_proj": (self.intermediate, self.hidden),
        }

    @property
    def embedding(self) -> int:
        """Parameters of the embedding, or of the head."""
        return self.vocabulary * self.hidden

    @property
    def backbone(self) -> int:
        """Parameters without the output head."""
        biases = self.queries + 2 * self.keys if self.has_bias else 0
        norms = 2 * self.hidden + (2 * self.head_size if self.has_head_norms else 0)
        block = sum(a * b for a, b in self.matrices.values()) + biases + norms
        return self.embedding + self.layers * block + self.hidden

    @property
    def parameters(self) -> int:
        """All parameters."""
        return self.backbone + (0 if self.is_tied else self.embedding)

    def kv_bytes(self, value_bytes: int) -> int:
        """Count the bytes of one token's keys and values in all layers."""
        return 2 * self.layers * self.keys * value_bytes


_QWEN_7B = ModelShape(3584, 28, 28, 4, 128, 18_944, 152_064, 131_072, has_bias=True)
_QWEN_14B = ModelShape(5120, 48, 40, 8, 128, 13_824, 152_064, 131_072, has_bias=True)
_QWEN_32B = ModelShape(5120, 64, 40, 8, 128, 27_648, 152_064, 131_072, has_bias=True)
_QWEN_MATH_7B = replace(_QWEN_7B, context=4096)
_LLAMA_8B = ModelShape(4096, 32, 32, 8, 128, 14_336, 128_256, 131_072)
# huggingface.co/<name>/raw/main/config.json; the dimensions of Qwen2.5 are also in table 1 of its
# report (arXiv:2412.15115), those of Llama 3.1 in table 3 of arXiv:2407.21783. Models that were
# trained from others have their dimensions.
KNOWN: Mapping[str, ModelShape] = {
    "Qwen/Qwen2.5-0.5B": ModelShape(
        896, 24, 14, 2, 64, 4864, 151_936, 32_768, is_tied=True, has_bias=True
    ),
    "Qwen/Qwen2.5-1.5B": ModelShape(
        1536, 28, 12, 2, 128, 8960, 151_936, 131_072, is_tied=True, has_bias=True
    ),
    "Qwen/Qwen2.5-7B": _QWEN_7B,
    "hkust-nlp/Qwen-2.5-7B-SimpleRL-Zoo": _QWEN_7B,
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B": _QWEN_7B,
    "Qwen/Qwen2.5-7B-Instruct-1M": replace(_QWEN_7B, context=1_010_000),
    "ganler/CodeR1-Zero-Qwen2.5-7B-12k-832": replace(_QWEN_7B, context=1_010_000),
    "Qwen/Qwen2.5-Math-7B": _QWEN_MATH_7B,
    "Qwen/Qwen2.5-Math-7B-Instruct": _QWEN_MATH_7B,
    "sail/Qwen2.5-Math-7B-Oat-Zero": _QWEN_MATH_7B,
    "open-r1/Qwen2.5-Math-7B-RoPE-300k": replace(_QWEN_7B, context=32_768),
    "Qwen/Qwen2.5-14B": _QWEN_14B,
    "hkust-nlp/Qwen-2.5-14B-SimpleRL-Zoo": _QWEN_14B,
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-14B": _QWEN_14B,
    "agentica-org/DeepCoder-14B-Preview": _QWEN_14B,
    "Qwen/Qwen2.5-32B": _QWEN_32B,
    "hkust-nlp/Qwen-2.5-32B-SimpleRL-Zoo": _QWEN_32B,
    "BytedTsinghua-SIA/DAPO-Qwen-32B": _QWEN_32B,
    "meta-llama/Llama-3.1-8B": _LLAMA_8B,
    "hkust-nlp/Llama-3.1-8B-SimpleRL-Zoo": _LLAMA_8B,
}


def find(name: str, revision: str | None = None) -> ModelShape | None:
    """Find a model's shape by name; None if its configuration is not here or not supported.

    Nothing is downloaded: a configuration is read from a folder or from the Hub's cache.
    """
    name, _, written = name.partition("@")
    path = _configuration(name, revision or written or None)
    if path is None:
        return KNOWN.get(name)
    try:
        return of_config(reading.json_object_file(path))
    except UserError:
        return None


def of_config(config: Mapping[str, Any]) -> ModelShape | None:
    """Read the shape from a config.json; None for architectures other than dense decoders."""
    if config.get("model_type") not in _DENSE:
        return None
    try:
        heads = int(config["num_attention_heads"])
        return ModelShape(
            hidden=int(config["hidden_size"]),
            layers=int(config["num_hidden_layers"]),
            heads=heads,
            kv_heads=int(config.get("num_key_value_heads") or heads),
            head_size=int(config.get("head_dim") or config["hidden_size"] // heads),
            intermediate=int(config["intermediate_size"]),
            vocabulary=int(config["vocab_size"]),
            context=config.get("max_position_embeddings"),
            is_tied=bool(config.get("tie_word_embeddings", False)),
            has_bias=config["model_type"] in _WITH_BIAS or bool(config.get("attention_bias")),
            has_head_norms=config["model_type"] in _WITH_HEAD_NORMS,
        )
    except (KeyError, TypeError, ValueError):
        return None


def _configuration(name: str, revision: str | None) -> Path | None:
    """Find the config.json of a model, or of the base of an adapter, on this machine."""
    if name.startswith("embedded:"):
        name = str(models.resolve(name))
    folder = Path(name)
    if not folder.is_dir():
        return _cached(name, revision)
    if (adapter := folder / "adapter_config.json").is_file():
        base = reading.json_object_file(adapter).get("base_model_name_or_path")
        return _configuration(base, None) if base and base != name else None
    path = folder / "config.json"
    return path if path.is_file() else None


def _cached(name: str, revision: str | None) -> Path | None:
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        found = try_to_load_from_cache(name, "config.json", revision=revision)
    except HFValidationError:
        return None
    return Path(found) if isinstance(found, str) else None
