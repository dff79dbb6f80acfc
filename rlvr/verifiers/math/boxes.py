r"""The answers that a completion marks: several boxes of one sentence or display are one answer.

    k = \boxed{45}, n = \boxed{2}                "k = 45, n = 2"
    \boxed{(2,2)} and \boxed{(6,2)}              "(2,2), (6,2)"
    \left(\boxed{1}, \boxed{2}\right)            "(1, 2)"
    \boxed{3}. Wait, that is wrong: \boxed{5}    "5"

The last box counts, and with it each box before it from which nothing but separators parts it: a
comma, a semicolon, a slash, a line break or column of a display, "and", "or", "or maybe", and next
to these an enumerator such as "(b)", a label such as "n =" and spacing. Any other word or sign, a
full stop and mere white space end the answer, so that a corrected box or the result of a
calculation stands alone. "\boxed{3}\) or \(\boxed{5}" is a list of two answers, not a choice left
to the grader.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from rlvr.answers.marked_answer import Box, boxes_from_last, last_tagged, unwrap

_LABEL = r"(?:\\?[A-Za-z]+(?:_(?:\w|\{\w+\}))?(?:\([a-z]\))?)"
_WORD = (
    r"(?:(?:and|or)(?: (?:also|else|even|maybe|perhaps|possibly|alternatively|equivalently))?"
    r"|alternatively|as well as|respectively)"
)
_IN_TEXT = rf"\\(?:text|textbf|textrm|mathrm|mbox)\s*\{{[\s,;]*{_WORD}?[\s,;]*\}}"
_NO_MEANING = r"(?:\s|~|\$|\*\*|\\[()\[\],:;! ]|\\q?quad\b|\\displaystyle\b|\^\{?\\circ\}?|\\?%)"
_JOINT = rf"(?:,|;|/|&|\\\\|\\(?:land|lor|wedge|vee)\b|\b{_WORD}\b|{_IN_TEXT})"
_ENUMERATOR = r"(?:\(?(?:[a-h]|[ivx]{1,4}|\d)\))"
_GAP = re.compile(
    rf"{_NO_MEANING}*+(?:{_JOINT}{_NO_MEANING}*+)++{_ENUMERATOR}?{_NO_MEANING}*+"
    rf"(?:({_LABEL}){_NO_MEANING}*+&?=&?{_NO_MEANING}*+)?"
)
_LONGEST_GAP = 80
_BEFORE = 40
_FIRST_LABEL = re.compile(
    rf"(?:^|[\s$(\[,;:&])(?<!=)(?<!= )({_LABEL})\s*&?=&?\s*(?:\\[\[(]|\$*)\s*$"
)
_OPENED = re.compile(r"(\\\{|[(\[])\s*$")
_CLOSED = re.compile(r"\s*(?:\\right)?\s*(\\\}|[)\]])")
_CLOSING = {"(": (")", "]"), "[": (")", "]"), "\\{": ("\\}",)}


class Marked(NamedTuple):
    """What a completion marks.

    Attributes:
        answer: all of it, as one text.
        parts: the contents of its boxes, in order; one where there is one box or a tag without.
    """

    answer: str
    parts: tuple[str, ...]


def marked(text: str) -> Marked | None:
    """Return the answer that a text marks, without dollar signs around it; None if there is none.

    Inside answer tags, boxes narrow the answer further.
    """
    tagged = last_tagged(text)
    where = text if tagged is None else tagged
    boxes = boxes_from_last(where)
    last = next(boxes, None)
    if last is not None:
        return _last_group(where, last, boxes)
    bare = unwrap(tagged or "")
    return Marked(bare, (bare,)) if bare else None


def _last_group(text: str, last: Box, before: Iterator[Box]) -> Marked | None:
    start, end, content = last
    contents, labels = [content], list[str | None]()
    for box_start, box_end, box_content in before:
        gap = _gap(text[box_end:start])
        if gap is None:
            break
        start = box_start
        labels.insert(0, gap[1])
        contents.insert(0, box_content)
    if not labels:
        part = unwrap(content)
        return Marked(part, (part,)) if part else None
    parts = tuple(map(unwrap, contents))
    if not all(parts):
        return Marked(parts[-1], parts[-1:]) if parts[-1] else None
    first = _FIRST_LABEL.search(text[max(0, start - _BEFORE) : start])
    labels.insert(0, first[1] if first else None)
    if all(labels):
        named = zip(labels, parts, strict=True)
        return Marked(", ".join(f"{label} = {part}" for label, part in named), parts)
    return Marked(_in_brackets(text, start, end, ", ".join(parts)), parts)


def _gap(between: str) -> re.Match[str] | None:
    return _GAP.fullmatch(between) if 0 < len(between) <= _LONGEST_GAP else None


def _in_brackets(text: str, start: int, end: int, joined: str) -> str:
    r"""Join a point or set whose elements are boxed one by one: (\boxed{1}, \boxed{2})."""
    opened = _OPENED.search(text[max(0, start - _BEFORE) : start])
    closed = _CLOSED.match(text, end)
    if opened and closed and closed[1] in _CLOSING[opened[1]]:
        return opened[1] + joined + closed[1]
    return joined
