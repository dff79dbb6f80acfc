r"""A user's own prompt: text, a file, or a chat template with a system prompt and options.

    prompt: "Question: {question}\nAnswer:"          text; {question} marks the question's place
    prompt: prompts/mine.txt                         the same in a file
    prompt: {name: chat, system: Be brief., chat_template_kwargs: {enable_thinking: false}}
    prompt: {text: "..", answer: line}               the answer is the last line "Answer: x"

Everywhere else a prompt is one string, and an own prompt's is this definition as JSON with the text
in place of the file. So the recipe of a run and the draw key hold all that was rendered.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, cast, get_args

from rlvr.core import reading
from rlvr.core.errors import UserError
from rlvr.core.hashing import hex_digest

QUESTION = "{question}"
CHAT = "chat"

AnswerMark = Literal["marked", "line"]

_SUFFIXES = (".txt", ".md", ".prompt", ".jinja", ".j2")
_KEYS = ("name", "text", "file", "system", "chat_template_kwargs", "answer")
_RESERVED = (
    "add_generation_prompt",
    "chat_template",
    "continue_final_message",
    "conversation",
    "messages",
    "return_tensors",
    "tokenize",
)
_DIGEST_BYTES = 4


@dataclass(frozen=True)
class PromptSpec:
    """An own prompt, taken apart.

    Attributes:
        name: of a registered template, or of a chat template; None where there is text.
        text: the template itself, with one `{question}`.
        system: the system message of a chat template.
        chat_template_kwargs: what a chat template is rendered with besides the messages.
        answer: `line` where the answer is the last line "Answer: x", and not a box or a tag.
    """

    name: str | None = None
    text: str | None = None
    system: str | None = None
    chat_template_kwargs: Mapping[str, Any] = field(default_factory=dict)
    answer: AnswerMark = "marked"

    def written(self) -> str:
        """Write the specification as the one string that stands for it."""
        parts = {
            "name": self.name,
            "text": self.text,
            "system": self.system,
            "chat_template_kwargs": dict(self.chat_template_kwargs) or None,
            "answer": None if self.answer == "marked" else self.answer,
        }
        given = {key: value for key, value in parts.items() if value is not None}
        return json.dumps(given, sort_keys=True, ensure_ascii=False)


def is_own(prompt: str) -> bool:
    """Return whether a prompt's string is a definition, and not the name of a template."""
    return prompt.startswith('{"')


@lru_cache(maxsize=64)
def parse(prompt: str) -> PromptSpec:
    """Read what `canonical` wrote.

    Raises:
        UserError: if it is something else.
    """
    try:
        return _checked(reading.json_object(prompt))
    except reading.NotReadable as fault:
        raise UserError(f"prompt {prompt:.60}: {fault}") from None


def canonical(value: Any, names: tuple[str, ...]) -> Any:
    """Return the one string that stands for a prompt as a recipe or a command writes it.

    What is neither a definition nor text nor a file is returned as it is: a template's name.

    Args:
        names: of registered templates, which go before files of the same name.

    Raises:
        UserError: if a file cannot be read, a text has no `{question}`, or a key is wrong.
    """
    if isinstance(value, Mapping):
        return _checked(value).written()
    if not isinstance(value, str) or value in names:
        return value
    if is_own(value) and not _is_text_in_braces(value):
        return parse(value).written()
    if QUESTION in value:
        return _checked({"text": value}).written()
    if value.endswith(_SUFFIXES) or Path(value).is_file():
        return _checked({"file": value}).written()
    if any(letter.isspace() for letter in value.strip()):
        raise UserError(f"the text {value!r:.60} has no {QUESTION}, so it would ask nothing")
    return value


def _is_text_in_braces(value: str) -> bool:
    """Return whether text that begins like a definition is a template that asks for JSON."""
    try:
        return QUESTION in value and not reading.json_object(value).keys() <= set(_KEYS)
    except reading.NotReadable:
        return QUESTION in value


def shown(prompt: str) -> str:
    """Return a prompt's short name for people: an own text by its hash, `text@1a2b3c4d`."""
    if not is_own(prompt):
        return prompt
    spec = parse(prompt)
    digest = hex_digest(prompt, _DIGEST_BYTES)
    kind = (spec.name or "text").partition("@")[0]
    return f"{kind}@{digest}"


def _checked(values: Mapping[str, Any]) -> PromptSpec:
    if unknown := [key for key in values if key not in _KEYS]:
        raise UserError(f"prompt: unknown key '{unknown[0]}'; known keys: {', '.join(_KEYS)}")
    for key in ("name", "text", "file", "system", "answer"):
        if values.get(key) is not None and not isinstance(values[key], str):
            raise UserError(f"prompt.{key}: expected text, found {values[key]!r:.60}")
    text = _text(values)
    options = values.get("chat_template_kwargs") or {}
    name = values.get("name") or (None if text is not None else CHAT)
    if text is not None and values.get("name"):
        raise UserError("prompt: give one of name, text and file")
    is_chat = name is not None and name.partition("@")[0] == CHAT
    if not is_chat and (values.get("system") or options):
        key = "system" if values.get("system") else "chat_template_kwargs"
        raise UserError(f"prompt.{key} needs name: chat; write a system prompt into the text")
    answer = _answer(values.get("answer") or "marked")
    return PromptSpec(name, text, values.get("system") or None, _options(options), answer)


def _answer(written: str) -> AnswerMark:
    for known in get_args(AnswerMark):
        if written == known:
            return cast(AnswerMark, known)
    raise UserError(f"prompt.answer: there is no '{written}'; write line or marked")


def _text(values: Mapping[str, Any]) -> str | None:
    text, file = values.get("text"), values.get("file")
    if text is not None and file is not None:
        raise UserError("prompt: give one of name, text and file")
    if file is not None:
        path = Path(file)
        if not path.is_file():
            raise UserError(f"prompt file {file}: no such file, seen from {Path.cwd()}")
        text = reading.text(path)
    if text is None:
        return None
    if (count := text.count(QUESTION)) != 1:
        place = f"the file {file}" if file is not None else f"the text {text!r:.60}"
        raise UserError(f"{place} has {QUESTION} {count} times; write it once, where it belongs")
    return str(text)


def _options(options: Any) -> Mapping[str, Any]:
    if not isinstance(options, Mapping):
        raise UserError(f"prompt.chat_template_kwargs: expected a mapping, found {options!r:.60}")
    for key, value in options.items():
        if not isinstance(key, str) or key in _RESERVED:
            raise UserError(f"prompt.chat_template_kwargs.{key} cannot be set; remove it")
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError):
            raise UserError(
                f"prompt.chat_template_kwargs.{key}: {value!r:.60} is not a JSON value"
            ) from None
    return dict(options)
