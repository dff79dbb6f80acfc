"""The embedded model's tokenizer and architecture: what `base/` holds besides the weights.

Every number 0..99, operator and mark is one word and one token, so a plan of three steps is 18
tokens with its end. The architecture is Llama's with tied embeddings, at 0.9 M parameters, so every
engine serves it. (Not Qwen2's: transformers loads any tokenizer beside that as Qwen2's own.)
`python -m rlvr.tiny.model` writes the configuration and the tokenizer; `recipes/quickstart/
pretrain.yaml` trains the weights.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from rlvr.tiny.countdown import LARGEST_RESULT

if TYPE_CHECKING:
    from transformers import LlamaConfig, PreTrainedTokenizerFast

BASE = Path(__file__).parent / "base"
PAD, END = "<pad>", "<end>"
WORDS = (PAD, END, "->", ":", ";", "=", "+", "-", "*", "/", *map(str, range(LARGEST_RESULT + 1)))
CONTEXT_LENGTH = 64


def tokenizer() -> "PreTrainedTokenizerFast":
    """Build a word-level tokenizer: it needs no white space and decodes with single spaces."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = {word: index for index, word in enumerate(WORDS)}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token=PAD))
    words.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.WhitespaceSplit(),
            pre_tokenizers.Split(Regex(r"\d+|->|[-+*/=;:]"), "isolated"),
        ]
    )
    # this decoder puts a space before every word that does not begin with its prefix; none does
    words.decoder = decoders.WordPiece(prefix="##", cleanup=False)
    return PreTrainedTokenizerFast(
        tokenizer_object=words,
        pad_token=PAD,
        eos_token=END,
        model_max_length=CONTEXT_LENGTH,
        clean_up_tokenization_spaces=False,
    )


def config() -> "LlamaConfig":
    """Configure four layers of width 128; heads of 32 are the smallest that vLLM serves on CPU."""
    from transformers import LlamaConfig

    return LlamaConfig(
        vocab_size=len(WORDS),
        hidden_size=128,
        intermediate_size=384,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=CONTEXT_LENGTH,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=WORDS.index(END),
        pad_token_id=WORDS.index(PAD),
        architectures=["LlamaForCausalLM"],
        dtype="float32",
    )


def main() -> None:
    """Write configuration and tokenizer into `base/`."""
    tokenizer().save_pretrained(BASE)
    config().save_pretrained(BASE)


if __name__ == "__main__":
    main()
