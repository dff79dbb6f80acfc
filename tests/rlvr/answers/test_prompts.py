"""Prompt templates against the text of Yue et al. 2025 (arXiv 2504.13837), Appendix E."""

import re
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

from rlvr.answers import attempts, prompts, templates
from rlvr.core.errors import UserError
from rlvr.core.records import Problem

SIMPLERL = r"""<|im_start|>system
You are a helpful assistant.<|im_end|>
<|im_start|>user
What is {1, 2} \cup \{3\}?
Please reason step by step, and put your final answer within \boxed{}.<|im_end|>
<|im_start|>assistant
"""
OAT_ZERO = r"""<|im_start|>system
Please reason step by step, and put your final answer within \boxed{}.<|im_end|>
<|im_start|>user
What is {1, 2} \cup \{3\}?<|im_end|>
<|im_start|>assistant
"""
VERL = r"""A conversation between User and Assistant. The user asks a question, and the Assistant solves it. The assistant first thinks about the reasoning process in the mind and then provides the user with the answer. The reasoning process and answer are enclosed within <think> </think> and <answer> </answer> tags, respectively, i.e., <think> reasoning process here </think> <answer> answer here </answer>. User: What is {1, 2} \cup \{3\}?
Assistant:
"""  # noqa: E501
CODE_R1 = r"""<|im_start|>system
You are a helpful programming assistant. The user will ask you a question and you as the assistant solve it. The assistant first thinks how to solve the task through reasoning and then provides the user with the final answer. The reasoning process and answer are enclosed within <think>...</think> and <answer>...</answer> tags, respectively.<|im_end|>
<|im_start|>user
What is {1, 2} \cup \{3\}?<|im_end|>
<|im_start|>assistant
"""  # noqa: E501
EVALPLUS = r"""<|im_start|>system
You are a helpful assistant.<|im_end|>
<|im_start|>user
Please provide a self-contained Python script that solves the following problem in a markdown code block:
```
What is {1, 2} \cup \{3\}?
```
<|im_end|>
<|im_start|>assistant
Below is a Python script with a self-contained function that solves the problem and passes corresponding tests:
```python
"""  # noqa: E501
EASYR1 = r"""<|im_start|>system
You are Qwen, created by Alibaba Cloud. You are a helpful assistant. You FIRST think about the reasoning process as an internal monologue and then provide the final answer. The reasoning process MUST BE enclosed within <think> </think> tags. The final answer MUST BE put in \boxed{}.<|im_end|>
<|im_start|>user
<|vision_start|><|image_pad|><|vision_end|>
What is {1, 2} \cup \{3\}?<|im_end|>
<|im_start|>assistant
"""  # noqa: E501

PROBLEM = Problem("p/1", r"What is {1, 2} \cup \{3\}?", "3", images=("figure.png",))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plain", PROBLEM.question),
        ("qwen-boxed", SIMPLERL),
        ("oat-zero", OAT_ZERO),
        ("verl-think", VERL),
        ("code-r1", CODE_R1),
        ("evalplus", EVALPLUS),
        ("easyr1", EASYR1),
    ],
)
def test_template_is_that_of_the_paper_character_for_character(name: str, expected: str) -> None:
    assert prompts.render(name, PROBLEM) == expected


def test_livecodebench_ends_in_an_opened_code_block_of_the_assistant() -> None:
    prompt = prompts.render("livecodebench", Problem("lcb/1", "### Question:\nAdd.\n\n", {}))
    assert prompt.endswith(
        "<|im_start|>user\n### Question:\nAdd.\n\n<|im_end|>\n<|im_start|>assistant\n```python\n"
    )


def test_a_question_with_the_placeholder_in_it_is_left_as_it_is() -> None:
    question = "Print {question} and {image_token}."
    assert prompts.render("plain", Problem("p/2", question, "")) == question
    assert question in prompts.render("qwen-boxed", Problem("p/2", question, ""))


def test_evalplus_strips_the_task_and_the_others_do_not() -> None:
    problem = Problem("p/3", "\ndef f():\n    pass\n", "")
    assert "```\ndef f():\n    pass\n```\n" in prompts.render("evalplus", problem)
    assert "\n\ndef f():\n    pass\n\nPlease" in prompts.render("qwen-boxed", problem)


def test_unknown_template_lists_those_there_are() -> None:
    with pytest.raises(UserError, match=r"'qwen'.*plain.*qwen-boxed.*chat"):
        prompts.render("qwen", PROBLEM)


def test_easyr1_refuses_a_problem_without_an_image() -> None:
    with pytest.raises(UserError, match=r"p/4 has none"):
        prompts.render("easyr1", Problem("p/4", "Which angle?", "30"))


def test_two_images_get_two_placeholders() -> None:
    prompt = prompts.render("easyr1", Problem("p/5", "Which?", "B", images=("a.png", "b.png")))
    assert prompt.count("<|vision_start|><|image_pad|><|vision_end|>\n") == 2


OUT = "leaves the question out"


def _tokenizer(chat_template: Any) -> PreTrainedTokenizerFast:
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.WordLevel({"a": 0})))
    tokenizer.chat_template = chat_template
    return tokenizer


def test_chat_uses_the_tokenizers_own_template_and_opens_the_models_turn() -> None:
    template = (
        "{% for m in messages %}[{{ m.role }}] {{ m.content }}\n{% endfor %}"
        "{% if add_generation_prompt %}[assistant] {% endif %}"
    )
    prompt = prompts.render("chat", Problem("p/6", "1+1?", "2"), _tokenizer(template))
    assert prompt == "[user] 1+1?\n[assistant] "


OPENED = "{{ bos_token }}{% for m in messages %}[{{ m.role }}] {{ m.content }}{% endfor %}"


def test_a_chat_template_is_named_by_its_text_and_the_special_tokens_in_it() -> None:
    name = prompts.chat_name(_tokenizer(OPENED))
    assert re.fullmatch("chat@[0-9a-f]{8}", name)
    assert prompts.chat_name(_tokenizer(OPENED)) == name
    assert prompts.chat_name(_tokenizer(OPENED + " ")) != name
    begun = _tokenizer(OPENED)
    begun.bos_token = "<s>"
    assert prompts.chat_name(begun) != name
    padded = _tokenizer(OPENED)
    padded.pad_token = "<pad>"  # which trainers set, and this template does not name
    assert prompts.chat_name(padded) == name


def test_only_chat_and_chat_with_a_hash_are_the_models_own_template() -> None:
    assert prompts.is_chat("chat")
    assert prompts.is_chat("chat@0123abcd")
    others = (*(name for name in prompts.NAMES if name != "chat"), "chat@", "chat@me", "chat2")
    assert not any(map(prompts.is_chat, others))
    with pytest.raises(UserError, match="unknown prompt template 'chat@me'"):
        prompts.get("chat@me")


def test_a_chat_template_named_with_its_hash_is_rendered_and_no_other_is() -> None:
    tokenizer, edited = _tokenizer(OPENED), _tokenizer(OPENED + "!")
    name = prompts.chat_name(tokenizer)
    assert prompts.render(name, PROBLEM, tokenizer) == prompts.render("chat", PROBLEM, tokenizer)
    with pytest.raises(UserError, match=f"'{name}' is another chat template.*write prompt: chat"):
        prompts.render(name, PROBLEM, edited)
    assert attempts.cut("four<|im_end|>five", name) == "four"


@pytest.mark.parametrize("tokenizer", [None, _tokenizer(None)])
def test_chat_without_a_chat_template_says_what_to_write_instead(
    tokenizer: PreTrainedTokenizerFast | None,
) -> None:
    with pytest.raises(UserError, match="write prompt: qwen-boxed"):
        prompts.render("chat", PROBLEM, tokenizer)


def test_completion_is_cut_at_the_first_end_marker() -> None:
    text = r"so \boxed{4}<|im_end|>\n<|im_start|>user\nNext: 2+3? \boxed{5}<|endoftext|>"
    assert attempts.cut(text, "qwen-boxed") == r"so \boxed{4}"


def test_an_invented_turn_is_cut_only_under_the_template_that_names_it() -> None:
    text = "<answer>4</answer> User: and 2+3? <answer>5</answer>"
    assert attempts.cut(text, "verl-think") == "<answer>4</answer> "
    assert attempts.cut(text, "qwen-boxed") == text


def test_a_continued_code_block_ends_with_its_fence() -> None:
    assert attempts.cut("x = 1\n```\nThis sets x.", "evalplus") == "x = 1"


def test_source_file_holds_no_character_an_editor_may_change() -> None:
    source = Path(templates.__file__).read_text(encoding="utf-8")
    assert source.isascii()
    assert all(line == line.rstrip() for line in source.splitlines())


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        (
            "{% for m in messages %}{% for p in m.content %}{{ p.text }}{% endfor %}{% endfor %}",
            OUT,
        ),
        ("You are Qwen. {{ messages[0].content[0].text }}", OUT),
        ("{{ messages[0].content + 1 }}", "cannot render this: can only concatenate str"),
        ("{{ raise_exception('roles must alternate') }}", "cannot render this: roles must alt"),
        ("{% for m in messages %", "cannot render this: "),
        ({"rag": "{{ messages[0].content }}", "tools": "x"}, "multiple chat templates"),
    ],
)
def test_chat_template_that_cannot_ask_the_question_is_refused(template: Any, fault: str) -> None:
    with pytest.raises(UserError, match=fault):
        prompts.render("chat", PROBLEM, _tokenizer(template))


def test_chat_template_may_rewrite_the_question() -> None:
    template = "{% for m in messages %}{{ m.content | replace('+', ' plus ') }}{% endfor %}"
    problem = Problem("p/7", "1+1?", "2")
    assert prompts.render("chat", problem, _tokenizer(template)) == "1 plus 1?"
