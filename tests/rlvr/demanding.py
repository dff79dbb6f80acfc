"""A tiny model that asks for much.

It has a beginning-of-sequence token, a chat template, a short context, and a generation_config.json
full of penalties.

Its numbers are random, but large enough that every token depends on those before it.
"""

import json
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy import stats
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import (
    AutoModelForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

PAD, BEGIN, END, TURN = "<pad>", "<s>", "</s>", "<turn>"
VOCABULARY = (PAD, BEGIN, END, TURN, *(f"w{at}" for at in range(20)))
CONTEXT = 32
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for turn in messages %}<turn> {{ turn.content }} </s> {% endfor %}<turn>"
)
# each of them changes what `generate` draws
DEMANDS: dict[str, Any] = {
    "repetition_penalty": 1.8,
    "no_repeat_ngram_size": 1,
    "min_new_tokens": 3,
    "suppress_tokens": [5],
    "begin_suppress_tokens": [6],
    "bad_words_ids": [[7]],
    "forced_eos_token_id": 2,
    "exponential_decay_length_penalty": [1, 3.0],
    "sequence_bias": [[[8], 4.0]],
    "guidance_scale": 1.5,
    "watermarking_config": {"greenlist_ratio": 0.25, "bias": 5.0},
    "typical_p": 0.5,
    "top_h": 0.4,
    "min_p": 0.3,
    "epsilon_cutoff": 0.2,
    "temperature": 0.3,
    "top_k": 2,
    "max_new_tokens": 4,
    "num_beams": 3,
    "num_return_sequences": 2,
    "penalty_alpha": 0.6,
    "dola_layers": "low",
    "stop_strings": ["w9"],
    "max_time": 0.001,
    "return_dict_in_generate": True,
    "do_sample": True,
}


def ids(text: str) -> list[int]:
    """Token ids of words that stand apart."""
    return [VOCABULARY.index(word) for word in text.split()]


def save(folder: Path, demands: dict[str, Any] | None = None) -> Path:
    """Write the model, asking for everything unless told for what."""
    torch.manual_seed(11)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(VOCABULARY),
            hidden_size=64,
            intermediate_size=96,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=2,
            max_position_embeddings=CONTEXT,
            initializer_range=0.2,
            bos_token_id=1,
            eos_token_id=2,
            pad_token_id=0,
            dtype="float32",
        )
    )
    model.save_pretrained(folder)
    tokenizer().save_pretrained(folder)
    wanted = DEMANDS if demands is None else demands
    file = folder / "generation_config.json"
    file.write_text(json.dumps({**wanted, "eos_token_id": 2, "pad_token_id": 0}))
    return folder


def tokenizer() -> PreTrainedTokenizerFast:
    """One token a word; puts the beginning-of-sequence token before every text, as Llama's does."""
    words = Tokenizer(models.WordLevel({word: at for at, word in enumerate(VOCABULARY)}, PAD))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    words.decoder = decoders.WordPiece(prefix="##", cleanup=False)
    words.post_processor = processors.TemplateProcessing(
        single=f"{BEGIN} $A", special_tokens=[(BEGIN, 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=words,
        bos_token=BEGIN,
        eos_token=END,
        pad_token=PAD,
        additional_special_tokens=[TURN],
        chat_template=CHAT_TEMPLATE,
        model_max_length=10**30,
    )


def logprobs(folder: Path, prompt: list[int]) -> dict[tuple[int, ...], float]:
    """Of every completion of at most two tokens, by one forward pass over all beginnings."""
    network = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    tokens = range(len(VOCABULARY))
    with torch.inference_mode():
        steps = network(torch.tensor([[*prompt, token] for token in tokens])).logits[:, -2:]
    first, second = torch.log_softmax(steps, -1).unbind(1)
    end = VOCABULARY.index(END)
    pairs = {(a, b): float(first[a, a] + second[a, b]) for a, b in product(tokens, tokens)}
    longer = {pair: value for pair, value in pairs.items() if pair[0] != end}
    return longer | {(end,): float(first[end, end])}


def chance(counts: Mapping[tuple[int, ...], int], logprobs: dict[tuple[int, ...], float]) -> float:
    """Chance that draws from these probabilities are at least as uneven (chi-square)."""
    draws = sum(counts.values())
    expected = {pair: draws * np.exp(value) for pair, value in logprobs.items()}
    often = [pair for pair, number in expected.items() if number >= 5]
    assert len(often) > 50
    observed = [counts.get(pair, 0) for pair in often]
    wanted = [expected[pair] for pair in often]
    observed.append(draws - sum(observed))
    wanted.append(draws - sum(wanted))
    return float(stats.chisquare(observed, wanted).pvalue)
