"""Chat renderings get no special token that they do not hold; any other prompt begins once."""

from typing import Any

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from rlvr.answers import prompts
from rlvr.answers.prompt_tokens import prompt_ids
from rlvr.core.records import Problem
from tests.rlvr import demanding
from tests.rlvr.demanding import ids

PROBLEM = Problem("p/1", "w3 w4", "")


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return demanding.tokenizer()


def test_a_chat_prompt_is_what_the_template_says_itself(tokenizer: Any) -> None:
    rendered = prompts.render("chat", PROBLEM, tokenizer)
    assert prompt_ids(tokenizer, [rendered]) == [ids("<s> <turn> w3 w4 </s> <turn>")]
    turns = [{"role": "user", "content": PROBLEM.question}]
    own = tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=True)
    assert prompt_ids(tokenizer, [rendered]) == [own["input_ids"]]


def test_a_chat_template_without_a_beginning_gets_none(tokenizer: Any) -> None:
    bare = demanding.tokenizer()
    bare.chat_template = demanding.CHAT_TEMPLATE.removeprefix("{{ bos_token }}")
    rendered = prompts.render(prompts.chat_name(bare), PROBLEM, bare)
    assert prompt_ids(bare, [rendered]) == [ids("<turn> w3 w4 </s> <turn>")]


@pytest.mark.parametrize("text", ["w3 w4", "<s> w3 w4"])
def test_any_other_prompt_begins_once(tokenizer: Any, text: str) -> None:
    plain = prompts.render("plain", Problem("p/2", text, ""))
    assert prompt_ids(tokenizer, [plain]) == [ids("<s> w3 w4")]


def test_prompts_of_both_kinds_keep_their_order_and_their_rule(tokenizer: Any) -> None:
    chat = prompts.render("chat", PROBLEM, tokenizer)
    found = prompt_ids(tokenizer, ["w1", chat, "<s> w2", "<s> <s> w2"])
    assert found == [
        ids("<s> w1"),
        ids("<s> <turn> w3 w4 </s> <turn>"),
        ids("<s> w2"),
        ids("<s> <s> w2"),
    ]
    assert prompt_ids(tokenizer, []) == []


@pytest.mark.parametrize(
    ("single", "begin"),
    [
        ("<s> $A </s>", "<s>"),
        ("$A </s>", ""),
        ("</s> $A </s>", "</s>"),
        ("<s> <turn> $A", "<s> <turn>"),
    ],
)
@pytest.mark.parametrize("text", ["w3 w4", "w3 </s>", ""])
def test_nothing_is_put_behind_a_prompt(single: str, begin: str, text: str) -> None:
    """A model cannot go on behind an end of sequence that its tokenizer appends."""
    appending = demanding.tokenizer()
    special = [(word, demanding.VOCABULARY.index(word)) for word in ("<s>", "</s>", "<turn>")]
    appending.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single=single, special_tokens=special
    )
    assert prompt_ids(appending, [text]) == [ids(f"{begin} {text}")]
    assert prompt_ids(appending, [f"{begin} w1"]) == [ids(f"{begin} w1")]
    assert prompt_ids(appending, [prompts.ChatText("<s> w1")]) == [ids("<s> w1")]


def test_tokenizer_that_knows_few_words_begins_its_prompts_too() -> None:
    words = Tokenizer(models.WordLevel({"<s>": 0, "w1": 1}))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    words.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", 0)]
    )
    few = PreTrainedTokenizerFast(tokenizer_object=words, bos_token="<s>")
    assert prompt_ids(few, ["w1", "<s> w1 w1"]) == [[0, 1], [0, 1, 1]]
