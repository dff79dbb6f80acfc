"""Models with random weights for trial runs: real shapes, nothing to download.

The shapes are those of the Qwen2.5 family (its config.json on the Hub), in Llama's architecture,
which every engine serves. The tokenizer is the embedded model's: a random model writes random
tokens, so its vocabulary need not cover the head.
"""

from dataclasses import dataclass
from pathlib import Path

from rlvr.core.errors import UserError


@dataclass(frozen=True, slots=True)
class Shape:
    """The dimensions of a decoder-only transformer.

    Attributes:
        needs_gib: memory for a full fine-tuning step with AdamW in float32, rounded up; 18 bytes a
            parameter, and the head's logits for a few thousand tokens.
    """

    hidden: int
    layers: int
    heads: int
    kv_heads: int
    intermediate: int
    vocabulary: int
    needs_gib: int


SHAPES = {
    "tiny": Shape(64, 2, 2, 2, 128, 110, 1),
    "0.5b": Shape(896, 24, 14, 2, 4864, 151_936, 16),
    "1.5b": Shape(1536, 28, 12, 2, 8960, 151_936, 40),
    "7b": Shape(3584, 28, 28, 4, 18_944, 152_064, 160),
}


def fitting(memory_gib: float | None) -> str:
    """Name the largest shape up to 1.5b that fits, `tiny` without a GPU (None)."""
    if memory_gib is None:
        return "tiny"
    return next((n for n in ("1.5b", "0.5b") if SHAPES[n].needs_gib <= memory_gib), "tiny")


def check(shape: str) -> None:
    """Refuse a shape that there is not.

    Raises:
        UserError: naming those there are.
    """
    if shape not in SHAPES:
        raise UserError(f"no model size '{shape}'; write one of: {', '.join(SHAPES)}")


def create(shape: str, folder: Path, *, seed: int, context_tokens: int) -> None:
    """Write a random model of the shape and the embedded tokenizer into `folder`.

    Raises:
        UserError: as `check`.
    """
    check(shape)
    import torch
    from transformers import AutoModelForCausalLM, LlamaConfig

    from rlvr.tiny.model import END, PAD, WORDS, tokenizer

    wanted = SHAPES[shape]
    config = LlamaConfig(
        vocab_size=wanted.vocabulary,
        hidden_size=wanted.hidden,
        intermediate_size=wanted.intermediate,
        num_hidden_layers=wanted.layers,
        num_attention_heads=wanted.heads,
        num_key_value_heads=wanted.kv_heads,
        max_position_embeddings=context_tokens,
        tie_word_embeddings=shape != "7b",
        bos_token_id=None,
        eos_token_id=WORDS.index(END),
        pad_token_id=WORDS.index(PAD),
    )
    torch.manual_seed(seed)
    dtype = torch.bfloat16 if torch.cuda.is_available() else torch.float32
    device = "cuda" if torch.cuda.is_available() else "cpu"
    with torch.device(device):
        model = AutoModelForCausalLM.from_config(config, dtype=dtype)
    model.save_pretrained(folder)
    words = tokenizer()
    words.model_max_length = context_tokens
    words.save_pretrained(folder)


def parameters(folder: Path) -> int:
    """Count the parameters of a model folder from its safetensors headers."""
    from math import prod

    from rlvr.weights.tensors import headers

    return sum(prod(header.shape) for header in headers(folder).values())
