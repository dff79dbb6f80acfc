"""Prompts: the one rendering that training and evaluation share.

A base model and its checkpoints are compared under the same zero-shot prompt: the one used in RL
training, or the benchmark's own (Yue et al. 2025, arXiv 2504.13837, section 3). The texts are in
`rlvr.answers.templates`.

`chat` is not one text but each model's own, which lies in its tokenizer. Two rules keep it as fixed
as the others. A draw key names it by a hash of that text, `chat@1a2b3c4d` (`chat_name`), so that an
edited chat template is another prompt. And all models of one evaluation are asked under the base's
chat template, or each under its own where the base has none (`rlvr_eval.plan.chat`); then curves of
different templates are refused like those of any two prompts. Under a name with its hash no other
template is rendered. What a template looks up at rendering, such as the date, is not in the hash.

This module renders text. It does not tokenize (`rlvr.answers.prompt_tokens` does), and it does not
touch images beyond their placeholders.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from rlvr.answers import prompt_spec
from rlvr.answers.templates import BY_NAME, IMAGE, NAMES, Template
from rlvr.core.errors import UserError
from rlvr.core.hashing import hex_digest
from rlvr.core.records import Problem

__all__ = [
    "NAMES",
    "UNCHANGED",
    "ChatText",
    "canonical",
    "chat_name",
    "chat_part",
    "chat_text",
    "get",
    "is_chat",
    "key_name",
    "render",
]

# A message that no chat template changes.
UNCHANGED = "0x51"

_CHAT = "chat"
_CHAT_WITH_HASH = re.compile(rf"{_CHAT}@[0-9a-f]{{8}}")


class ChatTokenizer(Protocol):
    """The members of a Hugging Face tokenizer that `chat` needs."""

    chat_template: Any

    @property
    def special_tokens_map(self) -> Mapping[str, Any]: ...

    def get_chat_template(self) -> str: ...

    def apply_chat_template(self, conversation: Any, **options: Any) -> Any: ...


class ChatText(str):
    """What a chat template rendered: it holds its special tokens, and none is added to it."""

    __slots__ = ()


def get(name: str) -> Template:
    """Return the template called `name`, or the one that a user's own prompt defines.

    Raises:
        UserError: if there is none; the message lists those there are.
    """
    if prompt_spec.is_own(name):
        return _own(name)
    known = _CHAT if is_chat(name) else name
    if known not in BY_NAME:
        raise UserError(
            f"unknown prompt template '{name}'; write one of: {', '.join(NAMES)}; or a file, or "
            f"text with {prompt_spec.QUESTION} in it"
        )
    return BY_NAME[known]


def _own(prompt: str) -> Template:
    spec = prompt_spec.parse(prompt)
    if spec.name is None:
        return Template(prompt, spec.text or "", answer=spec.answer)
    return replace(
        get(spec.name),
        name=prompt,
        answer=spec.answer if spec.answer != "marked" else get(spec.name).answer,
        system=spec.system,
        chat_template_kwargs=spec.chat_template_kwargs,
    )


def canonical(prompt: Any) -> Any:
    """Return the one string that stands for a prompt as users write it.

    `rlvr.answers.prompt_spec` says how they do.

    Raises:
        UserError: if it is an own prompt that cannot be.
    """
    return prompt_spec.canonical(prompt, NAMES)


def is_chat(name: str) -> bool:
    """Return whether a prompt is a model's chat template: "chat", or "chat@" and its hash."""
    return _CHAT_WITH_HASH.fullmatch(chat_part(name)) is not None or chat_part(name) == _CHAT


def chat_part(name: str) -> str:
    """Return the name of a prompt's template, without the options of an own one."""
    return (prompt_spec.parse(name).name or "") if prompt_spec.is_own(name) else name


def key_name(prompt: str, tokenizer: ChatTokenizer | None) -> str:
    """Return what a draw key says of a prompt: all that decides how it is rendered.

    Args:
        tokenizer: whose chat template is meant, where the prompt is one.
    """
    if tokenizer is None:
        return prompt
    if not prompt_spec.is_own(prompt):
        return chat_name(tokenizer)
    return replace(prompt_spec.parse(prompt), name=chat_name(tokenizer)).written()


def chat_name(tokenizer: ChatTokenizer) -> str:
    """Name a tokenizer's chat template by its hash, "chat@1a2b3c4d".

    Hashed are the template's text and the special tokens that it names, which are filled in.

    Raises:
        UserError: if it has no chat template, or several and no default.
    """
    if not tokenizer.chat_template:
        raise _no_chat_template()
    try:
        text = tokenizer.get_chat_template()
    except ValueError as error:  # several by name, and none of them the default
        raise UserError(f"prompt template 'chat': {error}") from None
    filled_in = {name: str(t) for name, t in tokenizer.special_tokens_map.items() if name in text}
    told = json.dumps([text, filled_in], sort_keys=True)
    return f"{_CHAT}@{hex_digest(told, 4)}"


def render(
    template: str,
    problem: Problem,
    tokenizer: ChatTokenizer | None = None,
    *,
    image_token: str = "<|image_pad|>",
) -> str:
    """Render the prompt for one problem, up to where the model's turn begins.

    Of `chat` it is a ChatText, which `rlvr.answers.prompt_tokens` tokenizes without adding
    anything.

    Args:
        tokenizer: needed by `chat` alone; its chat template renders a single user turn.
        image_token: what stands for an image, Qwen2-VL's by default.

    Raises:
        UserError: unknown template, `chat` without a chat template, with another than it names or
            with one that does not render the question, `easyr1` without an image.
    """
    chosen = get(template)
    if is_chat(template):
        return _render_chat(template, problem, tokenizer)
    question = problem.question.strip() if chosen.strips_question else problem.question
    text = chosen.text
    if IMAGE in text:
        if not problem.images:
            raise UserError(
                f"prompt template '{template}' needs an image, and problem {problem.id} has none; "
                "write prompt: qwen-boxed for problems in words"
            )
        images = "".join(IMAGE.replace("{image_token}", image_token) for _ in problem.images)
        text = text.replace(IMAGE, images)
    # not str.format: templates and questions are full of braces
    before, after = text.split("{question}")
    return before + question + after


def _render_chat(prompt: str, problem: Problem, tokenizer: ChatTokenizer | None) -> ChatText:
    if tokenizer is None or not tokenizer.chat_template:
        raise _no_chat_template()
    template, own = get(prompt), chat_name(tokenizer)
    if (asked := chat_part(prompt)) not in (_CHAT, own):
        raise UserError(
            f"prompt template '{asked}' is another chat template than this model's, which is "
            f"'{own}'; write prompt: chat to use this one"
        )
    _refuse_unread_options(template, tokenizer)
    turns = [{"role": "system", "content": template.system}] if template.system else []
    turns += [{"role": "user", "content": problem.question}]
    options = {**template.chat_template_kwargs, "add_generation_prompt": True}
    text = chat_text(tokenizer, turns, **options)
    if problem.question.strip() not in text and not _asks(tokenizer):
        raise UserError(
            "prompt template 'chat': the model's chat template leaves the question out (it may "
            "expect a message in parts); write prompt: qwen-boxed, or correct the template"
        )
    if template.system and template.system.strip() not in text:
        raise UserError(
            "prompt.system: the model's chat template leaves the system prompt out; write it "
            "into the question's text, or correct the template"
        )
    return ChatText(text)


def _refuse_unread_options(template: Template, tokenizer: ChatTokenizer) -> None:
    """Refuse options that a chat template does not read, such as misspelt ones."""
    text = tokenizer.get_chat_template() if template.chat_template_kwargs else ""
    for name in template.chat_template_kwargs:
        if re.search(rf"\b{re.escape(name)}\b", text) is None:
            raise UserError(
                f"prompt.chat_template_kwargs.{name}: the model's chat template reads no such "
                "option; correct the name or remove it"
            )


def chat_text(tokenizer: ChatTokenizer, turns: list[dict[str, str]], **options: Any) -> str:
    """Apply a tokenizer's chat template to a conversation.

    Raises:
        UserError: if the template cannot render it.
    """
    from jinja2 import TemplateError

    try:
        return str(tokenizer.apply_chat_template(turns, tokenize=False, **options))
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        raise UserError(f"the model's chat template cannot render this: {error}") from None


def _asks(tokenizer: ChatTokenizer) -> bool:
    """Return whether a plain question gets into the prompt."""
    return UNCHANGED in chat_text(tokenizer, [{"role": "user", "content": UNCHANGED}])


def _no_chat_template() -> UserError:
    return UserError(
        "prompt template 'chat' needs a tokenizer with a chat template, and this model has none; "
        f"write prompt: qwen-boxed (or another of {', '.join(n for n in NAMES if n != _CHAT)})"
    )
