"""What a format is, and what several of them share: prompts, messages, golds and verdicts."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rlvr.core.hashing import hex_digest
from rlvr.core.records import Outcome
from rlvr_eval.imports.options import Options
from rlvr_eval.imports.rows import Fault, Faults, Row
from rlvr_eval.imports.samples import Sample
from rlvr_eval.imports.scores import outcome


@dataclass(frozen=True)
class Format:
    """How one tool writes outcomes.

    Attributes:
        has: whether a row is one of this tool's, by its columns.
        samples: the samples of a row.
        endings: of the files that `read` opens; the other files are tables.
        read: rows of a file that is no table; None where all are tables.
        one_row_each: whether a row holds all of a problem, so that a second one is a repeat.
        filtered: why a share of correct completions would be no model's; "" where it is one's.
    """

    name: str
    has: Callable[[Mapping[str, Any]], bool]
    samples: Callable[[Row, Options], Iterator[Sample]]
    endings: tuple[str, ...] = ()
    read: Callable[[Path, Faults], Iterable[Row]] | None = None
    one_row_each: bool = False
    filtered: str = ""


def columns(*names: str) -> Callable[[Mapping[str, Any]], bool]:
    """Return a test whether a row has all of these columns."""
    return lambda values: all(name in values for name in names)


def prompt_id(prompt: Any) -> str:
    """Return an id for a problem that has none: a digest of its prompt.

    Raises:
        Fault: if there is no prompt.
    """
    if prompt in (None, "", []):
        raise Fault("an empty prompt, and no id of the problem")
    told = prompt if isinstance(prompt, str) else json.dumps(prompt, sort_keys=True, default=str)
    return hex_digest(told, 8, domain="prompt")


def words(messages: Any, role: str = "assistant") -> str:
    """Return what a role says in a text or a list of chat messages.

    Raises:
        Fault: if it is neither.
    """
    if isinstance(messages, str):
        return messages
    if isinstance(messages, Mapping):
        messages = [messages]
    if not isinstance(messages, Sequence) or isinstance(messages, bytes):
        raise Fault(f"{messages!r:.40}; expected text or a list of messages")
    said = []
    for message in messages:
        if not isinstance(message, Mapping) or "role" not in message:
            raise Fault(f"message {message!r:.40}; expected an object with role and content")
        if message["role"] == role:
            said.append(_content(message.get("content")))
    return "\n\n".join(said)


def question(prompt: Any) -> str:
    """Return a prompt as people read it: the user's messages, or all of the text."""
    return words(prompt, "user")


def gold(value: Any) -> Any:
    """Return an answer to verify against: the only one of a list, and none where it is empty."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return None if value in ("", [], {}) else value


def verdict(
    values: Mapping[str, Any], candidates: Sequence[str], options: Options
) -> Outcome | None:
    """Return the outcome by the column that `--metric` names, or the only candidate there is.

    Raises:
        Fault: if several columns could be meant, or the score says nothing certain.
    """
    if options.metric is not None:
        if options.metric not in values:
            raise Fault(f"no {options.metric}, which --metric names; it has {', '.join(values)}")
        return outcome(values[options.metric], options.correct_above)
    there = [name for name in candidates if values.get(name) is not None]
    if len(there) > 1:
        raise Fault(f"which of them is the verdict? give --metric, one of: {', '.join(there)}")
    return outcome(values[there[0]], options.correct_above) if there else None


def _content(content: Any) -> str:
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, Iterable):
        parts = [part for part in content if isinstance(part, Mapping)]
        return "".join(part["text"] for part in parts if isinstance(part.get("text"), str))
    raise Fault(f"message content {content!r:.40}; expected text")
