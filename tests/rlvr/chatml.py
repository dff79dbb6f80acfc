"""A ChatML base model that says what it is told: its tokenizer, and weights that follow a script.

The tokenizer is Qwen2.5 base's in small: a token for every byte, `<|im_start|>` and `<|im_end|>`
for turns, and another token, `<|endoftext|>`, as the end of sequence. The model is a GPT-2 whose
next token depends on the position alone, so that a script decides what it says, in every engine:
completions are written down for prompts of different lengths.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from rlvr.answers import prompts
from rlvr.core.records import Problem

END, TURN, TURN_END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
CONTEXT = 1024
GOLD = "42"
BUDGET = 80


@dataclass(frozen=True)
class Said:
    """What a model says under a template, and the one verdict on it.

    Attributes:
        text: its special tokens are spelled out; `as_text` says that they are no such tokens.
    """

    text: str
    verdict: str
    template: str = "qwen-boxed"
    as_text: bool = False

    def ids(self, tokenizer: PreTrainedTokenizerFast) -> list[int]:
        """Its tokens, up to the budget."""
        found = tokenizer(
            self.text, add_special_tokens=False, split_special_tokens=self.as_text
        ).input_ids
        return list(found)[:BUDGET]


_NEXT = f"\n{TURN}user\nAnd 1+1?{TURN_END}\n{TURN}assistant\n"

SAID = {
    "a right answer, then an invented turn": Said(
        rf"Six times seven is \boxed{{42}}.{TURN_END}{_NEXT}\boxed{{2}}{TURN_END}{END}", "correct"
    ),
    "no end within the budget": Said("and so on " * BUDGET, "truncated"),
    "a wrong answer, then an invented turn with the right one": Said(
        rf"It is \boxed{{41}}.{TURN_END}{_NEXT}\boxed{{42}}{TURN_END}{END}", "wrong"
    ),
    "the answer in the invented turn alone": Said(
        rf"I give up.{TURN_END}{_NEXT}\boxed{{42}}{END}", "no_answer"
    ),
    "a turn that begins where none was ended": Said(
        rf"\boxed{{42}}{_NEXT}\boxed{{2}}{END}", "correct"
    ),
    "its own end": Said(rf"\boxed{{42}}{END}", "correct"),
    "the end of its turn as the last token of the budget": Said(
        "No idea.".ljust(BUDGET - 1, ".") + TURN_END, "no_answer"
    ),
    "an answer whose invented turns fill the budget": Said(
        f"No idea.{TURN_END}{_NEXT}" + "and " * BUDGET, "no_answer"
    ),
    "an end marker that is written with other tokens": Said(
        rf"\boxed{{42}}{TURN_END} \boxed{{2}}", "correct", as_text=True
    ),
    "the word User: in the middle of its reasoning": Said(
        f"<think>what the User: said</think><answer>42</answer>{END}", "correct", "verl-think"
    ),
    "an invented user behind the answer": Said(
        f"<answer>42</answer> User: and 1+1? <answer>2</answer>{END}", "correct", "verl-think"
    ),
    "an invented user at the start of a line": Said(
        f"hm\nUser: 6*7?\n<answer>42</answer>{END}", "no_answer", "verl-think"
    ),
}


def tokenizer() -> PreTrainedTokenizerFast:
    """A token for every byte and three special ones."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    inner = Tokenizer(models.BPE({letter: at for at, letter in enumerate(letters)}, []))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    inner.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(
        tokenizer_object=inner,
        eos_token=END,
        pad_token=END,
        additional_special_tokens=[TURN, TURN_END],
        clean_up_tokenization_spaces=False,
        model_max_length=CONTEXT,
    )


ROWS = [said for said in SAID.values() if said.template == "qwen-boxed"]


@dataclass(frozen=True)
class Scripted:
    """A model that says ROWS[i] to problem i of a file.

    Attributes:
        problems: for benchmark gsm8k, asked under prompt qwen-boxed.
    """

    model: Path
    problems: Path

    @property
    def source(self) -> dict[str, str]:
        """The problems as a recipe names them."""
        return {"name": "gsm8k", "path": str(self.problems)}


def scripted(folder: Path) -> Scripted:
    """Make both in a folder; each problem's prompt is longer than the last by a whole budget."""
    words = tokenizer()

    def length(question: str) -> int:
        prompt = prompts.render("qwen-boxed", Problem("p", question, ""))
        return len(words(prompt).input_ids)

    questions = ["6*7?".ljust(4 + BUDGET * at, ".") for at in range(len(ROWS))]
    rows = [{"question": question, "answer": f"#### {GOLD}"} for question in questions]
    problems = folder / "problems.jsonl"
    problems.write_text("".join(json.dumps(row) + "\n" for row in rows))
    answered = zip(questions, ROWS, strict=True)
    scripts = {length(question): said.ids(words) for question, said in answered}
    return Scripted(save_model(folder / "scripted", scripts), problems)


def save_model(folder: Path, scripts: Mapping[int, list[int]]) -> Path:
    """A model that answers a prompt of so many tokens with these tokens, then with its end.

    Raises:
        AssertionError: if a prompt would reach into another's completion.
    """
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    words = tokenizer()
    next_token = torch.full((CONTEXT,), int(words.eos_token_id))
    taken = set[int]()
    for length, ids in scripts.items():
        # the token at position p is decided by the state at position p - 1
        places = range(length - 1, length - 1 + len(ids))
        assert not taken & set(places), "two scripts overlap"
        taken |= set(places)
        next_token[list(places)] = torch.tensor(ids)
    config = GPT2Config(
        vocab_size=len(words),
        n_positions=CONTEXT,
        n_embd=CONTEXT,
        n_layer=1,
        n_head=32,
        n_inner=8,
        tie_word_embeddings=False,
        bos_token_id=None,
        eos_token_id=words.eos_token_id,
    )
    model = GPT2LMHeadModel(config)
    with torch.no_grad():
        for parameter in model.transformer.parameters():
            parameter.zero_()
        model.transformer.ln_f.weight.fill_(1)
        model.transformer.wpe.weight.copy_(torch.eye(CONTEXT))
        model.lm_head.weight.zero_()
        model.lm_head.weight[next_token, torch.arange(CONTEXT)] = 2.0
    model.save_pretrained(folder)
    words.save_pretrained(folder)
    return folder
